"""What wrote a history and what it is about, as far as the names of its columns and of its file tell."""

import re
from collections.abc import Iterable

FRAMEWORKS = ("hundred", "keras", "ultralytics", "lightning", "fastai", "transformers", "timm", "")

_TASKS = (
    (
        "text",
        r"text|sentiment|nlp|bert|gpt|tweet|imdb|news|translation|language|chatbot|spam|llm|toxic|word2?vec",
    ),
    (
        "sound",
        r"audio|sound|speech|voice|music|heart ?beat|heartsound|urbansound|spectrogram|\basr\b|whisper",
    ),
    ("signal", r"ecg|eeg|apnea|sensor|timeseries|time.series|stock|forecast|signal|lstm"),
    ("segmentation", r"segment|unet|u-net|\bdice|\biou\b|miou"),
    ("detection", r"map50|detect/|box_loss"),
)


def framework_of(names: Iterable[str], form: str = "") -> str:
    """One of FRAMEWORKS, from column names; "" where they do not tell."""
    lower = {str(name).strip().lower() for name in names}
    if "of Ultralytics" in form:
        return "ultralytics"
    starts = tuple(lower)
    bare = {name for name in lower if not name.startswith("val_")}
    without_train = not any(name.startswith("train") for name in lower)
    in_events = {name.replace("/", "_") for name in lower} if "TensorBoard" in form else lower
    tests = {
        "hundred": {"images_per_second", "learning_rate", "val_accuracy"} <= lower,
        "ultralytics": any(name.startswith(("metrics/accuracy_top", "metrics/map")) for name in starts),
        "transformers": {"eval_runtime"} <= in_events or {"train_loss", "train_learning_rate"} <= in_events,
        "fastai": {"train_loss", "valid_loss"} <= lower,
        "timm": "train_loss" in lower and any(name.startswith("eval_") for name in starts),
        "transformers, by its figures": "eval_loss" in lower
        or {"loss", "learning_rate", "epoch", "step"} <= lower,
        "lightning": {"epoch", "step"} <= lower and any(name.startswith(("train", "val")) for name in starts),
        "keras": {"loss", "val_loss"} <= lower
        and without_train
        and any(f"val_{name}" in lower for name in bare),
    }
    found = next((framework for framework, holds in tests.items() if holds), "").partition(",")[0]
    if any(re.match(r"(?:train|val)/epoch_", name) for name in lower) and "TensorBoard" in form:
        return "keras"
    return "" if found == "keras" and "console" in form else found


def task_of(source: str, names: Iterable[str] = ()) -> str:
    """`text`, `sound`, `signal`, `segmentation`, `detection`, or "" for not known; images are never
    guessed."""
    words = f"{source} {' '.join(map(str, names))}".lower().replace("_", " ").replace("+", " ")
    return next((task for task, pattern in _TASKS if re.search(pattern, words)), "")
