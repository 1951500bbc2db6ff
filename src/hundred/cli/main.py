"""The entry point and the list of commands; each command is imported when it is called."""

import os
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from hundred.cli.unexpected import (
    discard_output,
    flush_output,
    is_interruption,
    prepare_streams,
    report_unexpected,
)
from hundred.errors import HundredError, nearest
from hundred.version import __version__

# Module and one-line help of each command, so that `hundred --help` imports none of them.
COMMANDS = {
    "train": ("train", "Train a network by a recipe."),
    "test": ("test", "Test a run, or any saved Keras model, on the test images."),
    "predict": ("predict", "Classify your own pictures."),
    "compare": ("compare", "Compare runs or files: which is better, and is the difference significant?"),
    "doctor": ("doctor", "Diagnose a training from its curves, and suggest what to try next."),
    "report": ("report", "Write one HTML page about a run, or about several side by side."),
    "find-lr": ("find_lr", "Find a learning rate for a recipe by a range test."),
    "audit": ("audit", "Find images that look mislabelled or that occur twice."),
    "export": ("export", "Write a trained network as a Keras or ONNX file."),
    "runs": ("runs", "List the runs here, best first; tag, note, archive, remove them."),
    "stop": ("stop", "Stop runs that are under way, keeping all they have done."),
    "recipes": ("recipes", "List the built-in recipes."),
    "show": ("recipes", "Show a recipe: every value and where it came from."),
    "data": ("data", "Show, download or verify the images on this machine."),
    "sweep": ("sweep", "Search over a recipe's values, here or on a Ray cluster."),
    "study": ("study", "Run the published study again and compare it with the published figures."),
    "ui": ("tracking", "Open the MLflow page on these runs."),
    "sync": ("tracking", "Send runs to MLflow that it does not have yet."),
    "completion": ("completion", "Print a shell's completion script."),
}


class Commands(click.Group):
    """A group whose commands are imported on use, and that names the nearest one for a mistyped name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command, or None."""
        if cmd_name not in COMMANDS:
            return None
        module, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(
            import_module(f"hundred.cli.commands.{module}"), cmd_name.replace("-", "_")
        )
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """As click's, with a hint for a mistyped name."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"there is no command {args[0]!r}{nearest(args[0], COMMANDS)}")
        if args and args[0] != "train" and "--help" not in args and _is_distributed():
            if os.environ["RANK"] != "0":
                ctx.exit(2)  # only the first process prints the error
            ctx.fail(f"torchrun is for `hundred train`: start `hundred {args[0]}` without it")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


def _is_distributed() -> bool:
    """Whether `torchrun` started this process together with others."""
    return "RANK" in os.environ and "MASTER_ADDR" in os.environ and os.environ.get("WORLD_SIZE", "1") != "1"


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="hundred", message="%(prog)s %(version)s")
def commands() -> None:
    """A laboratory for small-image classification: one command trains, tracks, tests and explains a network.

    \b
    Start here:
      hundred train --data sample          a small drawn set: nothing to download, about a minute
      hundred train --data PATH            the real CIFAR-100, in any published form
      hundred test runs/NAME               test what was trained
    """


def _with_our_name(error: click.NoSuchOption) -> click.NoSuchOption:
    """An unknown option that another tool has, such as --lr, with what to write here."""
    from hundred.recipe.keys import keys
    from hundred.recipe.synonyms import suggest_option

    options = [] if error.ctx is None else [name for each in error.ctx.command.params for name in each.opts]
    ours = suggest_option(error.option_name, keys(), options)
    if ours:
        return click.NoSuchOption(
            error.option_name, f"No such option: {error.option_name}; use {ours}", ctx=error.ctx
        )
    return error


def main(arguments: list[str] | None = None) -> None:
    """Run one command and exit: 0 done, 1 the work failed, 2 the call was wrong, 130 interrupted.

    Only SystemExit leaves it: an unexpected error becomes one line that names a file with its traceback.
    """
    prepare_streams()
    code: int | str | None = 1
    try:
        code = _run(arguments)
    except KeyboardInterrupt:
        code = 130
    except (Exception, GeneratorExit) as error:  # standard error itself cannot be written
        discard_output()
        code = 130 if is_interruption(error) else 1
    sys.exit(code)


def _run(arguments: list[str] | None) -> int:
    """Run one command; the exit status."""
    if "_HUNDRED_COMPLETE" in os.environ:
        from hundred.cli.bash import register

        register()
    if not _has_working_folder():
        click.echo("hundred: the folder that you are in was deleted: go to another one (cd)", err=True)
        return 1
    try:
        # click returns what --help and --version end with; a command returns nothing.
        if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:  # from `hundred.__main__`
            signal.signal(signal.SIGINT, signal.default_int_handler)
        code = commands.main(args=arguments, prog_name="hundred", standalone_mode=False) or 0
        trouble = flush_output()
        if trouble:
            click.echo(f"hundred: {trouble}", err=True)
            code = 1
    except click.exceptions.Exit as stop:
        code = stop.exit_code
    except click.NoSuchOption as error:
        _with_our_name(error).show()
        code = error.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except HundredError as error:
        click.echo(f"hundred: {error}", err=True)
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort) as stop:
        code = _interrupted(str(stop.__cause__ or stop))  # click raises its Abort from the KeyboardInterrupt
    except BrokenPipeError:
        discard_output()  # the reader (head, less) has closed the pipe
        code = 141
    except Exception as error:  # the last catch
        if is_interruption(error):
            return _interrupted("")
        click.echo(f"hundred: {report_unexpected(error)}", err=True)
        code = 1
    return int(code)


def _has_working_folder() -> bool:
    """False where it was deleted: relative paths mean nothing then, and libraries end the process."""
    try:
        Path.cwd()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True


def _interrupted(message: str) -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # everything is saved: another Ctrl-C could only do harm
    click.echo(f"hundred: interrupted{f': {message}' if message else ''}", err=True)
    return 130
