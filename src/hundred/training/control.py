"""What a callback may do to a run: read and set the base learning rate, change weights, ask for the end."""

from dataclasses import dataclass

from torch import nn

from hundred.training.events import Stopped


@dataclass
class Control:
    """Handed to each callback after each epoch, and once at the end.

    network: the network under training, as it is evaluated (with an average of weights, the averaged one).
    learning_rate: the base rate, before the schedule's factor; assign it to change it from the next step on.
    stopped: True once the end was asked for; `reason` (one of `Stopped.REASONS`) and `detail` say why.
    """

    network: nn.Module
    learning_rate: float
    stopped: bool = False
    reason: str = ""
    detail: str = ""

    def stop(self, reason: str, detail: str = "") -> None:
        """Ask for the end of training after this epoch. The first who asks is the one reported.

        A `reason` outside `Stopped.REASONS` (a person's own words) is reported as "callback: <the words>".
        """
        if self.stopped:
            return
        if reason not in Stopped.REASONS:
            reason, detail = "callback", f"{reason}: {detail}" if detail else reason
        self.stopped, self.reason, self.detail = True, reason, detail
