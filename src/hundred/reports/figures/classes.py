"""Errors by class and by superclass, and gains and losses between two runs."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import PercentFormatter

from hundred.formatting import plural, points, readable
from hundred.reports.figures.style import (
    BLUE,
    FAINT,
    INK,
    MUTED,
    REAL,
    RULE,
    VERMILLION,
    Provenance,
    add_axes,
    board,
    lighter,
    new_figure,
    shortened,
    styled,
    superclass_colours,
)

_ROW = 10.6
_MOST = 120


@styled
def draw_class_errors(table: pd.DataFrame, *, title: str = "", provenance: Provenance = REAL) -> Figure:
    """A bar for each fine class, hardest first, coloured by superclass and with the superclass named.

    table: columns class, error (a fraction; NaN where a class has no images, drawn last), and superclass,
    where there are any. Of more than 120 classes the hardest are drawn.
    """
    ranked = table.sort_values("error", ascending=False, na_position="last").reset_index(drop=True)
    note = f"mean {ranked['error'].mean():.1%}"
    if len(ranked) > _MOST:
        note = f"the {_MOST} hardest of {len(ranked):,} classes · {note}"
        ranked = ranked.head(_MOST)
    title = title or f"Test error by {'fine class' if 'superclass' in ranked else 'class'}"
    if "superclass" in ranked:
        note += " · colour and small print: superclass"
    else:
        ranked = ranked.assign(superclass="")
    half = (len(ranked) + 1) // 2
    width, top = 640.0, 58.0
    figure = new_figure(width, top + 14 + half * _ROW + 14, title, provenance, note)
    axes = board(figure)
    longest = max(0.05, float(np.nanmax(ranked["error"]))) if len(ranked) else 1.0
    colours = superclass_colours(sorted(set(ranked["superclass"])))
    for number, part in enumerate((ranked[:half], ranked[half:])):
        _error_column(axes, part, left=12 + number * 316, top=top, longest=longest, colours=colours)
    return figure


def _error_column(
    axes: Axes, rows: pd.DataFrame, *, left: float, top: float, longest: float, colours: dict[str, str]
) -> None:
    names, room = left + 78, 104.0
    bars = []
    for number, row in enumerate(rows.itertuples()):
        y = top + number * _ROW
        error = float(row.error)  # type: ignore[arg-type]
        superclass = str(row.superclass)
        name = shortened(readable(str(row[1 + list(rows.columns).index("class")])), 7, 76)
        axes.text(names - 4, y + _ROW / 2, name, fontsize=7, va="center", ha="right")
        length = 0.0 if np.isnan(error) else room * error / longest
        bars.append(
            Rectangle((names, y + 1.2), length, _ROW - 2.4, facecolor=colours[superclass], linewidth=0)
        )
        value = "no images" if np.isnan(error) else f"{error:.0%}"
        axes.text(names + length + 3, y + _ROW / 2, value, fontsize=6.6, va="center")
        small = shortened(readable(superclass), 5.6, 98)
        axes.text(left + 304, y + _ROW / 2, small, fontsize=5.6, va="center", ha="right", color=MUTED)
    axes.add_collection(PatchCollection(bars, match_original=True))
    axes.plot([names, names], [top, top + len(rows) * _ROW], color=RULE, linewidth=0.8)


@styled
def draw_superclass_errors(
    table: pd.DataFrame,
    classes: pd.DataFrame | None = None,
    *,
    title: str = "Test error by superclass",
    provenance: Provenance = REAL,
) -> Figure:
    """Each superclass' mean error with whiskers from its easiest to its hardest fine class, hardest first.

    table: columns superclass, mean_error, min_error, max_error. classes (class, superclass, error), where
    given, adds a point for each fine class and the name of the hardest.
    """
    ranked = table.sort_values("mean_error", ascending=True).reset_index(drop=True)
    note = "bar: mean over its fine classes · whiskers: easiest to hardest"
    figure = new_figure(560, 50 + 21 * len(ranked) + 44, title, provenance, note)
    axes = add_axes(figure, 160, 48, 560 - 160 - 24, 21 * len(ranked))
    places = np.arange(len(ranked))
    colours = superclass_colours(sorted(set(ranked["superclass"])))
    hues = [lighter(colours[name], 0.35) for name in ranked["superclass"]]
    axes.barh(places, ranked["mean_error"], height=0.62, color=hues)
    axes.hlines(places, ranked["min_error"], ranked["max_error"], color=INK, linewidth=1)
    for end in ("min_error", "max_error"):
        axes.vlines(ranked[end], places - 0.16, places + 0.16, color=INK, linewidth=1)
    highest = float(np.nanmax(ranked["max_error"])) if len(ranked) else 1.0
    axes.set_xlim(0, max(0.05, highest) * (1.2 if classes is not None else 1.04))
    if classes is not None:
        _fine_points(axes, ranked, classes)
    axes.set_yticks(places, [readable(name) for name in ranked["superclass"]])
    axes.set_ylim(-0.6, len(ranked) - 0.4)
    ticks = np.linspace(0, 1, 6 if highest > 0.5 else 11)
    axes.set_xticks(ticks[ticks <= axes.get_xlim()[1]])
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("Error")
    return figure


def _fine_points(axes: Axes, ranked: pd.DataFrame, classes: pd.DataFrame) -> None:
    for place, superclass in enumerate(ranked["superclass"]):
        members = classes[classes["superclass"] == superclass].dropna(subset=["error"]).sort_values("error")
        if members.empty:
            continue
        axes.plot(
            members["error"],
            [place] * len(members),
            "o",
            color="white",
            markeredgecolor=INK,
            markersize=3.2,
            markeredgewidth=0.8,
        )
        hardest = members.iloc[-1]
        axes.annotate(
            readable(hardest["class"]),
            (hardest["error"], place),
            xytext=(6, 0),
            textcoords="offset points",
            fontsize=6.6,
            color=MUTED,
            va="center",
        )


@styled
def draw_class_changes(
    table: pd.DataFrame,
    names: Sequence[str],
    *,
    most: int = 20,
    title: str = "Gains and losses by class",
    provenance: Provenance = REAL,
) -> Figure:
    """The fine classes in which two runs differ most: gains of the first at the left, losses at the right.

    table: columns class, first, second (accuracies of the two, fractions), and, where known, change (`better`
    or `worse` where the difference is beyond chance; such bars are full, others pale). names: of the two.
    At most `most` classes on each side.
    """
    change = table.assign(gain=table["first"] - table["second"])
    if "change" not in change:
        change = change.assign(change="known")
    better = change[change["gain"] > 1e-9].sort_values("gain", ascending=False)
    worse = change[change["gain"] < -1e-9].sort_values("gain")
    same = len(change) - len(better) - len(worse)
    note = f"{names[0]} against {names[1]}: {plural(len(better), 'class')} better, {len(worse)} worse"
    note += f", {same} the same"
    if "change" in table:
        note += " · full colour: beyond chance"
    rows = max(1, min(most, max(len(better), len(worse))))
    figure = new_figure(620, 74 + 13 * rows + 14, title, provenance, shortened(note, 8, 590))
    axes = board(figure)
    longest = max(0.01, float(change["gain"].abs().max())) if len(change) else 1.0
    for left, part, colour, word in ((12, better, BLUE, "Better"), (322, worse, VERMILLION, "Worse")):
        shown = part.head(most)
        axes.text(left + 286, 56, "accuracy", fontsize=7, color=MUTED, va="center", ha="right")
        count = f"{word} (the {len(shown)} that differ most of {len(part)})" if len(part) > most else word
        axes.text(left, 56, count, fontsize=8.5, fontweight="bold", va="center", color=colour)
        _change_column(axes, shown, left=left, top=68, longest=longest, colour=colour)
    return figure


def _change_column(
    axes: Axes, rows: pd.DataFrame, *, left: float, top: float, longest: float, colour: str
) -> None:
    start, room = left + 84, 90.0
    for number, row in enumerate(rows.to_dict("records")):
        y = top + 13 * number
        length = room * abs(row["gain"]) / longest
        fill = colour if row["change"] else lighter(colour, 0.55)
        axes.text(
            start - 4,
            y + 6.5,
            shortened(readable(row["class"]), 7.4, 80),
            fontsize=7.4,
            va="center",
            ha="right",
        )
        axes.add_patch(Rectangle((start, y + 1.5), room, 10, facecolor=FAINT, linewidth=0, alpha=0.6))
        axes.add_patch(Rectangle((start, y + 1.5), length, 10, facecolor=fill, linewidth=0))
        gain = f"{points(row['gain'], 0)} pt"
        axes.text(start + room + 6, y + 6.5, gain, fontsize=7.4, va="center")
        path = f"{row['second']:.0%} → {row['first']:.0%}"
        axes.text(left + 286, y + 6.5, path, fontsize=7, va="center", ha="right", color=MUTED)
