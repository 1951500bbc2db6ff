"""The parts of a plot of the page: SVG paths, and labels in percent of the plot's box.

The box is 1000 x 1000 units, stretched to the width of the page; lines keep their width
(`vector-effect: non-scaling-stroke`) and labels are HTML, placed in percent, so that text keeps its size.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.ticker import MaxNLocator

BOX = 1000


@dataclass(frozen=True)
class Tick:
    """A label at `place`, percent from the left or from the top."""

    place: float
    text: str


@dataclass(frozen=True)
class Line:
    """A curve: its SVG path, its name, its CSS classes, and its values for the readout (one per x)."""

    name: str
    path: str
    css: str
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class Mark:
    """A vertical line at `place` percent from the left."""

    place: float
    css: str
    text: str


@dataclass(frozen=True)
class Dot:
    """A point at percent from the left and from the top. interval: percent from the top, upper end first."""

    left: float
    top: float
    css: str
    text: str = ""
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Plot:
    """A plot of lines over a shared x axis.

    key: which quantity. form: how the readout prints values: `percent`, `decimal` or `rate`.
    xs: the x values for the readout, with their places in percent.
    """

    key: str
    title: str
    form: str
    lines: tuple[Line, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    marks: tuple[Mark, ...] = ()
    dots: tuple[Dot, ...] = ()
    xs: tuple[float, ...] = ()
    x_places: tuple[float, ...] = ()

    @property
    def for_script(self) -> list[dict[str, object]]:
        """The lines' names and values for the readout."""
        return [{"name": line.name, "values": line.values} for line in self.lines]


@dataclass(frozen=True)
class Scale:
    """Values from `low` to `high` as 0 to 1, linearly or by their logarithm."""

    low: float
    high: float
    logarithmic: bool = False

    def place(self, value: float) -> float:
        """The place of `value`, 0 at `low` and 1 at `high`; values beyond them are clipped."""
        low, high = self.low, self.high
        if self.logarithmic:
            value, low, high = math.log(max(value, 1e-300)), math.log(low), math.log(high)
        return min(1.0, max(0.0, (value - low) / (high - low))) if high > low else 0.5

    def ticks(self, count: int = 5) -> list[float]:
        """Round values inside, about `count` of them."""
        if self.logarithmic:
            decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            values = [10.0**power for power in decades]
            return [value for value in values if self.low * 0.999 <= value <= self.high * 1.001] or [
                self.high
            ]
        found = MaxNLocator(count, steps=[1, 2, 2.5, 5, 10]).tick_values(self.low, self.high)
        return [float(value) for value in found if self.low - 1e-12 <= value <= self.high + 1e-12]


def svg_path(places: Sequence[tuple[float, float] | None]) -> str:
    """An SVG path through the places (0..1, y upwards), broken where there is none."""
    parts: list[str] = []
    before: tuple[float, float] | None = None
    for place in places:
        if place is not None:
            x, y = BOX * place[0], BOX * (1 - place[1])
            if before is None:
                # A lone point needs a length to be seen, with round line caps.
                parts.append(f"M{x:.1f} {y:.1f}h.1")
            else:
                parts.append(f"L{x:.1f} {y:.1f}")
            before = (x, y)
        else:
            before = None
    return "".join(parts)
