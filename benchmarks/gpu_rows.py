"""The rows of `python -m benchmarks.gpu`: each a generator of (what, value, detail)."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import hundred
from benchmarks.resnet9 import ResNet9
from hundred.data.dataset import Dataset
from hundred.errors import HundredError
from hundred.evaluation.intervals import summarize
from hundred.evaluation.predict import predict_logits
from hundred.experiment.build.trainer import Splits, build_run_parts
from hundred.models.registry import build, names
from hundred.recipe.load import for_device, load_recipe
from hundred.runs.run import Run
from hundred.training.cuda_graph import WARMUP, Capture, GraphedSteps, cuda_capture
from hundred.training.trainer import Trainer

Rows = Iterator[tuple[str, str, str]]
SIDES = (20, 24, 32)
# The row of 75 %: the recipe's [cuda] tables, trained on all training images.
SPRINT = {"data.protocol": "full"}
TINY: dict[str, Any] = {"model.width1": 4, "model.width2": 4, "model.width3": 4, "training.batch_size": 32}
TINY |= {"training.epochs": 5, "training.precision": "float32"}


@dataclass(frozen=True)
class Setting:
    """What is measured on: the images, their name for commands, the folder for runs, seeds, dry or not."""

    dataset: Dataset
    data: str
    folder: Path
    seeds: int
    dry: bool = False

    @property
    def device(self) -> torch.device:
        """The GPU, or the CPU of a dry run."""
        return torch.device("cpu" if self.dry else "cuda")

    @property
    def sprint(self) -> dict[str, Any]:
        """Overrides of the recipe `sprint`."""
        return {**SPRINT, **(TINY if self.dry else {})}

    def capture(self) -> Capture:
        """CUDA graphs; in a dry run, work that is done again at each replay."""
        return repeated if self.dry else cuda_capture()

    def wait(self) -> None:
        """Until the device has done all work that was given to it."""
        if not self.dry:
            torch.cuda.synchronize()


def repeated(
    work: Callable[[], tuple[Tensor, Tensor]],
) -> tuple[Callable[[], None], tuple[Tensor, Tensor]]:
    """A stand-in for a capture where there is no GPU: like one, it does nothing before the first replay."""
    results = torch.zeros(()), torch.zeros((), dtype=torch.long)

    def replay() -> None:
        for old, new in zip(results, work(), strict=True):
            old.copy_(new)

    return replay, results


def sprint_parts(setting: Setting, seed: int, extra: dict[str, Any] | None = None) -> tuple[Splits, Trainer]:
    """Splits and trainer of `sprint` as it is on a GPU."""
    resolved = load_recipe("sprint", {}, [f"{k}={v}" for k, v in {**setting.sprint, **(extra or {})}.items()])
    recipe = for_device(resolved, "cuda").recipe.model_copy(update={"seed": seed})
    return build_run_parts(recipe, setting.dataset, setting.device)


def steps_a_second(setting: Setting, step: Callable[[], object], steps: int) -> float:
    """After twice the steps that a graph needs before it is replayed."""
    for _ in range(2 * WARMUP):
        step()
    setting.wait()
    begin = time.perf_counter()
    for _ in range(steps):
        step()
    setting.wait()
    return steps / (time.perf_counter() - begin)


def step_speeds(setting: Setting) -> Rows:
    """The step of `sprint` at each image size: eager, with cuDNN's search for kernels, and as a graph."""
    rounds, steps = (1, 2) if setting.dry else (3, 30)
    for side in SIDES:
        found: dict[str, list[float]] = {}
        for _ in range(rounds):
            for name, search, graphed in (
                ("eager", False, False),
                ("cudnn.benchmark", True, False),
                ("CUDA graph", False, True),
                ("CUDA graph, cudnn.benchmark", True, True),
            ):
                torch.backends.cudnn.benchmark = search
                found.setdefault(name, []).append(_step_speed(setting, side, steps, graphed=graphed))
        torch.backends.cudnn.benchmark = False
        for name, speeds in found.items():
            ratios = [ours / eager for ours, eager in zip(speeds, found["eager"], strict=True)]
            yield (
                f"sprint step, {side} pixels, {name}",
                f"{statistics.median(speeds):,.0f} images/s",
                f"{statistics.median(ratios):.2f} times eager ({min(ratios):.2f} to {max(ratios):.2f})",
            )


def _step_speed(setting: Setting, side: int, steps: int, *, graphed: bool) -> float:
    _, trainer = sprint_parts(setting, 0)
    trainer.network.train()
    step = GraphedSteps(trainer, setting.capture()).step if graphed else trainer.step
    inputs, targets = next(iter(trainer.batches.epoch(1, [side])))
    return steps_a_second(setting, lambda: step(inputs, targets), steps) * len(inputs)


def sprint_seeds(setting: Setting, seconds: float) -> Rows:
    """Accuracy and time of `sprint`, seed after seed, eager and (twice) as graphs, in this warm process."""
    end = time.monotonic() + seconds
    found: list[tuple[float, float]] = []
    while len(found) < setting.seeds and (not found or time.monotonic() < end):
        found.append(train_sprint(setting, len(found), graphed=False))
    yield summary("sprint, eager: test accuracy", [100 * accuracy for accuracy, _ in found], "%", setting)
    yield summary("sprint, eager: prepare and train", [seconds for _, seconds in found], " s", setting)
    graphs = [train_sprint(setting, seed, graphed=True) for seed in range(min(2, setting.seeds))]
    yield summary("sprint, CUDA graphs: test accuracy", [100 * each for each, _ in graphs], "%", setting)
    yield summary("sprint, CUDA graphs: prepare and train", [each for _, each in graphs], " s", setting)


def train_sprint(setting: Setting, seed: int, *, graphed: bool) -> tuple[float, float]:
    """Test accuracy, single view, and the seconds of preparing and training."""
    setting.wait()
    begin = time.perf_counter()
    splits, trainer = sprint_parts(setting, seed)
    if graphed:
        vars(trainer)["step"] = GraphedSteps(trainer, setting.capture()).step
    for _ in trainer.run():
        pass
    setting.wait()
    seconds = time.perf_counter() - begin
    scaling = splits.scaling
    logits = predict_logits(trainer.network, splits.test.images, mean=scaling.mean, std=scaling.std)
    return float((logits.argmax(1) == splits.test.fine.cpu()).float().mean()), seconds


def summary(what: str, values: list[float], unit: str, setting: Setting) -> tuple[str, str, str]:
    """Mean, with its 95 % interval and the number of seeds."""
    found = summarize(values)
    interval = "" if found.low is None else f"{found.low:.2f} to {found.high:.2f}, "
    short = "" if len(values) == setting.seeds else f" of {setting.seeds}"
    return what, f"{found.mean:.2f}{unit}", f"{interval}{len(values)}{short} seeds"


def cold_command(setting: Setting, seconds: float) -> Rows:
    """The whole command, from the start of Python to its end, and to its result."""
    sets = [f"--set={key}={value}" for key, value in setting.sprint.items()]
    if setting.dry:
        sets += ["--set=data.train_per_class=4", "--set=data.test_per_class=1", "--set=tracking.mlflow=false"]
        sets += ["--no-figures"]
    name = f"cold-{int(time.time())}"
    command = [sys.executable, "-m", "hundred", "train", "sprint", "--data", setting.data]
    command += ["--device", setting.device.type, "--runs", str(setting.folder / "runs"), "--name", name]
    begin = time.perf_counter()
    done = subprocess.run(
        [*command, "--json", *sets], capture_output=True, text=True, check=False, timeout=seconds
    )
    whole = time.perf_counter() - begin
    if done.returncode:
        raise HundredError(done.stderr.strip()[-300:] or "the command failed")
    result = json.loads(done.stdout)
    yield (
        "hundred train sprint, from a cold command",
        f"{result['total_seconds']:.1f} s to the result",
        f"{result['test_accuracy']:.2%}; {whole:.1f} s with pictures, "
        f"{result['train_seconds']:.1f} s preparing and training",
    )


def plain_speed(setting: Setting, network: nn.Module, batch: int, steps: int) -> float:
    """Images per second of a plain loop: channels last, autocast, SGD with Nesterov momentum."""
    device = setting.device
    network = network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.SGD(network.parameters(), 0.01, momentum=0.9, nesterov=True, weight_decay=5e-4)
    inputs = torch.randn(batch, 3, 32, 32, device=device).to(memory_format=torch.channels_last)
    targets = torch.randint(100, (batch,), device=device)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device.type, dtype=torch.bfloat16):
            loss = F.cross_entropy(network(inputs), targets)
        loss.backward()
        optimizer.step()

    return steps_a_second(setting, step, steps) * batch


def resnet9(setting: Setting) -> Rows:
    """The network of the speed contests in a plain loop, for comparison."""
    batch, steps = (4, 1) if setting.dry else (512, 30)
    speed = plain_speed(setting, ResNet9(100, 4 if setting.dry else 64), batch, steps)
    yield "ResNet-9, a plain loop, batch 512", f"{speed:,.0f} images/s", "bfloat16 autocast, channels last"


def networks(setting: Setting, seconds: float) -> Rows:
    """Images per second of each built-in network in the same plain loop, without data path."""
    end = time.monotonic() + seconds
    batch, steps = (4, 1) if setting.dry else (128, 20)
    for name in ("sprint",) if setting.dry else names():
        if time.monotonic() > end:
            yield f"{name}, batch {batch}", "not measured", "no time was left"
            continue
        try:
            speed = f"{plain_speed(setting, build(name), batch, steps):,.0f} images/s"
        except torch.OutOfMemoryError:
            speed = "out of memory"
        yield f"{name}, batch {batch}", speed, "a plain loop, 32 pixels"


def marathon(setting: Setting, seconds: float) -> Rows:
    """`hundred train marathon` within a time limit."""
    sets: dict[str, Any] = {"tracking.mlflow": False}
    limit: dict[str, Any] = {"minutes": seconds / 60}
    if setting.dry:
        limit = {"epochs": 1}
        sets |= {"model.width": 2, "training.batch_size": 64, "training.resolutions": []}
    run = hundred.train(
        "marathon",
        data=setting.dataset,
        device=setting.device.type,
        runs=setting.folder / "runs",
        set=sets,
        quiet=True,
        figures=False,
        **limit,
    )
    result = Run(run.path).result
    yield (
        f"marathon, --minutes {seconds / 60:.1f}",
        f"{result['test_accuracy']:.2%}",
        f"{result['epochs']} epochs, {result['images_per_second']:,.0f} images/s, "
        f"{result['total_seconds']:.0f} s in all",
    )
