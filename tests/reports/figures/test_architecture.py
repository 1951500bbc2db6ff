"""Networks as stages and boxes: what is drawn together, and that no layer is lost."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hundred.reports.figures.architecture import draw_architecture, draw_layer_table, layer_table
from hundred.reports.figures.stages import folded, stages

from .looking import texts


@pytest.fixture(scope="module")
def rows() -> dict[str, list[Any]]:
    """The layer rows of two real networks."""
    from hundred.models.registry import build
    from hundred.models.summary import summarize

    return {name: summarize(build(name)) for name in ("school", "resnet50")}


def test_stages_end_where_the_picture_shrinks(layers: list[Any]) -> None:
    found = [[box.title for box in stage.boxes] for stage in stages(layers)]
    assert found == [
        ["Conv2d + ReLU", "BatchNorm2d", "MaxPool2d"],
        ["Conv2d + ReLU", "MaxPool2d"],
        ["Flatten", "Linear"],
    ]
    assert [stage.title for stage in stages(layers)] == ["Stage 1", "Stage 2", "Head"]


@pytest.mark.parametrize("name", ["school", "resnet50"])
def test_no_parameter_is_lost_in_the_telling(rows: dict[str, list[Any]], name: str) -> None:
    total = sum(row.parameters for row in rows[name])
    assert sum(stage.parameters for stage in stages(rows[name])) == total
    assert sum(row.parameters for row in folded(rows[name])) == total
    assert layer_table(rows[name])["parameters"].sum() == total


def test_the_school_network_is_told_box_by_box(rows: dict[str, list[Any]]) -> None:
    shown = texts(draw_architecture(rows["school"]))
    assert any(text.startswith("4,899,044 parameters") for text in shown)
    assert {"Conv2d + ReLU", "128 × 30 × 30", "147,584", "2,359,808", "Linear + ReLU", "51,300"} <= set(shown)
    assert [stage.title for stage in stages(rows["school"])] == ["Stage 1", "Stage 2", "Stage 3", "Head"]


def test_resnet50_is_told_by_stages_of_blocks(rows: dict[str, list[Any]]) -> None:
    found = stages(rows["resnet50"])
    assert [stage.boxes[0].title for stage in found[1:5]] == ["3 blocks", "4 blocks", "6 blocks", "3 blocks"]
    assert [stage.boxes[0].output_shape for stage in found[1:5]] == [
        (256, 56, 56),
        (512, 28, 28),
        (1024, 14, 14),
        (2048, 7, 7),
    ]
    assert found[1].boxes[0].detail == "10 Conv2d, 10 BatchNorm2d, 9 ReLU"


def test_the_table_of_a_deep_network_folds_its_blocks(rows: dict[str, list[Any]]) -> None:
    shown = texts(draw_layer_table(rows["resnet50"]))
    assert len(layer_table(rows["resnet50"])) == len(rows["resnet50"]) > 60
    assert sum("block" in text for text in shown) == 16


def test_a_layer_that_was_never_called_has_a_dash_for_its_shape() -> None:
    row = SimpleNamespace(name="odd", kind="Odd", output_shape=None, parameters=3)
    assert layer_table([row])["output_shape"].tolist() == ["–"]
    assert "–" in texts(draw_architecture([row]))


def test_a_network_without_layers_is_drawn() -> None:
    assert any(text.startswith("0 parameters") for text in texts(draw_architecture([])))
    assert texts(draw_layer_table([]))


ROWS = st.lists(
    st.builds(
        SimpleNamespace,
        name=st.sampled_from(
            ["conv", "a.0.conv", "a.1.conv", "a.1.down.0", "b.c_block1_1_conv", "0.x", "12", ""]
        ),
        kind=st.sampled_from(["Conv2d", "ReLU", "BatchNorm2d", "MaxPool2d", "Linear", "Flatten", "Odd"]),
        output_shape=st.sampled_from([None, (8, 32, 32), (8, 16, 16), (197, 768), (100,), ()]),
        parameters=st.integers(0, 10**7),
    ),
    max_size=40,
)


@given(ROWS)
def test_no_parameter_is_lost_in_stages_and_boxes(rows: list[Any]) -> None:
    total = sum(row.parameters for row in rows)
    found = stages(rows)
    assert sum(stage.parameters for stage in found) == total
    assert sum(row.parameters for row in folded(rows)) == total
    assert all(stage.boxes for stage in found)
