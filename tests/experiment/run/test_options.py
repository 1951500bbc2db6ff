"""Losses, optimizers, averages and teachers in whole runs: resumed to the same bits, or refused."""

from typing import Any

import pytest

from hundred.errors import HundredError
from tests.experiment.conftest import Train, file_weights, rows
from tests.making.killing import KillAt, Killed

PLAIN = {"training.optimizer": "adam", "training.learning_rate": 0.01, "training.resolutions": []}
EVERYTHING = {
    "training.optimizer": "nadam",
    "training.optimizer_options": {"momentum_decay": 0.01},
    "training.learning_rate": 0.01,
    "training.weight_decay": 0.01,
    "training.head_decay": 10.0,
    "training.layer_decay": 0.7,
    "training.loss": "focal",
    "training.class_weights": "effective-number",
    "training.accumulate": 2,
    "training.swa": 0.5,
    "training.freeze": ["mid"],
    "training.unfreeze_at": 0.6,
    "training.temperature": 2.0,
    "training.schedule": {"name": "cosine", "restarts": 1, "warmup": 0.1},
    "evaluation.tta": "flip+shift",
}


def test_a_run_with_all_of_them_resumes_to_the_same_bits(train: Train) -> None:
    teacher = train(epochs=1, name="teacher", set=PLAIN)
    settings = {**EVERYTHING, "training.freeze": ["whiten*"], "training.teacher": str(teacher.path)}
    whole = train(epochs=4, name="whole", set=settings)
    for epoch in (1, 3):
        with pytest.raises(Killed):
            train(
                epochs=4,
                name=f"cut-{epoch}",
                set=settings,
                listeners=[KillAt("on_checkpoint_written", epoch)],
            )
        run = train(name=f"cut-{epoch}", resume=True)
        assert rows(run) == rows(whole)
        assert file_weights(run.model_path) == file_weights(whole.model_path)
        assert run.result["test_tta_accuracy"] == whole.result["test_tta_accuracy"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"training.optimizer": "adamm"}, "no optimizer 'adamm'; did you mean 'adam"),
        ({"training.loss": "hinge"}, "'hinge': it is 'cross-entropy', 'focal'"),
        (
            {"training.loss": "torch.nn.functional:nothing", "training.label_smoothing": 0.0},
            "has no 'nothing'",
        ),
        ({"training.class_weights": {"checkered bel": 2.0}}, "no class; did you mean 'checkered bell'"),
        ({"training.teacher": "nowhere.h5"}, "nowhere"),
        ({"training.freeze": ["layer9"]}, "fits no layer"),
        ({"training.cache_features": True}, "needs training.freeze"),
        ({"training.ema": 0.9, "training.swa": 0.5}, "two averages"),
    ],
)
def test_a_mistake_is_said_before_training_and_leaves_no_run(
    train: Train, tmp_path: Any, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(HundredError) as caught:
        train(epochs=1, set={**PLAIN, **settings})
    assert message in str(caught.value)
    assert not (tmp_path / "runs").exists() or list((tmp_path / "runs").iterdir()) == []
