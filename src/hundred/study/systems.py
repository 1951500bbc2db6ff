"""The systems of the published study, and the accuracy published for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hundred.errors import UsageError, nearest
from hundred.runs.directory import check_name

CIFAR100 = "cifar100"  # the name of the data that published figures are of


@dataclass(frozen=True)
class System:
    """One system: the name of its recipe, and the published accuracy, `low` to `high`, as fractions.

    Both are None where nothing was published. The study used the test images as validation images: its
    figures are validation accuracies, the best of all epochs, and so flatter a little.
    """

    recipe: str
    low: float | None = None
    high: float | None = None
    note: str = ""

    @property
    def published(self) -> str:
        """As text: `57%`, `35–37%`, or a dash."""
        if self.low is None or self.high is None:
            return "–"
        return f"{self.low:.0%}" if self.low == self.high else f"{100 * self.low:.0f}–{self.high:.0%}"


SYSTEMS: tuple[System, ...] = (
    System("initial", 0.35, 0.37, "a ceiling, while training accuracy reached 89 %"),
    System("intermediate", 0.47, 0.47),
    System("school", 0.57, 0.57, "after 46 epochs"),
    System("school-revisited", 0.64, 0.64, "in under 40 minutes on a data-centre GPU"),
    System("simple", 0.50, 0.50, "with layer sizes that were not published; ours differ"),
    System("simple-revisited", 0.57, 0.57, "with layer sizes that were not published; ours differ"),
    System("resnet50", note="the published baseline is that with ImageNet weights"),
    System("resnet50-imagenet", 0.72, 0.72, "with ImageNet weights; 2 hours on an A100"),
)
NAMES = tuple(system.recipe for system in SYSTEMS)


def system_of(recipe: str) -> System:
    """The system whose recipe has this name."""
    return next(system for system in SYSTEMS if system.recipe == recipe)


def chosen(only: Sequence[str]) -> list[System]:
    """The systems named in `only`, in the study's order; all where it is empty.

    Raises UsageError for a name that is none, with the nearest one.
    """
    for name in only:
        if name not in NAMES:
            raise UsageError(
                f"--only {name}: no system of the study{nearest(name, NAMES)}\nthere are {', '.join(NAMES)}"
            )
    return [system for system in SYSTEMS if not only or system.recipe in only]


def study_folder(runs: str | Path, name: str | None, *, quick: bool) -> Path:
    """Where the study called `name` (`full` or `quick` by default) has its runs. Raises UsageError for a name
    that no folder can have."""
    folder = f"study-{name or ('quick' if quick else 'full')}"
    check_name(folder)
    return Path(runs) / folder
