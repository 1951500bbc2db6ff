"""A loaded model says in one line what it is."""

import hundred
from tests.making.finished import Finished


def test_the_repr_has_origin_input_output_and_size(finished: Finished) -> None:
    model = hundred.load(finished.a / "model.h5")
    parameters = hundred.open_run(finished.a).result["parameters"]
    expected = (
        f"Model(hundred: images 32x32x3 in {model.input_scale} -> {model.end} of 100 classes, {parameters:,}"
    )
    assert repr(model).startswith(expected)
