"""Each option of training, cut off in the middle of a step and resumed from the disk, to the same bits."""

from typing import Any

import pytest

from hundred.training.optim.torch_optimizers import torch_names
from hundred.training.trainer import Trainer
from tests.experiment.conftest import Train, file_weights, rows
from tests.making.killing import Killed

EPOCHS = 3
KILLED_STEP = 8  # in the third epoch, of three steps each
PLAIN = {"training.optimizer": "sgd", "training.learning_rate": 0.01, "training.resolutions": []}
MILESTONES = {"name": "step", "milestones": [0.5], "warmup": 0.0}


def schedule(name: str, **more: Any) -> dict[str, Any]:
    return {"training.schedule": {"name": name, "final": 0.01, "warmup": 0.0, **more}}


OPTIONS: dict[str, dict[str, Any]] = {
    **{name: {"training.optimizer": name, "training.weight_decay": 0.0} for name in sorted(torch_names())},
    "muon": {"training.optimizer": "muon"},
    **{name: schedule(name) for name in ("constant", "linear", "polynomial", "exponential", "cosine")},
    "warm restarts": schedule("cosine", restarts=1, cycle_growth=2.0),
    "one-cycle with momentum": schedule("one-cycle", cycle_momentum=True),
    "steps": {"training.schedule": MILESTONES},
    "a fraction of an epoch": {"training.epochs": 2.5, **schedule("linear")},
    "resolutions": {"training.resolutions": [[0.5, 16], [1.0, 32]]},
    "accumulate": {"training.accumulate": 2},
    "threads": {"training.batch_threads": 2},
    "EMA": {"training.ema": 0.9, "training.measure_norms": True},
    "SWA": {"training.swa": 0.3},
    "frozen": {"training.freeze": ["whiten*"]},
    "unfrozen later": {"training.freeze": ["backbone"], "training.unfreeze_at": 0.5},
    "unfrozen later, with muon": {
        "training.optimizer": "muon",
        "training.freeze": ["groups"],
        "training.unfreeze_at": 0.5,
    },
    "tuned later, with its own schedule": {
        "training.freeze": ["backbone"],
        "training.unfreeze_at": 0.6,
        **schedule("linear", tuning=0.25),
    },
    "layer decay": {"training.layer_decay": 0.7},
    "head decay": {"training.weight_decay": 0.01, "training.head_decay": 10.0},
    "class weights": {"training.class_weights": "balanced"},
    "focal": {"training.loss": "focal"},
    "clipping": {"training.gradient_clip": 0.5},
    "label smoothing": {"training.label_smoothing": 0.1},
    "flips at the test": {"evaluation.tta": "flip"},
    "a model every epoch": {"callbacks.checkpoint": {"every": 1, "monitor": "val_accuracy"}},
    "seldom checkpoints": {"training.checkpoint_every": 2},
    "plateau and patience": {
        "callbacks.reduce_on_plateau": {"patience": 1, "factor": 0.5},
        "callbacks.early_stopping": {"patience": 5, "restore_best_weights": True},
    },
    "mixed images": {"augment.mixup": 0.4, "augment.cutmix": 1.0},
    "a teacher": {"training.teacher": "TEACHER", "training.temperature": 2.0},
}


QUICK = ("unfrozen later", "a fraction of an epoch", "a teacher")
PARAMETERS = [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in OPTIONS]


@pytest.mark.parametrize("option", PARAMETERS)
def test_an_option_cut_off_in_any_step_resumes_to_the_same_bits(
    train: Train, option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {**PLAIN, **OPTIONS[option]}
    epochs = None if "training.epochs" in settings else EPOCHS
    if "training.teacher" in settings:
        settings["training.teacher"] = str(train(epochs=1, set=PLAIN, name="teacher").path)
    whole = train(epochs=epochs, set=settings, name="whole")
    step, done = Trainer.step, [0]

    def cut(self: Trainer, *batch: Any) -> Any:
        done[0] += 1
        if done[0] == KILLED_STEP:
            raise Killed
        return step(self, *batch)

    monkeypatch.setattr(Trainer, "step", cut)
    with pytest.raises(Killed):
        train(epochs=epochs, set=settings, name="cut")
    monkeypatch.setattr(Trainer, "step", step)
    resumed = train(name="cut", resume=True)
    assert rows(resumed) == rows(whole)
    assert file_weights(resumed.model_path) == file_weights(whole.model_path)
    for figure in ("epochs", "stopped", "test_accuracy", "test_tta_accuracy"):
        assert resumed.result.get(figure) == whole.result.get(figure)
