"""Console output of the frameworks, as it is pasted or redirected into a file."""

from pathlib import Path

import pytest

from hundred.errors import HundredError
from hundred.evaluation.doctor.history import History
from hundred.evaluation.doctor.readers.sources import read_anything

KERAS = "\n".join(
    f"Epoch {epoch}/3\n"
    f"  1/313 [....] - ETA: 9s - loss: 9.9 - accuracy: 0.1\r313/313 [====] - 9s - "
    f"loss: {3 - epoch / 2} - accuracy: 0.{epoch} - val_loss: {3 - epoch / 4} - val_accuracy: 0.{epoch}5"
    for epoch in range(1, 4)
)
LIGHTNING = "\n".join(
    f"Epoch {epoch}: 100%|████| 10/10 [00:01<00:00, 9.1it/s, v_num=0, train_loss={3 - epoch / 2}, "
    f"val_loss={3 - epoch / 4}, val_acc=0.{epoch}5]"
    for epoch in range(1, 4)
)
FASTAI = "starting\n\nepoch     train_loss  valid_loss  accuracy  time\n" + "\n".join(
    f"{epoch}         {3 - epoch / 2:.6f}    {3 - epoch / 4:.6f}    0.{epoch}50000  00:12"
    for epoch in range(1, 4)
)
TIMM = "\n".join(
    f"Train: {epoch} [   0/390 (  0%)]  Loss: 9.9 (9.9)  LR: 1.000e-03\n"
    f"Train: {epoch} [ 389/390 (100%)]  Loss: 1.1 ({3 - epoch / 2})  LR: 1.000e-03\n"
    f"Test: [  78/78]  Time: 0.1 (0.1)  Loss:  5.0 ({3 - epoch / 4})  Acc@1: 70.0 ({epoch}5.0)  "
    "Acc@5: 90.0 (99.0)"
    for epoch in range(1, 4)
)
PYTORCH = "\n".join(
    f"Epoch {epoch}/3\n----------\ntrain Loss: {3 - epoch / 2} Acc: 0.{epoch}\n"
    f"val Loss: {3 - epoch / 4} Acc: 0.{epoch}5\n"
    for epoch in range(1, 4)
)
PRINTED = "\n".join(
    f"[2026-01-31 12:00] Epoch [{epoch}/3] - Train Loss: {3 - epoch / 2}, Val Loss: {3 - epoch / 4}, "
    f"Val Acc: {epoch}5.0%"
    for epoch in range(1, 4)
)
HUGGING_FACE = "\n".join(
    f"{{'loss': {3 - epoch / 2}, 'learning_rate': 1e-05, 'epoch': {epoch}.0}}\n"
    f"{{'eval_loss': {3 - epoch / 4}, 'eval_accuracy': 0.{epoch}5, 'epoch': {epoch}.0}}"
    for epoch in range(1, 4)
)
ULTRALYTICS = "\n".join(
    f"      Epoch    GPU_mem       loss  Instances       Size\n"
    f"        {epoch}/3     0.679G      9.999         11         64:   3%|▎         | 1/30\r"
    f"        {epoch}/3     0.679G     {3 - epoch / 2}         11         64: 100%|██████████| 30/30\n"
    f"               classes   top1_acc   top5_acc: 100%|██████████| 1/1 [00:00<00:00,  2.86it/s]{end}"
    f"                   all      0.{epoch}5          1\n"
    for epoch, end in ((1, "\n"), (2, "\n"), (3, ""))
)
# After the end, the best weights are validated once more.
ULTRALYTICS += """
Validating runs/classify/train/weights/best.pt...
               classes   top1_acc   top5_acc: 100% ━━━━━━━━━━━━ 4/4 2.8s/it 11.2s
                   all      0.999          1
"""


def read(text: str, tmp_path: Path) -> History:
    (tmp_path / "log.txt").write_text(text, encoding="utf-8")
    return read_anything(tmp_path / "log.txt")


@pytest.mark.parametrize(
    "text",
    [KERAS, LIGHTNING, FASTAI, TIMM, PYTORCH, PRINTED, HUGGING_FACE],
    ids=["keras", "lightning", "fastai", "timm", "pytorch", "printed", "hugging-face"],
)
def test_the_last_figures_of_each_epoch_are_read(text: str, tmp_path: Path) -> None:
    history = read(text, tmp_path)
    assert list(history.epoch) == [1, 2, 3]
    assert list(history.loss) == [2.5, 2.0, 1.5]
    assert list(history.val_loss) == [2.75, 2.5, 2.25]
    assert history.val_accuracy == pytest.approx([0.15, 0.25, 0.35])


def test_ultralytics_figures_are_read_from_below_their_names(tmp_path: Path) -> None:
    history = read(ULTRALYTICS, tmp_path)
    assert list(history.epoch) == [1, 2, 3]
    assert list(history.loss) == [2.5, 2.0, 1.5]
    assert list(history.val_accuracy) == [0.15, 0.25, 0.35]
    assert history.reading is not None
    assert history.reading.framework == "ultralytics"


def test_lines_on_a_saved_state_are_not_of_the_epoch(tmp_path: Path) -> None:
    text = PRINTED + "\n[Checkpoint] Loaded best.pt (epoch=1, val_loss=0.1)\nDone | Best Val Loss: 0.2\n"
    history = read(text, tmp_path)
    assert list(history.epoch) == [1, 2, 3]
    assert list(history.val_loss) == [2.75, 2.5, 2.25]


def test_a_fit_called_again_and_again_is_one_training(tmp_path: Path) -> None:
    text = "\n".join(
        f"Epoch 1/1\n10/10 - 1s - loss: {2 - place / 4} - val_loss: {2 - place / 8}" for place in range(5)
    )
    history = read(text, tmp_path)
    assert list(history.epoch) == [1, 2, 3, 4, 5]
    assert list(history.loss) == [2.0, 1.75, 1.5, 1.25, 1.0]


def test_text_without_figures_by_epoch_is_refused_in_two_lines(tmp_path: Path) -> None:
    with pytest.raises(HundredError, match="no figures by epoch") as error:
        read("# Notes\n\nWe trained for a while, and the loss was low.\n", tmp_path)
    assert len(str(error.value).splitlines()) == 2
