"""The measure of texts by which labels are kept apart, and colours."""

from xml.etree import ElementTree

import pytest
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from hundred.data.names import COARSE_NAMES, FINE_NAMES
from hundred.formatting import readable
from hundred.reports.figures.style import (
    BLUE,
    Provenance,
    add_axes,
    as_inline_svg,
    lighter,
    new_figure,
    run_colour,
    shortened,
    text_width,
    wrapped,
)


@pytest.mark.parametrize("size", [5.6, 7.0, 11.0])
def test_widths_are_those_of_the_drawn_text(size: float) -> None:
    font = FontProperties(family="DejaVu Sans", size=size)
    for name in map(readable, (*FINE_NAMES, *COARSE_NAMES)):
        true = TextPath((0, 0), name, prop=font).get_extents().width
        assert text_width(name, size) == pytest.approx(true, abs=0.25 * size), name


def test_shortened_texts_fit_and_others_stay() -> None:
    assert shortened("bear", 8, 100) == "bear"
    cut = shortened("large omnivores and herbivores", 8, 80)
    assert cut.endswith("…")
    assert text_width(cut, 8) <= 80
    assert shortened("anything", 8, 0) == "…"


def test_wrapped_texts_keep_their_words_in_order() -> None:
    lines = wrapped("large omnivores and herbivores", 6.5, 80)
    assert " ".join(lines) == "large omnivores and herbivores"
    assert len(lines) == 2


def test_colours_get_lighter_towards_white() -> None:
    assert lighter("#0072b2", 0) == "#0072b2"
    assert lighter("#0072b2", 1) == "#ffffff"


def test_sixteen_runs_have_sixteen_colours() -> None:
    assert len({run_colour(number) for number in range(16)}) == 16


def test_only_the_sample_set_and_the_flattering_protocol_are_marked() -> None:
    assert Provenance().marks() == Provenance("cifar100", "full").marks() == ()
    assert Provenance("sample", "test-as-validation").marks() == ("sample set", "test set used as validation")


def test_a_figure_in_a_page_follows_its_theme() -> None:
    figure = new_figure(300, 100, "Curves of <b>--a-run--</b>")
    add_axes(figure, 40, 40, 200, 40).plot([1, 2], color=BLUE)
    drawing = as_inline_svg(figure)
    assert drawing.startswith("<svg")
    assert ElementTree.fromstring(drawing).tag.endswith("svg")
    for variable in ("--page", "--blue"):
        assert f"var({variable}, #" in drawing
    assert "<b>" not in drawing
