"""Bars of classes: their order, lengths and colours."""

import numpy as np
import pandas as pd
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure

from hundred.data.names import COARSE_NAMES
from hundred.reports.figures.classes import draw_class_changes, draw_class_errors, draw_superclass_errors
from hundred.reports.figures.style import superclass_colours

from .looking import texts


def _bar_lengths(figure: Figure) -> list[float]:
    collections = [c for axes in figure.axes for c in axes.collections if isinstance(c, PatchCollection)]
    return [
        float(np.ptp(path.vertices[:, 0])) for collection in collections for path in collection.get_paths()
    ]


def test_classes_stand_hardest_first_with_lengths_in_proportion(classes: pd.DataFrame) -> None:
    figure = draw_class_errors(classes)
    lengths = _bar_lengths(figure)
    np.testing.assert_allclose(np.array(lengths) / lengths[0], classes["error"][::-1])
    assert [text for text in texts(figure) if text in ("worm", "woman", "apple")] == [
        "worm",
        "woman",
        "apple",
    ]


def test_every_class_is_named_with_its_superclass(classes: pd.DataFrame) -> None:
    shown = texts(draw_class_errors(classes))
    assert {name.replace("_", " ") for name in classes["class"]} <= set(shown)
    assert shown.count("large omnivores and herbivores") == 5


def test_a_class_without_images_is_drawn_last_and_said(classes: pd.DataFrame) -> None:
    gap = classes.assign(error=classes["error"].where(classes["class"] != "bear"))
    assert "no images" in texts(draw_class_errors(gap))
    assert _bar_lengths(draw_class_errors(gap))[-1] == 0


def test_a_perfect_network_is_drawn(classes: pd.DataFrame) -> None:
    assert max(_bar_lengths(draw_class_errors(classes.assign(error=0.0)))) == 0


def test_superclasses_have_a_bar_and_whiskers_at_their_figures(superclasses: pd.DataFrame) -> None:
    axes = draw_superclass_errors(superclasses).axes[0]
    ranked = superclasses.sort_values("mean_error")
    np.testing.assert_allclose([bar.get_width() for bar in axes.patches], ranked["mean_error"])
    ends = np.array([segment[:, 0] for segment in axes.collections[0].get_segments()])
    np.testing.assert_allclose(ends, ranked[["min_error", "max_error"]])


def test_the_hardest_class_of_each_superclass_is_named(
    superclasses: pd.DataFrame, classes: pd.DataFrame
) -> None:
    shown = set(texts(draw_superclass_errors(superclasses, classes)))
    assert {"worm", "woman", "wolf", "whale"} <= shown
    assert "beaver" not in shown


def test_gains_and_losses_are_counted_and_signed() -> None:
    table = pd.DataFrame(
        {
            "class": ["seal", "otter", "bear", "fox"],
            "first": [0.6, 0.3, 0.5, 0.41],
            "second": [0.4, 0.35, 0.5, 0.40],
        }
    )
    shown = texts(draw_class_changes(table, ("revisited", "school")))
    assert "revisited against school: 2 classes better, 1 worse, 1 the same" in shown
    assert {"+20 pt", "−5 pt", "40% → 60%", "35% → 30%"} <= set(shown)
    assert shown.index("seal") < shown.index("fox") < shown.index("otter")


def test_two_equal_runs_are_drawn(classes: pd.DataFrame) -> None:
    same = classes.assign(first=0.5, second=0.5)
    assert "a against b: 0 classes better, 0 worse, 100 the same" in texts(
        draw_class_changes(same, ("a", "b"))
    )


def test_all_superclasses_have_a_colour_of_their_own() -> None:
    assert len(set(superclass_colours(COARSE_NAMES).values())) == 20
