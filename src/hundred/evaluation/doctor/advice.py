"""What to try next, in the terms of the framework that wrote the history: settings of a recipe, a line of
code, or plain words where the framework is not known."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hundred.evaluation.doctor.features import HistoryFeatures

# Tasks in which a mirrored or shifted sample keeps its label.
_PICTURES = ("images", "segmentation", "detection")


@dataclass(frozen=True)
class Action:
    """One thing to try. kind: a key of the tables below; value: a learning rate, a number of epochs, a
    share."""

    kind: str
    value: float | int | tuple[float, ...] = 0


def rate(features: HistoryFeatures, factor: float) -> list[Action]:
    """The highest learning rate of the run times `factor`; a word on its direction where the rate is not
    known."""
    peak = features.rates.peak
    if peak is None:
        return [Action("lower-rate" if factor < 1 else "higher-rate", factor)]
    return [Action("rate", float(f"{peak * factor:.1g}"))]


def longer(features: HistoryFeatures, times: float) -> Action:
    """So many times the epochs, beyond those that the run had or planned."""
    history = features.history
    if history.unit != "epoch":
        return Action("longer", times)
    done = int(history.epoch[-1]) + (1 if history.from_zero else 0)
    planned = max(history.context.epochs or 0, done)
    return Action("epochs", max(round(planned * times), done + 2))


CUT_ON_PLATEAU = Action("cut-on-plateau")
COSINE = Action("cosine")
AUGMENT = Action("augment")
LESS_AUGMENTATION = Action("less-augmentation")
WEIGHT_DECAY = Action("weight-decay")
LESS_WEIGHT_DECAY = Action("less-weight-decay")
EARLY_STOPPING = Action("early-stopping")
CLIPPING = Action("clipping")
WARMUP = Action("warmup")
LARGER_MODEL = Action("larger-model")
AVERAGING = Action("averaging")
MORE_VALIDATION = Action("more-validation")
OTHER_SPLIT = Action("other-split")
PATIENCE = Action("patience")


def rendered(actions: Sequence[Action], framework: str, task: str = "") -> tuple[str, ...]:
    """The actions in the terms of `framework`; what it has no term for in plain words."""
    found: list[str] = []
    for action in actions:
        if action.kind == "augment" and framework != "hundred" and task not in _PICTURES:
            found.append(_words(action, task))
            continue
        table = _TERMS.get(framework, {})
        lines = table[action.kind](action.value) if action.kind in table else [_words(action, task)]
        found.extend(lines)
    return tuple(dict.fromkeys(found))


def _code(*lines: str) -> Callable[[object], list[str]]:
    """Lines in which {0} is the value."""
    return lambda value: [line.format(_plain(value)) for line in lines]


def _plain(value: object) -> str:
    return f"{value:.2g}" if isinstance(value, float) else str(value)


def _milestones(value: object) -> list[str]:
    shares = ",".join(f"{share:g}" for share in value) if isinstance(value, tuple) else ""
    return [
        "--set training.schedule.name=step",
        f"--set training.schedule.milestones=[{shares}]",
        "--set training.schedule.gamma=0.2",
    ]


_CUTS = ("--set callbacks.reduce_on_plateau.patience=5", "--set callbacks.reduce_on_plateau.factor=0.3")
_HUNDRED: dict[str, Callable[[object], list[str]]] = {
    "rate": _code("--set training.learning_rate={0}"),
    "lower-rate": _code("--set training.learning_rate=0.001"),
    "higher-rate": _code("--set training.learning_rate=0.001"),
    "epochs": _code("--set training.epochs={0}"),
    "cut-on-plateau": _code(*_CUTS),
    "cosine": _code("--set training.schedule.name=cosine", "--set training.schedule.warmup=0.05"),
    "sooner-cuts": _milestones,
    "patience": _code(*_CUTS, "--set callbacks.reduce_on_plateau.cooldown=3"),
    "augment": _code("--set augment.flip=random", "--set augment.crop_padding=4"),
    "less-augmentation": _code(
        "--set augment.rotation=0",
        "--set augment.width_shift=0.1",
        "--set augment.height_shift=0.1",
        "--set augment.zoom=0",
        "--set augment.cutout=0",
        "--set augment.erasing=0",
        "--set augment.vertical_flip=false",
        "--set augment.randaugment_layers=0",
    ),
    "weight-decay": _code("--set training.weight_decay=0.0005"),
    "less-weight-decay": _code("--set training.weight_decay=0"),
    "early-stopping": _code(
        "--set callbacks.early_stopping.patience=5",
        "--set callbacks.early_stopping.restore_best_weights=true",
    ),
    "clipping": _code("--set training.gradient_clip=1.0"),
    "warmup": _code("--set training.schedule.warmup=0.1"),
    "larger-model": _code("--set model.name=resnet18"),
    "averaging": _code("--set training.ema=0.99"),
    "more-validation": _code("--set data.validation_per_class=50"),
    "other-split": _code("--set data.protocol=holdout", "--set data.split_seed=100"),
}
_KERAS: dict[str, Callable[[object], list[str]]] = {
    "rate": _code("optimizer=keras.optimizers.Adam(learning_rate={0})"),
    "epochs": _code("model.fit(..., epochs={0})"),
    "cut-on-plateau": _code("keras.callbacks.ReduceLROnPlateau(monitor='val_loss', factor=0.3, patience=5)"),
    "patience": _code(
        "keras.callbacks.ReduceLROnPlateau(monitor='val_loss', factor=0.3, patience=5, cooldown=3)"
    ),
    "cosine": _code("learning_rate=keras.optimizers.schedules.CosineDecay(initial_rate, decay_steps)"),
    "early-stopping": _code(
        "keras.callbacks.EarlyStopping(monitor='val_loss', patience=5, restore_best_weights=True)"
    ),
    "augment": _code("keras.layers.RandomFlip('horizontal'), keras.layers.RandomTranslation(0.1, 0.1)"),
    "weight-decay": _code("keras.layers.Dropout(0.3) before the last layer, or AdamW(weight_decay=0.01)"),
    "clipping": _code("keras.optimizers.Adam(..., clipnorm=1.0)"),
    "averaging": _code("keras.optimizers.Adam(..., use_ema=True)"),
}
_ULTRALYTICS: dict[str, Callable[[object], list[str]]] = {
    "rate": _code("optimizer=AdamW lr0={0}"),
    "epochs": _code("epochs={0}"),
    "cosine": _code("cos_lr=True"),
    "early-stopping": _code("patience=10"),
    "augment": _code("fliplr=0.5 erasing=0.4 auto_augment=randaugment"),
    "less-augmentation": _code("auto_augment=None erasing=0 degrees=0 scale=0.2"),
    "weight-decay": _code("weight_decay=0.005 dropout=0.2"),
    "less-weight-decay": _code("weight_decay=0"),
    "warmup": _code("warmup_epochs=5"),
    "larger-model": _code("model=yolo11s-cls.pt"),
}
_LIGHTNING: dict[str, Callable[[object], list[str]]] = {
    "rate": _code("torch.optim.AdamW(self.parameters(), lr={0}) in configure_optimizers"),
    "epochs": _code("Trainer(max_epochs={0})"),
    "cut-on-plateau": _code("torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.3, patience=5)"),
    "patience": _code(
        "torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.3, patience=5, cooldown=3)"
    ),
    "cosine": _code("torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=max_epochs)"),
    "early-stopping": _code(
        "EarlyStopping(monitor='val_loss', patience=5), ModelCheckpoint(monitor='val_loss')"
    ),
    "augment": _code("torchvision.transforms.v2.RandomHorizontalFlip(), RandomCrop(size, padding=4)"),
    "weight-decay": _code("torch.optim.AdamW(..., weight_decay=0.01)"),
    "clipping": _code("Trainer(gradient_clip_val=1.0)"),
    "averaging": _code("StochasticWeightAveraging(swa_lrs=...)"),
}
_FASTAI: dict[str, Callable[[object], list[str]]] = {
    "rate": _code("learn.fit_one_cycle(epochs, lr_max={0})"),
    "epochs": _code("learn.fit_one_cycle({0})"),
    "cosine": _code("learn.fit_one_cycle(...)"),
    "cut-on-plateau": _code("ReduceLROnPlateau(monitor='valid_loss', patience=3)"),
    "early-stopping": _code(
        "cbs=[EarlyStoppingCallback(monitor='valid_loss', patience=3), "
        "SaveModelCallback(monitor='valid_loss')]"
    ),
    "augment": _code("batch_tfms=aug_transforms()"),
    "weight-decay": _code("learn.fit_one_cycle(..., wd=0.1)"),
    "clipping": _code("cbs=[GradientClip(1.0)]"),
}
_TRANSFORMERS: dict[str, Callable[[object], list[str]]] = {
    "rate": _code("TrainingArguments(learning_rate={0})"),
    "epochs": _code("TrainingArguments(num_train_epochs={0})"),
    "cosine": _code("TrainingArguments(lr_scheduler_type='cosine', warmup_ratio=0.05)"),
    "early-stopping": _code(
        "TrainingArguments(load_best_model_at_end=True) with EarlyStoppingCallback(early_stopping_patience=3)"
    ),
    "weight-decay": _code("TrainingArguments(weight_decay=0.05)"),
    "clipping": _code("TrainingArguments(max_grad_norm=1.0)"),
    "warmup": _code("TrainingArguments(warmup_ratio=0.1)"),
}
_TIMM: dict[str, Callable[[object], list[str]]] = {
    "rate": _code("--lr {0}"),
    "epochs": _code("--epochs {0}"),
    "cosine": _code("--sched cosine --warmup-epochs 5"),
    "augment": _code("--aa rand-m9-mstd0.5 --reprob 0.25"),
    "less-augmentation": _code("--no-aug, or --mixup 0 --cutmix 0 --reprob 0"),
    "weight-decay": _code("--weight-decay 0.05 --drop-path 0.1"),
    "clipping": _code("--clip-grad 1.0"),
    "warmup": _code("--warmup-epochs 5"),
    "averaging": _code("--model-ema"),
}
_TERMS = {
    "hundred": _HUNDRED,
    "keras": _KERAS,
    "ultralytics": _ULTRALYTICS,
    "lightning": _LIGHTNING,
    "fastai": _FASTAI,
    "transformers": _TRANSFORMERS,
    "timm": _TIMM,
}
_IN_WORDS = {
    "rate": "a learning rate of {0}",
    "lower-rate": "a learning rate a few times lower",
    "higher-rate": "a learning rate a few times higher",
    "epochs": "train to epoch {0}",
    "longer": "train longer",
    "cut-on-plateau": "lower the learning rate when the validation loss stops falling",
    "patience": "lower the learning rate later and by less at once",
    "sooner-cuts": "lower the learning rate sooner",
    "cosine": "a cosine schedule of the learning rate",
    "less-augmentation": "weaker augmentation, or less dropout",
    "weight-decay": "weight decay or dropout",
    "less-weight-decay": "less weight decay",
    "early-stopping": "stop when the validation loss stops falling, and keep the best weights",
    "clipping": "clip the gradients",
    "warmup": "warm the learning rate up over the first steps",
    "larger-model": "a larger model",
    "averaging": "an average of the weights over the last steps",
    "more-validation": "more validation data, or cross-validation",
    "other-split": "check the validation data: labels, preprocessing, overlap with the training data",
}


def _words(action: Action, task: str) -> str:
    if action.kind == "augment":
        return _AUGMENT.get(task, _ANY)
    return _IN_WORDS[action.kind].format(_plain(action.value))


_ANY = "more data, or augmentation that keeps the label (flips only where a mirrored sample means the same)"
_PICTURE = "augmentation: random flips and crops, where a mirrored image means the same"
_AUGMENT = {
    "images": _PICTURE,
    "segmentation": _PICTURE,
    "detection": _PICTURE,
    "text": "more data, or augmentation by paraphrase or word dropout",
    "sound": "more data, or augmentation by noise, shifts in time and SpecAugment",
    "signal": "more data, or augmentation by noise and windows cut at random",
}
