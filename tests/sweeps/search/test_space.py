"""What `--vary` accepts, and the errors for what it does not."""

from typing import Any

import pytest

from hundred.errors import UsageError
from hundred.recipe.load import load_recipe
from hundred.sweeps.search.space import (
    Choice,
    Range,
    Space,
    count_points,
    grid_point,
    parse_space,
    parse_vary,
)

RECIPE = load_recipe("sprint").recipe.as_dict()


def space(*texts: str) -> Space:
    return parse_space(parse_vary(texts), RECIPE)


def test_a_range_a_logarithmic_one_and_whole_numbers() -> None:
    assert space("training.learning_rate=1e-4..1e-1:log") == (
        Range("training.learning_rate", 1e-4, 1e-1, True, False),
    )
    assert space("augment.cutout=0..8") == (Range("augment.cutout", 0, 8, False, True),)
    assert space("augment.rotation=0..20") == (Range("augment.rotation", 0, 20, False, False),)
    assert space("model.width1=16..64") == (Range("model.width1", 16, 64, False, True),)
    assert space("training.momentum=0.5..0.9") == (Range("training.momentum", 0.5, 0.9, False, False),)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("augment.rotation=0,10,20", (0, 10, 20)),
        ("augment.flip=none, random", ("none", "random")),
        ("training.nesterov=true,false", (True, False)),
        ("augment.brightness=[0.8, 1.2],[0.5,1.5]", ([0.8, 1.2], [0.5, 1.5])),
        ("training.learning_rate=1e-3,1e-2", (1e-3, 1e-2)),
        ("training.learning_rate=1e-3..1e-1:log:3", (1e-3, 1e-2, 1e-1)),
        ("training.batch_size=64..256:4", (64, 128, 192, 256)),
        ("augment.cutout=0,0,4", (0, 4)),
    ],
)
def test_values_to_choose_from(text: str, values: tuple[Any, ...]) -> None:
    assert space(text) == (Choice(text.partition("=")[0], values),)


def test_lists_in_python_are_the_same_as_texts() -> None:
    given = parse_vary({"augment.cutout": [0, 4], "augment.brightness": [(0.8, 1.2), (0.5, 1.5)]})
    assert parse_space(given, RECIPE) == space("augment.cutout=0,4", "augment.brightness=[0.8,1.2],[0.5,1.5]")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("training.learning_rate", "write it as"),
        ("training.learning_rate=", "write it as"),
        ("training.learning_rat=1e-3..1e-1", "did you mean 'learning_rate'"),
        ("training.learning_rate=0..1:log", "above 0"),
        ("training.learning_rate=1..0.1", "up to a larger one"),
        ("training.learning_rate=1e-3..x", "no range of numbers"),
        ("training.learning_rate=1e-3..1:1", "neither `log` nor"),
        ("training.learning_rate=nan..1", "up to a larger one"),
        ("training.momentum=0..1.5", "training.momentum = 1.5 is not allowed"),
        ("training.batch_size=0.5..8", "whole numbers"),
        ("augment.flip=none,sideways", "'sideways' is not allowed"),
        ("training=1,2", "training"),
        ("seed=1,2,3", "share it"),
        ("data.validation_per_class=10,50", "share it"),
        ("data.protocol=full,holdout", "share it"),
    ],
)
def test_what_cannot_be_varied_is_refused_in_one_line_that_names_it(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message.replace("(", r"\(")) as caught:
        space(text)
    assert len(str(caught.value).splitlines()) == 1


def test_nothing_to_vary_and_a_key_given_twice() -> None:
    with pytest.raises(UsageError, match="needs something to vary"):
        space()
    with pytest.raises(UsageError, match="given twice"):
        space("augment.cutout=0,4", "augment.cutout=8")


def test_a_grid_has_every_point_once() -> None:
    grid = space("augment.cutout=0..2", "augment.flip=none,random", "training.nesterov=true,false")
    assert count_points(grid) == 12
    found = [tuple(grid_point(grid, number).values()) for number in range(12)]
    assert len(set(found)) == 12
    assert found[:3] == [(0, "none", True), (0, "none", False), (0, "random", True)]
    assert count_points(space("training.momentum=0..0.9")) is None


def test_drawn_numbers_have_few_digits_and_stay_in_their_range() -> None:
    (rate,) = space("training.learning_rate=0.00123456..0.1:log")
    assert isinstance(rate, Range)
    assert rate.rounded(0.0123456) == 0.01235
    assert rate.rounded(0.00123456) == 0.001235
    assert rate.rounded(0.09999999) == 0.1
    assert Range("x", 1.2344, 2.0, False, False).rounded(1.2344) == 1.2344
