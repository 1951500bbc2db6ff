"""Which column of a table is which figure, whatever the framework called it.

Names are split into words, so `metrics/accuracy_top1`, `  val/loss`, `valAcc` and `train_loss_epoch` are all
recognized. Words that no figure has (`resnet`, `out_caps`) are kept as the prefix of the column: several runs
side by side differ in it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

PHASES = {
    "train": "train", "training": "train", "tr": "train",
    "val": "val", "valid": "val", "validation": "val", "dev": "val", "eval": "val", "evaluation": "val",
    "test": "test", "testing": "test",
}  # fmt: skip
_QUANTITIES = {
    "accuracy": "accuracy", "acc": "accuracy", "top1": "accuracy", "acc1": "accuracy", "prec1": "accuracy",
    "precision1": "accuracy", "loss": "loss", "nll": "loss", "crossentropy": "loss", "ce": "loss",
    "err": "error", "error": "error", "err1": "error",
}  # fmt: skip
# Scores between 0 and 1 that stand for accuracy where a table has none, the first that it has.
SCORES = ("f1", "auc", "auroc", "dice", "iou", "miou", "map50", "map")
# Words that do not change which figure it is.
_FILLERS = {
    "epoch", "avg", "mean", "metrics", "metric", "categorical", "sparse", "multiclass", "binary",
    "classification", "cross", "entropy", "total", "overall", "set", "rate", "multi", "class", "1", "top",
    "at", "pct", "percent", "percentage", "running", "score", "history", "step", "coef", "global", "macro",
    "weighted", "b", "m",
}  # fmt: skip
# Words of figures that are none of these, and must not be taken for one with a prefix.
_OTHER = {
    "top5", "acc5", "top3", "acc3", "top", "5", "3", "superclass", "coarse", "box", "obj", "cls", "dfl",
    "seg", "aux", "std", "min", "max", "best", "per", "smooth", "smoothed", "ema", "reg", "regularization",
    "time", "gap", "delta", "diff", "ratio", "grad", "norm", "contrastive", "kl", "recon",
    "reconstruction", "gen", "disc", "generator", "discriminator", "balanced",
}  # fmt: skip
_RATES = {"lr", "learningrate"}
_EPOCHS = {"epoch": 0, "epochs": 1, "ep": 1}
_STEPS = {"step": 0, "globalstep": 0, "iteration": 1, "iterations": 1, "iter": 1, "batch": 2}
_PAIRS = (
    ("learning rate", "learningrate"), ("top 1", "top1"), ("top 5", "top5"), ("top 3", "top3"),
    ("acc at 1", "acc1"), ("acc 1", "acc1"), ("acc at 5", "acc5"), ("acc 5", "acc5"),
    ("cross entropy", "crossentropy"),
    ("trainloss", "train loss"), ("trainacc", "train acc"), ("valloss", "val loss"), ("valacc", "val acc"),
    ("testacc", "test acc"), ("testloss", "test loss"), ("global step", "globalstep"), ("m ap50", "map50"),
    ("m ap", "map"), ("m iou", "miou"), ("f1score", "f1"), ("map50 95", "map5095"),
)  # fmt: skip

LABELS = {
    "epoch": "epochs",
    "step": "steps",
    "accuracy": "training accuracy",
    "loss": "training loss",
    "val_accuracy": "validation accuracy",
    "val_loss": "validation loss",
    "error": "training error rate",
    "val_error": "validation error rate",
    "learning_rate": "learning rate",
}


@dataclass(frozen=True)
class Meaning:
    """What a column's name says. figure: such as `val accuracy`, `epoch`, `learning_rate`, or "" for none of
    them.

    rank: the lower, the plainer the name. prefix: its words that no figure has, as one string.
    """

    figure: str
    rank: int = 0
    prefix: str = ""


def words_of(name: str) -> list[str]:
    """The words of a column name, lower-case: `valAcc` and `val/acc` are both val, acc."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name.strip())
    text = " ".join(re.findall(r"[a-z]+\d*|\d+", spaced.lower()))
    for pair, one in _PAIRS:
        text = re.sub(rf"\b{pair}\b", one, text)
    return text.split()


def meaning_of(name: str) -> Meaning:
    """What `name` says; a name that could be two figures is none."""
    words = words_of(name)
    if not words:
        return Meaning("")
    if len(words) == 1 and words[0] in _EPOCHS:
        return Meaning("epoch", _EPOCHS[words[0]])
    if len(words) <= 2 and words[-1] in _STEPS and words[0] in {*_STEPS, "trainer", "train", "global"}:
        return Meaning("step", _STEPS[words[-1]] + len(words))
    rate = _rate(words)
    return rate if rate else _figure(words)


def _rate(words: list[str]) -> Meaning | None:
    """A learning rate: `lr`, `lr/pg0`, `lr-SGD`, `train_lr`, `learning_rate`."""
    at = next(
        (place for place, word in enumerate(words) if word in _RATES or re.fullmatch(r"lr\d", word)), None
    )
    if at is None or at > 2 or set(words) & set(_QUANTITIES):
        return None
    group = "".join(re.findall(r"\d+", " ".join(words[at:])))
    return Meaning("learning_rate", int(group or 0) if at == 0 else 5)


def _figure(words: list[str]) -> Meaning:
    phase, quantity, score, rank = "", "", "", 0
    prefix: list[str] = []
    for word in words:
        if word in PHASES:
            phase = phase or PHASES[word]
        elif word in _QUANTITIES:
            if quantity and quantity != _QUANTITIES[word] and {quantity, word} != {"loss", "crossentropy"}:
                return Meaning("")
            quantity = quantity or _QUANTITIES[word]
        elif word in SCORES:
            score = score or word
        elif word == "step":
            rank += 10  # Lightning's train_loss_step beside its train_loss_epoch
        elif word == "epoch":
            rank -= 1
        elif word in _FILLERS:
            rank += 1
        else:
            prefix.append(word)
    if score and not quantity:
        return Meaning(f"{phase} score".strip(), 10 * SCORES.index(score) + rank, " ".join(prefix))
    if not quantity or score or set(prefix) & _OTHER:
        return Meaning("")
    return Meaning(f"{phase} {quantity}".strip(), rank, " ".join(prefix))


def recognize(names: Iterable[str]) -> dict[str, str]:
    """Column of `names` by figure: `epoch`, `step`, `accuracy`, `loss`, `val_accuracy`, `val_loss`,
    `learning_rate`.

    An error rate is given as `error` or `val_error`. Figures that no column has are left out.
    """
    meanings = {name: meaning_of(name) for name in names}
    plain = {name: each for name, each in meanings.items() if each.figure and not each.prefix}
    found = _best(plain)
    # A figure of one output of several (out_caps_acc) counts where the table has a plain loss and nothing
    # plainer.
    if any(figure.endswith("loss") for figure in found):
        others = {
            n: m for n, m in meanings.items() if m.figure and m.prefix and not m.figure.endswith("loss")
        }
        first = next((m.prefix for m in others.values() if m.figure.endswith("accuracy")), None)
        if not any(figure.endswith(("accuracy", "error")) for figure in found):
            found = {**_best({n: m for n, m in others.items() if m.prefix == first}), **found}
    else:
        found = {**_detection(list(meanings)), **found}
    return _placed(found)


def _best(meanings: dict[str, Meaning]) -> dict[str, str]:
    """The plainest column of each figure."""
    best: dict[str, str] = {}
    for name, each in meanings.items():
        if each.figure not in best or each.rank < meanings[best[each.figure]].rank:
            best[each.figure] = name
    return best


def _detection(names: list[str]) -> dict[str, str]:
    """Losses of object detection (Ultralytics): of the classes, else of the boxes; and the mAP at 50 %."""
    found: dict[str, str] = {}
    for part in ("box", "cls"):
        for name in names:
            words = words_of(name)
            if part in words and "loss" in words and words[0] in PHASES:
                found[f"{PHASES[words[0]]} loss"] = name
    return found if "train loss" in found else {}


def _placed(best: dict[str, str]) -> dict[str, str]:
    """Figures by the names used here. Bare `accuracy` is training accuracy, as in Keras, unless it is the
    only one beside training and validation losses, as in fastai and Ultralytics."""
    placed: dict[str, str] = {key: best[key] for key in ("epoch", "step", "learning_rate") if key in best}
    validation = "val" if any(key.startswith("val ") for key in best) else "test"
    for quantity in ("accuracy", "loss", "error"):
        if f"{validation} {quantity}" in best:
            placed[f"val_{quantity}"] = best[f"{validation} {quantity}"]
        if f"train {quantity}" in best:
            placed[quantity] = best[f"train {quantity}"]
    both_losses = "train loss" in best and f"{validation} loss" in best
    for quantity in ("accuracy", "loss", "error"):
        if quantity not in best:
            continue
        if quantity != "loss" and both_losses and f"val_{quantity}" not in placed:
            placed[f"val_{quantity}"] = best[quantity]
        elif quantity not in placed:
            placed[quantity] = best[quantity]
    for side in ("", "val_"):
        if f"{side}accuracy" in placed:
            placed.pop(f"{side}error", None)
    return _with_score(placed, best, validation, both_losses)


def _with_score(
    placed: dict[str, str], best: dict[str, str], validation: str, both_losses: bool
) -> dict[str, str]:
    """A score (F1, Dice, mAP) in the place of the accuracy of a table that has no accuracy at all."""
    if any(key.endswith(("accuracy", "error")) for key in placed) or not {"loss", "val_loss"} & set(placed):
        return placed
    for key, side in (
        (f"{validation} score", "val_"),
        ("train score", ""),
        ("score", "val_" if both_losses else ""),
    ):
        if key in best and f"{side}accuracy" not in placed:
            placed[f"{side}accuracy"] = best[key]
    return placed


def is_score(name: str) -> bool:
    """Whether a column is a score other than accuracy, which tells nothing of classes and chance."""
    return meaning_of(name).figure.endswith("score")
