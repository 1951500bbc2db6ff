"""Error messages for recipes: one line with the key, the value and what is allowed."""

import pytest

from hundred.errors import UsageError
from hundred.recipe.load import load_recipe


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("training.bach_size=256", "training.bach_size is not a key; did you mean 'batch_size'?"),
        ("trainin.epochs=3", "did you mean 'training'?"),
        (
            "training.batch_size=abc",
            "training.batch_size = 'abc' is not allowed (allowed: a whole number, at least 1",
        ),
        ("training.batch_size=0", "at least 1"),
        ("training.epochs=0", "training.epochs = 0"),
        ("training.epochs='3'", "training.epochs = '3'"),
        ("training.nesterov=1", "true or false"),
        ("training.precision=floaat32", "did you mean 'float32'?"),
        ("augment.fill=neares", "did you mean 'nearest'?"),
        ("augment.zoom=2.0", "augment.zoom = 2.0 is not allowed"),
        ("augment.brightness=[1]", "a list of two factors"),
        ("augment.order=['crop']", "leaves out flip"),
        ("training.resolutions=[[0.5,20]]", "end with a share of 1.0"),
        ("training.learning_rate=nan", "training.learning_rate"),
        ("training.learning_rate=inf", "training.learning_rate"),
        ("training=3", "training = 3"),
        ("callbacks.early_stopping.patience=-1", "at least 0"),
        ("name=a/b", "letters, digits"),
        ("epochs", "section.key=value"),
    ],
)
def test_a_fault_is_one_line_with_key_value_and_way_out(override: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_recipe("sprint", [override])
    text = str(caught.value)
    assert message in text
    assert "\n" not in text
