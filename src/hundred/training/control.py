"""What a callback may do to a run: change the learning rate or the weights, and stop it."""

from dataclasses import dataclass

from torch import nn

from hundred.training.events import Stopped


@dataclass
class Control:
    """Handed to each callback after each epoch, and once at the end.

    network: the network under training, as it is evaluated (with an average of weights, the averaged one).
    learning_rate: the base rate, before the schedule's factor; assign it to change it from the next step on.
    stopped: True once a stop was requested; `reason` (one of `Stopped.REASONS`) and `detail` say why.
    """

    network: nn.Module
    learning_rate: float
    stopped: bool = False
    reason: str = ""
    detail: str = ""

    def stop(self, reason: str, detail: str = "") -> None:
        """Stop training after this epoch. Only the first reason is reported.

        A `reason` outside `Stopped.REASONS` (a user's own) is reported as "callback: <reason>".
        """
        if self.stopped:
            return
        if reason not in Stopped.REASONS:
            reason, detail = "callback", f"{reason}: {detail}" if detail else reason
        self.stopped, self.reason, self.detail = True, reason, detail
