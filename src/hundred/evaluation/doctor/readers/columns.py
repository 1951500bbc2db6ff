"""Which column of a table is which figure, whatever the framework called it, and in which unit.

Names are taken apart into words, so `metrics/accuracy_top1`, `  val/loss`, `valAcc` and `train_loss_epoch`
are all understood; a column that could be two things is left alone.
"""

import re
from collections.abc import Iterable

_PHASES = {
    "train": "train", "training": "train", "tr": "train",
    "val": "val", "valid": "val", "validation": "val", "dev": "val", "eval": "val", "evaluation": "val",
    "test": "test", "testing": "test",
}  # fmt: skip
_QUANTITIES = {
    "accuracy": "accuracy", "acc": "accuracy", "top1": "accuracy", "acc1": "accuracy", "prec1": "accuracy",
    "precision1": "accuracy", "loss": "loss", "nll": "loss", "crossentropy": "loss", "ce": "loss",
    "err": "error", "error": "error", "err1": "error",
}  # fmt: skip
# Words that do not change which figure it is; any other word does ("top5", "superclass", "balanced", "aux").
_FILLERS = {
    "epoch", "avg", "mean", "metrics", "metric", "categorical", "sparse", "multiclass", "classification",
    "cross", "entropy", "total", "model", "set", "rate", "multi", "class", "1", "top", "at", "pct", "percent",
    "running", "score", "history",
}  # fmt: skip
_RATES = {"lr", "learningrate"}
_EPOCHS = {"epoch", "epochs", "ep"}


def words_of(name: str) -> list[str]:
    """The words of a column name, lower-case: `valAcc` and `val/acc` are both val, acc."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name.strip())
    found = re.findall(r"[a-z]+\d*|\d+", spaced.lower())
    # "learning_rate" is one word; so is "top 1" or "top-1".
    text = " ".join(found)
    for pair, one in (
        ("learning rate", "learningrate"), ("top 1", "top1"), ("top 5", "top5"), ("acc at 1", "acc1"),
        ("acc 1", "acc1"), ("acc 5", "acc5"), ("cross entropy", "crossentropy"), ("trainloss", "train loss"),
        ("trainacc", "train acc"), ("valloss", "val loss"), ("valacc", "val acc"), ("testacc", "test acc"),
        ("testloss", "test loss"),
    ):  # fmt: skip
        text = re.sub(rf"\b{pair}\b", one, text)
    return text.split()


def recognize(names: Iterable[str]) -> dict[str, str]:
    """Column of `names` by figure: `epoch`, `accuracy`, `loss`, `val_accuracy`, `val_loss`, `learning_rate`.

    An error rate is given as `error` or `val_error`. Figures that no column holds are left out.
    """
    found: dict[str, list[tuple[int, str]]] = {}
    for name in names:
        key, rank = _figure(words_of(name))
        if key:
            found.setdefault(key, []).append((rank, name))
    best = {key: min(columns, key=lambda each: each[0])[1] for key, columns in found.items()}
    return _placed(best)


def _figure(words: list[str]) -> tuple[str, int]:
    """Such as ("val accuracy", rank) of a column's words; ("", 0) where it is none of them."""
    if len(words) == 1 and words[0] in _EPOCHS:
        return "epoch", int(words[0] != "epoch")
    if words and words[0] in _RATES:
        # lr/pg0, lr-SGD, lr-Adam/pg1: the rate of the first group stands for all.
        return "learning_rate", int("".join(re.findall(r"\d+", " ".join(words))) or 0)
    if words and words[-1] in _RATES and len(words) == 2:
        return "learning_rate", 5
    phase, quantity, rank = "", "", 0
    for word in words:
        if word in _PHASES:
            phase = phase or _PHASES[word]
        elif word in _QUANTITIES:
            if (
                quantity
                and quantity != _QUANTITIES[word]
                and not {quantity, word} <= {"loss", "crossentropy"}
            ):
                return "", 0
            quantity = quantity or _QUANTITIES[word]
        elif word == "step":
            rank += 10  # Lightning's train_loss_step stands beside train_loss_epoch
        elif word == "epoch":
            rank -= 1
        elif word not in _FILLERS:
            return "", 0
        else:
            rank += 1
    return (f"{phase} {quantity}".strip(), rank) if quantity else ("", 0)


def _placed(best: dict[str, str]) -> dict[str, str]:
    """Figures by the names used here. Bare `accuracy` is training accuracy, as in Keras, unless it is the
    only one beside training and validation losses, as in fastai and Ultralytics."""
    placed: dict[str, str] = {key: best[key] for key in ("epoch", "learning_rate") if key in best}
    validation = "val" if any(key.startswith("val ") for key in best) else "test"
    for quantity in ("accuracy", "loss", "error"):
        if f"{validation} {quantity}" in best:
            placed[f"val_{quantity}"] = best[f"{validation} {quantity}"]
        if f"train {quantity}" in best:
            placed[quantity] = best[f"train {quantity}"]
    told_apart = "train loss" in best and f"{validation} loss" in best
    for quantity in ("accuracy", "loss", "error"):
        if quantity not in best:
            continue
        if told_apart and quantity != "loss" and f"val_{quantity}" not in placed:
            placed[f"val_{quantity}"] = best[quantity]
        elif quantity not in placed:
            placed[quantity] = best[quantity]
    for side in ("", "val_"):
        if f"{side}accuracy" in placed:
            placed.pop(f"{side}error", None)
    return placed
