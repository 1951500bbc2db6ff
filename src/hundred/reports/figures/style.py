"""The one style of every figure: sizes, colours, marks and how a figure becomes a file.

Colours are those of Okabe and Ito (2008, "Color Universal Design"), distinguishable under the common forms of
colour blindness. Figures are made through the object API with the Agg canvas, so that no global pyplot
state, display or window is involved.
"""

import functools
import io
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font

from hundred.errors import UsageError
from hundred.files import write_with

ORANGE, SKY, GREEN, YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
BLUE, VERMILLION, PURPLE, BLACK = "#0072B2", "#D55E00", "#CC79A7", "#222222"
INK, MUTED, RULE, FAINT = "#222222", "#666666", "#BBBBBB", "#EBEBEB"

# What was trained on and what was held out have the same colours everywhere.
TRAINING, VALIDATION, TEST = ORANGE, BLUE, GREEN

# In this order for runs on shared axes: the first two are the pair that differs most in hue and lightness.
RUN_COLOURS = (BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY, BLACK, "#8C6D31")

# 144 dots per inch make a point (1/72 inch) two pixels: a 32-pixel image drawn 48 points wide is enlarged
# exactly three times, so its pixels stay square.
DPI = 144
POINTS_PER_INCH = 72

RC: dict[Any, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 8.5,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.titlecolor": INK,
    "axes.labelsize": 8.5,
    "axes.labelcolor": INK,
    "axes.edgecolor": RULE,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.8,
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "lines.linewidth": 1.7,
    "lines.solid_capstyle": "round",
    "text.color": INK,
    "text.parse_math": False,  # a run may be named `$1`
    "legend.frameon": False,
    "legend.fontsize": 8,
    "legend.handlelength": 1.8,
    "figure.dpi": DPI,
    "savefig.dpi": DPI,
    "svg.hashsalt": "hundred",
    "path.simplify": True,
}

# Superclasses of one kind share a hue and differ in lightness: eight hues are all that stay distinct under
# colour blindness, and figures print the superclass beside the colour.
_FAMILIES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (BLUE, ("aquatic_mammals", "fish")),
    (GREEN, ("flowers", "fruit_and_vegetables", "trees")),
    (YELLOW, ("food_containers", "household_electrical_devices", "household_furniture")),
    (PURPLE, ("insects", "non-insect_invertebrates", "reptiles")),
    (
        ORANGE,
        ("large_carnivores", "large_omnivores_and_herbivores", "medium_mammals", "small_mammals"),
    ),
    (SKY, ("large_man-made_outdoor_things", "large_natural_outdoor_scenes")),
    (VERMILLION, ("people",)),
    ("#4D4D4D", ("vehicles_1", "vehicles_2")),
)

# CSS variables that stand for colours in figures inside a page.
_THEMED = {
    INK: "ink", MUTED: "quiet", RULE: "rule", FAINT: "faint", "#FFFFFF": "page", BLUE: "blue",
    VERMILLION: "vermillion", GREEN: "green", ORANGE: "orange", PURPLE: "purple", SKY: "sky",
}  # fmt: skip

P = ParamSpec("P")


@dataclass(frozen=True)
class Provenance:
    """The data and protocol of a run's figures, printed on each figure that is not of an ordinary run.

    data: `cifar100` or `sample`. protocol: `holdout`, `full` or `test-as-validation`.
    """

    data: str = "cifar100"
    protocol: str = "holdout"

    def marks(self) -> tuple[str, ...]:
        """The labels printed beside the figures; empty for real data under `holdout` or `full`."""
        marks = []
        if self.data == "sample":
            marks.append("sample set")
        if self.protocol == "test-as-validation":
            marks.append("test set used as validation")
        return tuple(marks)


REAL = Provenance()


class _ShownFigure(Figure):
    """A figure that a notebook shows as a picture, with or without matplotlib's own integration."""

    def _repr_png_(self) -> bytes:
        return as_bytes(self, "png")


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Run `draw` under the style, leaving the caller's matplotlib settings unchanged."""

    @functools.wraps(draw)
    def inner(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with mpl.rc_context(RC):
            return draw(*args, **kwargs)

    return inner


def new_figure(
    width: float, height: float, title: str, provenance: Provenance = REAL, note: str = ""
) -> Figure:
    """A figure of `width` x `height` points with its title at the top left and its marks at the top right.

    `note` is a quieter line under the title. Together they take the uppermost 40 points (28 without a note).
    """
    size = (width / POINTS_PER_INCH, height / POINTS_PER_INCH)
    figure = _ShownFigure(figsize=size, dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    if note:
        figure.text(12 / width, 1 - 25 / height, note, fontsize=8, color=MUTED, va="top", ha="left")
    right = width - 14
    for mark in reversed(provenance.marks()):
        figure.text(
            right / width,
            1 - 10 / height,
            mark,
            fontsize=7.5,
            color="#8A3B00",
            va="top",
            ha="right",
            bbox={
                "boxstyle": "round,pad=0.35",
                "facecolor": "#FDF1E3",
                "edgecolor": VERMILLION,
                "linewidth": 0.8,
            },
        )
        right -= text_width(mark, 7.5) + 14
    title = shortened(title, 12.5, right - 12)  # bold is about this much wider
    figure.text(12 / width, 1 - 9 / height, title, fontsize=11, fontweight="bold", va="top", ha="left")
    return figure


def add_axes(figure: Figure, left: float, top: float, width: float, height: float, **kwargs: Any) -> Axes:
    """Axes whose box is given in points from the upper left corner: exact, and quicker than a layout."""
    full_width, full_height = (side * POINTS_PER_INCH for side in figure.get_size_inches())
    box = (left / full_width, 1 - (top + height) / full_height, width / full_width, height / full_height)
    return figure.add_axes(box, **kwargs)


def board(figure: Figure) -> Axes:
    """Axes over the whole figure whose units are points from the upper left corner, for drawn layouts."""
    width, height = (side * POINTS_PER_INCH for side in figure.get_size_inches())
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    axes.set_autoscale_on(False)
    return axes


def text_width(text: str, size: float) -> float:
    """How wide `text` is in points at font size `size`, without drawing it."""
    return size * sum(_advance(character) for character in text)


@functools.cache
def _advance(character: str) -> float:
    """The advance of a character at font size 1, in points."""
    font = get_font(findfont("DejaVu Sans"))
    if not font.get_char_index(ord(character)):
        return 0.6  # the box drawn in its place
    font.set_size(100, POINTS_PER_INCH)
    return font.load_char(ord(character)).linearHoriAdvance / 65536 / 100


def shortened(text: str, size: float, width: float) -> str:
    """`text`, cut with an ellipsis where it would be wider than `width` points at font size `size`."""
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "…", size) > width:
        text = text[:-1]
    return text.rstrip() + "…"


def wrapped(text: str, size: float, width: float) -> list[str]:
    """`text` broken between words into lines of at most `width` points at font size `size`."""
    lines: list[str] = []
    for word in text.split():
        if lines and text_width(f"{lines[-1]} {word}", size) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return [shortened(line, size, width) for line in lines]


def lighter(colour: str, amount: float) -> str:
    """`colour` mixed with white: 0 leaves it, 1 is white."""
    red, green, blue = to_rgb(colour)
    return to_hex((red + (1 - red) * amount, green + (1 - green) * amount, blue + (1 - blue) * amount))


def run_colour(index: int) -> str:
    """The colour of the run with this number (from 0) on shared axes; lighter from the ninth on."""
    round_number, place = divmod(index, len(RUN_COLOURS))
    return lighter(RUN_COLOURS[place], min(0.75, 0.45 * round_number))


def superclass_colours(names: Sequence[str]) -> dict[str, str]:
    """A colour for each superclass name; other names than CIFAR-100's take the palette in turn."""
    known = {
        name: lighter(hue, 0.7 * index / max(3, len(members)))
        for hue, members in _FAMILIES
        for index, name in enumerate(members)
    }
    colours = {}
    for index, name in enumerate(names):
        key = name.replace(" ", "_").replace("-", "_")
        matching = {known_name.replace("-", "_"): colour for known_name, colour in known.items()}
        colours[name] = matching.get(key, RUN_COLOURS[index % len(RUN_COLOURS)])
    return colours


def as_bytes(figure: Figure, kind: str) -> bytes:
    """`figure` as the bytes of a `png` or `svg` file."""
    buffer = io.BytesIO()
    _render(figure, buffer, kind)
    return buffer.getvalue()


def as_inline_svg(figure: Figure) -> str:
    """`figure` as an `<svg>` element for a page, whose inks and main colours follow the page's theme.

    They are CSS variables (`--ink`, `--quiet`, `--rule`, `--page`, `--blue`, ...) with the light theme's
    colours as fallbacks.
    """
    text = as_bytes(figure, "svg").decode("utf-8")
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :].strip(), flags=re.DOTALL)
    # Inside HTML an svg element needs no namespaces.
    text = re.sub(r' xmlns(:\w+)?="[^"]*"', "", text).replace(" xlink:href=", " href=")
    for colour, variable in _THEMED.items():
        text = text.replace(colour.lower(), f"var(--{variable}, {colour.lower()})")
    return text


def save(figure: Figure, path: Path | str) -> Path:
    """Write `figure` whole as PNG or SVG, by the suffix of `path`, and return the path.

    Raises UsageError for another suffix.
    """
    path = Path(path)
    kind = path.suffix.lower().removeprefix(".")
    if kind not in ("png", "svg"):
        raise UsageError(f"cannot draw {path.name!r}: a picture's name ends in .png or .svg")
    write_with(path, lambda temporary: _render(figure, temporary, kind))
    return path


def _render(figure: Figure, target: Path | io.BytesIO, kind: str) -> None:
    # Without a date or a version in them, the same figures make the same bytes.
    metadata = {"Software": None} if kind == "png" else {"Date": None, "Creator": None}
    extra: dict[str, Any] = {"pil_kwargs": {"compress_level": 5}} if kind == "png" else {}
    with mpl.rc_context(RC), warnings.catch_warnings():
        # A run may have a name in a script that the font lacks: it is drawn as boxes.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(target, format=kind, metadata=metadata, **extra)
