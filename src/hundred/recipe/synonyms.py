"""What else people call keys, recipes and options, so that an unknown name is answered with the right one."""

from collections.abc import Iterable
from difflib import get_close_matches

from hundred.errors import nearest

# Other names -> keys of a recipe. Spelled in lower case without separators; see `_folded`.
KEYS = {
    "lr maxlr baselr initlr initiallr learningrate": "training.learning_rate",
    "wd l2 decay weightdecay regularization l2regularization": "training.weight_decay",
    "bs batch batchsize minibatch trainbatchsize": "training.batch_size",
    "epoch epochs nepochs numepochs nbepochs maxepochs trainepochs iterations": "training.epochs",
    "opt optim optimizer solver": "training.optimizer",
    "beta betas": "training.beta1",
    "eps": "training.epsilon",
    "scheduler lrscheduler lrschedule schedule sched lrpolicy": "training.schedule.name",
    "warmup warmupepochs warmupsteps warmuplr": "training.schedule.warmup",
    "etamin finallr endlr": "training.schedule.final",
    "milestones lrmilestones decayepochs lrsteps": "training.schedule.milestones",
    "gamma lrgamma decayrate lrdecay": "training.schedule.gamma",
    "smoothing labelsmooth labelsmoothing ls": "training.label_smoothing",
    "clip clipgrad gradclip clipnorm gradientclipping maxgradnorm clipgradnorm": "training.gradient_clip",
    "ema emadecay modelema weightaveraging": "training.ema",
    "amp fp16 bf16 half halfprecision mixedprecision dtype autocast": "training.precision",
    "imagesize imgsize inputsize resize resolution resolutions progressiveresizing": "training.resolutions",
    "numworkers workers threads nthreads numthreads": "training.batch_threads",
    "valinterval evalevery evalinterval checkvaleverynepoch": "training.validate_every",
    "saveevery savefreq savefrequency checkpointfrequency": "training.checkpoint_every",
    "arch architecture network net backbone modelname": "model.name",
    "pretrained weightspath loadweights initweights": "model.weights",
    "drop droprate dropoutrate dropout": "model.dropout",
    "valsplit validationsplit valsize valfraction validationsize holdout": "data.validation_per_class",
    "splitseed valseed": "data.split_seed",
    "normalize normalization normalise mean std standardize scaling rescale": "data.scaling",
    "subset limit ntrain trainsize fraction samplesperclass imagesperclass": "data.train_per_class",
    "ntest testsize": "data.test_per_class",
    "randomseed randomstate manualseed": "seed",
    "hflip fliplr randomflip randomhorizontalflip horizontalflip mirror": "augment.flip",
    "vflip flipud randomverticalflip": "augment.vertical_flip",
    "randomcrop crop padding croppad pad": "augment.crop_padding",
    "rotate degrees randomrotation rotationrange": "augment.rotation",
    "translate shift widthshiftrange": "augment.width_shift",
    "heightshiftrange": "augment.height_shift",
    "zoomrange scalerange": "augment.zoom",
    "colorjitter jitter brightnessrange": "augment.brightness",
    "aa autoaugment autoaug randaug randaugment": "augment.randaugment_layers",
    "trivialaugment trivialaugmentwide ta": "augment.trivial",
    "cutoutsize cutoutlength nholes": "augment.cutout",
    "randomerasing randomerase reprob erase": "augment.erasing",
    "mixupalpha": "augment.mixup",
    "cutmixalpha cutmixprob": "augment.cutmix",
    "patience earlystop earlystopping earlystoppingpatience": "callbacks.early_stopping.patience",
    "reducelronplateau reducelr plateau lrpatience": "callbacks.reduce_on_plateau.patience",
    "minlr": "callbacks.reduce_on_plateau.floor",
    "modelcheckpoint savebest savebestonly": "callbacks.checkpoint.keep",
    "targetaccuracy stopaccuracy": "callbacks.stop_at.value",
    "tb": "callbacks.tensorboard",
    "project experimentname mlflowexperiment": "tracking.experiment",
    "nomlflow usemlflow": "tracking.mlflow",
    # Keys that not every version has; one that is absent is never suggested.
    "swa swalr swastart stochasticweightaveraging": "training.swa",
    "classweight classweights balanced balance": "training.class_weights",
    "focal focalloss crossentropy criterion lossfunction loss": "training.loss",
    "accum accumulate accumulategradbatches gradaccum gradaccumsteps": "training.accumulate",
    "headdecay headweightdecay": "training.head_decay",
    "layerdecay llrd discriminativelr": "training.layer_decay",
    "freeze frozen freezebackbone": "training.freeze",
    "unfreeze unfreezeat unfreezeepoch": "training.unfreeze_at",
    "restarts warmrestarts cosinerestarts sgdr t0": "training.schedule.restarts",
    "distill distillation teacher knowledgedistillation kd": "training.teacher",
    "temperature distilltemperature": "training.temperature",
    "tta testtimeaugmentation": "evaluation.tta",
    "metric metrics": "evaluation.metrics",
}

# Other names -> built-in recipes.
RECIPES = {
    "default quick fast baseline airbench speedrun": "sprint",
    "resnet resnet-18 cifarresnet": "resnet18",
    "resnet-50": "resnet50",
    "imagenet": "resnet50-imagenet",
    "pretrained transferlearning finetune finetuning timm": "transfer",
    "wrn wideresnet wrn2810 wrn-28-10 wideresnet2810": "wide-resnet-28-10",
    "vgg vgg16 vgg16bn": "vgg16-bn",
    "best long overnight accurate": "marathon",
    "cnn small light": "simple",
}

# Options of other tools -> ours. What is a key of a recipe is found in KEYS.
OPTIONS = {
    "gpu gpus cuda usecuda accelerator": "--device cuda",
    "cpu nocuda": "--device cpu",
    "mps": "--device mps",
    "dataset datadir datapath dataroot dataurl": "--data",
    "output outputdir out outdir logdir savedir workdir": "--runs",
    "runname expname experiment tag": "--name",
    "time timelimit maxtime budget": "--minutes",
    "nseeds seeds repeats ntrials": "--repeat",
    "checkpoint ckpt load pretrained initfrom": "--from",
    "continue restart": "--resume",
    "verbose silent": "--quiet",
    "config recipe": "RECIPE (the first argument)",
}


def suggest_key(key: str, here: Iterable[str], known: Iterable[str]) -> str:
    """A hint for an unknown dotted `key`, such as ``; did you mean 'training.learning_rate'?``, else ''.

    here: names in its table. known: every dotted key.
    """
    name, known = key.rpartition(".")[2], list(known)
    leaves = {each.rpartition(".")[2]: each for each in reversed(known)}
    meant = _lookup(KEYS, name)
    if meant is None:
        close = get_close_matches(name, list(here), n=1, cutoff=0.6) if name not in leaves else []
        far = get_close_matches(name, leaves, n=1, cutoff=0.6)
        meant = close[0] if close else leaves[far[0]] if far else None
    elif meant not in known and not meant.startswith("model."):
        meant = None  # not in this version: a key with a similar name would mislead
    return f"; did you mean {meant!r}?" if meant else ""


def suggest_recipe(name: str, known: Iterable[str]) -> str:
    """A hint for an unknown recipe, else ''."""
    known = list(known)
    meant = _lookup(RECIPES, name)
    return f"; did you mean {meant!r}?" if meant in known else nearest(name, known)


def suggest_option(option: str, known: Iterable[str], options: Iterable[str]) -> str:
    """What to write instead of an unknown command-line `option`, else ''.

    known: every dotted key of a recipe. options: those that the command has.
    """
    options, name = list(options), option.lstrip("-").partition("=")[0]
    ours = _lookup(OPTIONS, name)
    if ours is not None and (ours.split()[0] in options or not ours.startswith("--")):
        return ours
    known = list(known)
    leaves = {_folded(each.rpartition(".")[2]): each for each in reversed(known)}
    meant = _lookup(KEYS, name) or leaves.get(_folded(name))
    if meant is None or meant not in known:
        return ""
    own = "--" + meant.rpartition(".")[2].replace("_", "-")
    return own if own in options else f"--set {meant}=VALUE" if "--set" in options else ""


def _lookup(table: dict[str, str], name: str) -> str | None:
    folded = _folded(name)
    return next(
        (meant for names, meant in table.items() if folded in {_folded(each) for each in names.split()}), None
    )


def _folded(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalnum())
