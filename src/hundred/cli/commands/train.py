"""`hundred train`."""

import os
import sys
import time
from contextlib import redirect_stdout, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hundred.cli import complete
from hundred.cli.background import background_option, launch
from hundred.cli.next_commands import listing, print_next
from hundred.cli.output import (
    data_option,
    device_option,
    first_line,
    json_option,
    print_json,
    print_pairs,
    set_option,
)
from hundred.cli.run_names import existing, runs_option
from hundred.formatting import MISSING, command, duration, file_size, percent
from hundred.runs.layout import REPORT, is_run

if TYPE_CHECKING:
    from hundred.runs.repeats import Repeats
    from hundred.runs.run import Run

# Of drawing pictures, once the result is printed.
NICE = 10


def _process_started() -> float:
    """`time.monotonic()` when this process started, so that `--minutes` counts from the command."""
    try:
        with open("/proc/self/stat", encoding="ascii") as stat:  # noqa: PTH123
            ticks = int(stat.read().rpartition(")")[2].split()[19])
        since_boot = ticks / os.sysconf("SC_CLK_TCK")
        return time.monotonic() - (time.clock_gettime(time.CLOCK_BOOTTIME) - since_boot)
    except (OSError, ValueError, IndexError, AttributeError):
        return time.monotonic()


@click.command()
@click.argument("recipe", required=False, shell_complete=complete.recipes)
@data_option
@click.option(
    "--from",
    "start_from",
    metavar="FILE-OR-RUN",
    help="Train the network of a saved model further: a run's, or anyone's Keras .h5 or .keras.",
)
@click.option(
    "--scale",
    metavar="SCALE",
    help="With --from: the pixel scale of a Keras file, see `hundred test --help`; measured where not given.",
)
@click.option(
    "--freeze",
    multiple=True,
    metavar="LAYERS",
    help="Layers that do not train: `backbone` (all but the last), or names with wildcards.",
)
@click.option(
    "--epochs",
    type=click.FloatRange(min=0, min_open=True),
    help="Epochs to train, instead of the recipe's; also a fraction, such as 4.5.",
)
@click.option(
    "--minutes", type=float, help="Time limit of the command: epochs are planned from measured speed."
)
@click.option(
    "--target", type=float, help="Test accuracy to reach, such as 0.64, by the cheapest known setting."
)
@click.option("--seed", type=click.IntRange(min=0), help="Of every random draw (the recipe's: 0).")
@click.option(
    "--repeat",
    type=click.IntRange(min=1),
    default=1,
    help="Seeds to train; reports mean and interval.",
)
@click.option(
    "--ray", metavar="ADDRESS", help="With --repeat: train the seeds on a Ray cluster; see `hundred sweep`."
)
@device_option
@click.option(
    "--protocol",
    type=click.Choice(["holdout", "full", "test-as-validation"]),
    help="Which images validate; see `hundred show`.",
)
@set_option("Override a value of the recipe.")
@click.option("--name", help="Name of the run directory (recipe and time).")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Tag the run; see `hundred runs --help`.")
@click.option("--note", default="", metavar="TEXT", help="A note for `hundred runs` and trackers.")
@runs_option
@click.option(
    "--resume",
    is_flag=True,
    help="Go on with the run NAME, the run directory given as RECIPE, or the newest unfinished one.",
)
@click.option(
    "--rewarm",
    is_flag=True,
    help="With --resume and more --epochs: run the learning-rate schedule once more over the new epochs.",
)
@click.option("--skip-damaged", is_flag=True, help="Leave out pictures that cannot be decoded.")
@click.option("--doctor", is_flag=True, help="Diagnose the curves while the run goes on; see docs/doctor.md.")
@click.option("--figures/--no-figures", default=True, show_default=True, help="Draw the pictures of the run.")
@click.option(
    "--test/--no-test",
    default=True,
    show_default=True,
    help="Test at the end. Use --no-test for runs that you will choose among.",
)
@click.option("--dry-run", is_flag=True, help="Show what would run, with its memory and time; train nothing.")
@click.option("--keep-checkpoint", is_flag=True, help="Keep checkpoint.pt when the run has finished.")
@background_option
@click.option("--quiet", is_flag=True, help="Show no progress, only warnings.")
@json_option
def train(as_json: bool, overrides: tuple[str, ...], background: bool, **options: Any) -> None:
    """Train a network by RECIPE: a built-in name (sprint), a TOML file, or a run directory to repeat.

    \b
    Examples:
      hundred train --data sample
      hundred train --data my-photos                (folders of pictures by class; see docs/data.md)
      hundred train school --data cifar-100-python --epochs 20 --set training.batch_size=256
      hundred train sprint --minutes 24 --repeat 3
      hundred train runs/school-2026-01-31-1200 --resume
      hundred train runs/school-2026-01-31-1200 --resume --epochs 60    (30 were trained)
      hundred train school-revisited --background
      hundred train school --from their-model.h5 --scale 0-255
      hundred train --from runs/school-2026-01-31-1200 --data my-photos --freeze backbone
      torchrun --nproc-per-node 4 -m hundred train wide-resnet-28-10    (four processes, one network)
    """
    started = _process_started()
    if options.pop("skip_damaged"):
        overrides = (*overrides, "data.skip_damaged=true")
    if freeze := options.pop("freeze"):
        overrides = (*overrides, f"training.freeze={list(freeze)}")
    doing = "training" if "RANK" in os.environ else _check(options, overrides)
    if background:
        launch(options["runs"], ray=options["ray"])
        return
    first_line(f"{doing}: loading PyTorch", quiet=options["quiet"])
    from hundred.experiment.train import train as train_run
    from hundred.runs.repeats import Repeats
    from hundred.training.strategies.distributed import follows

    if options.pop("dry_run"):
        _show_dry_run(overrides, {**options, "started": started}, as_json)
        return
    shown = _ShowResult(as_json=as_json, lower_priority=options["minutes"] is None)
    if options["ray"] is None:
        del options["ray"]
        if options["repeat"] == 1:
            options["on_result"] = shown
        outcome = train_run(options.pop("recipe"), set=overrides, started=started, **options)
    else:
        outcome = _on_ray(overrides, options)
    if follows():
        return
    if isinstance(outcome, Repeats):
        _show_repeats(outcome, as_json=as_json)
    else:
        shown.finish(outcome)


def _show_repeats(repeats: "Repeats", *, as_json: bool) -> None:
    if as_json:
        print_json({**repeats.summary, "results": [run.result for run in repeats.runs]})
    else:
        _print_repeats(str(repeats.path), repeats.summary)


class _ShowResult:
    """Prints the result of a run as soon as it is there, and then lets every other process go first."""

    def __init__(self, *, as_json: bool, lower_priority: bool) -> None:
        self.as_json, self.lower_priority, self.done = as_json, lower_priority, False

    def __call__(self, run: "Run") -> None:
        self.done = True
        if self.as_json:
            print_json(run.result)
        else:
            _print_result(str(run.path), run.result)
        sys.stdout.flush()
        if self.lower_priority and hasattr(os, "nice"):
            with suppress(OSError):
                os.nice(max(NICE - os.nice(0), 0))

    def finish(self, run: "Run") -> None:
        """Print what to do next, once the page is drawn and MLflow has the run; first the result, where the
        run was finished before this command."""
        if not self.done:
            self(run)
        if not self.as_json:
            path = str(run.path)
            tested = [] if run.result["test_accuracy"] is not None else [command("test", path)]
            commands = [*tested, command("doctor", path), *listing(run.path.parent)]
            print_next(commands, run.path / REPORT)


def _check(options: dict[str, Any], overrides: tuple[str, ...]) -> str:
    """What will be done, once recipe, values and run name are known to be right."""
    from hundred.data.opening.place import check_place
    from hundred.experiment.build.resolve import check_call, resolve
    from hundred.runs.labels import labels_of

    labels_of(options["tags"], options["note"])
    if options["start_from"] is not None:
        options["start_from"] = existing(options["start_from"], options["runs"])
    given = {key: options[key] for key in ("epochs", "target", "seed", "protocol", "doctor")}
    resolved = resolve(options["recipe"], overrides=overrides, **given)
    call = {key: options[key] for key in ("minutes", "repeat", "scale", "start_from", "name")}
    check_call(new_in=None if options["resume"] else options["runs"], **call)
    if options["resume"]:
        _check_resumed(options, resolved.recipe.name)
        return "resuming"
    if options["data"] is None and not _is_run(options["recipe"]):
        check_place(None)
    return f"training {resolved.recipe.name}"


def _check_resumed(options: dict[str, Any], recipe: str) -> None:
    """Raise UsageError where there is no such run, or no such repeats, to go on with."""
    from hundred.runs.directory import create_run_directory, repeats_folder

    runs, name = Path(options["runs"]), options["name"]
    if options["repeat"] > 1:
        repeats_folder(runs, name, recipe, options["repeat"], resume=True)
    elif name is not None or not _is_run(options["recipe"]):
        prefix = "" if options["recipe"] is None else recipe
        create_run_directory(runs, name, prefix=prefix, resume=True)


def _is_run(recipe: str | None) -> bool:
    return recipe is not None and is_run(Path(recipe))


def _show_dry_run(overrides: tuple[str, ...], options: dict[str, Any], as_json: bool) -> None:
    from hundred.experiment.dry_run import dry_run

    names = ("data", "start_from", "scale", "epochs", "minutes", "target", "seed", "device", "protocol")
    given = {name: options[name] for name in (*names, "figures", "quiet", "started")}
    plan = dry_run(options["recipe"], set=overrides, **given)
    if as_json:
        print_json(plan.as_dict())
        return
    counts = ", ".join(f"{count:,} {split}" for split, count in plan.images.items())
    steps = ", ".join(
        f"{duration(seconds)} at {side} pixels" if side else duration(seconds)
        for side, seconds in plan.step_seconds.items()
    )
    repeats = f" for each of {options['repeat']} seeds" if options["repeat"] > 1 else ""
    print_pairs(
        [
            ("recipe", plan.recipe),
            ("network", f"{plan.model}, {plan.parameters:,} parameters, on {plan.device}"),
            ("images", f"{counts}; {plan.classes} classes of {plan.data}"),
            ("from", plan.data_source),
            ("epochs", f"{plan.epochs:g}, of {plan.steps_per_epoch:,} steps of {plan.batch_size} images"),
            ("a step takes", steps),
            (
                "time",
                f"about {duration(plan.seconds)}, {duration(plan.train_seconds)} of it training{repeats}",
            ),
            ("memory", f"{file_size(plan.memory_bytes)} at most while measuring"),
        ]
    )
    for note in plan.notes:
        click.echo(f"note: {note}", err=True)


def _on_ray(overrides: tuple[str, ...], options: dict[str, Any]) -> Any:
    """Repeats on a Ray cluster."""
    from hundred.errors import UsageError
    from hundred.sweeps.retrain import repeat_on_ray

    for name in ("minutes", "start_from", "scale", "keep_checkpoint", "rewarm"):
        if options.pop(name):
            option = "from" if name == "start_from" else name.replace("_", "-")
            raise UsageError(f"--{option} does not go with --ray: leave one of them out")
    recipe, repeat, address = options.pop("recipe"), options.pop("repeat"), options.pop("ray")
    if repeat < 2:
        raise UsageError("--ray is for several seeds: add --repeat, or leave it out")
    with redirect_stdout(sys.stderr):  # Ray prints messages about failed machines
        return repeat_on_ray(recipe, repeat, address, set=overrides, **options)


def _print_result(path: str, result: dict[str, Any]) -> None:
    sample = "  (drawn sample set, not CIFAR-100)" if result["data"] == "sample" else ""
    chosen_on_test = (
        "  (the epoch was chosen on the test set: optimistic)"
        if result["protocol"] == "test-as-validation"
        else ""
    )
    click.echo()
    print_pairs(
        [
            *_tested(result, sample + chosen_on_test),
            ("validation", percent(result["val_accuracy"])),
            (
                "training",
                f"{duration(result['train_seconds'])} of {duration(result['total_seconds'])} in all",
            ),
            ("stopped", result["stopped"]),
            ("results", path),
        ]
    )


def _tested(result: dict[str, Any], mark: str) -> list[tuple[str, str]]:
    if result["test_accuracy"] is None:
        return [("test accuracy", "not measured")]
    return [
        ("test accuracy", percent(result["test_accuracy"]) + mark),
        *_averaged(result),
        ("top-5", percent(result["test_top5_accuracy"])),
        ("superclass", percent(result["test_coarse_accuracy"])),
        *_own(result),
    ]


def _own(result: dict[str, Any]) -> list[tuple[str, str]]:
    """The metrics that the recipe names."""
    return [(name, f"{result[f'test_{name}']:.4g}") for name in result.get("metrics", ())]


def _averaged(result: dict[str, Any]) -> list[tuple[str, str]]:
    """The test accuracy with test-time augmentation, marked as such."""
    if result.get("test_tta_accuracy") is None:
        return []
    return [(f"with {result['tta']}", percent(result["test_tta_accuracy"]) + "  (mean over several views)")]


def _print_repeats(path: str, content: dict[str, Any]) -> None:
    def line(figure: str) -> str:
        summary = content[figure]
        if summary is None:
            return MISSING
        if summary["low"] is None:
            return percent(summary["mean"])
        return (
            f"{percent(summary['mean'])}, standard deviation {percent(summary['sd'])}, "
            f"95 % interval {percent(summary['low'])} to {percent(summary['high'])}"
        )

    sample = "  (drawn sample set, not CIFAR-100)" if content["data"] == "sample" else ""
    click.echo()
    print_pairs(
        [
            ("seeds", ", ".join(str(seed) for seed in content["seeds"])),
            ("test accuracy", line("test_accuracy") + sample),
            ("validation", line("val_accuracy")),
            ("training", f"{duration(content['train_seconds']['mean'])} each"),
            ("results", path),
        ]
    )
    print_next([command("report", path), *listing(Path(path).parent)])
