"""Options of the commands that open model files: the pixel scale, the output, code that may run."""

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from hundred.errors import HundredError, UsageError


def model_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --scale, --output, --custom and --allow-lambda, which `opening` turns into arguments."""
    options = (
        click.option(
            "--scale",
            multiple=True,
            metavar="[FILE=]SCALE",
            help="How a Keras file wants its pixels: 0-1, 0-255, tf (-1..1), caffe, torch, standard, or "
            "mean,mean,mean/std,std,std. Measured on training images where it is not given.",
        ),
        click.option("--output", metavar="NAME", help="The output to use, of a file that has several."),
        click.option(
            "--custom",
            multiple=True,
            metavar="MODULE:CLASS",
            help="A class of your own that the file uses, such as layers:MyBlock.",
        ),
        click.option(
            "--allow-lambda", is_flag=True, help="Run code inside the file: only for authors you trust."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def opening(scale: tuple[str, ...], custom: tuple[str, ...], **others: Any) -> dict[str, Any]:
    """The arguments of the library for what `model_options` read, with `others` as they are.

    Raises UsageError for a scale or class that cannot be.
    """
    from hundred.experiment.saved.open import parse_scales

    return {"scale": parse_scales(scale), "custom_objects": custom_objects(custom), **others}


def custom_objects(names: tuple[str, ...]) -> dict[str, Any]:
    """The classes and functions named as `module:Class`, from the working directory or installed packages."""
    found: dict[str, Any] = {}
    for name in names:
        module, _, attribute = name.partition(":")
        if not module or not attribute:
            raise UsageError(f"--custom {name}: it takes MODULE:CLASS, such as layers:MyBlock")
        sys.path.insert(0, str(Path.cwd()))
        try:
            found[attribute] = getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            raise UsageError(f"--custom {name}: {error}") from None
        finally:
            sys.path.pop(0)
    return found


@contextmanager
def library_names() -> Iterator[None]:
    """Name options instead of the library's arguments in errors."""
    try:
        yield
    except HundredError as error:
        text = str(error)
        for argument, option in (
            ("allow_lambda=True", "--allow-lambda"),
            ("pass it, as in hundred.load(path, custom_objects=", "give it with --custom MODULE:CLASS ("),
        ):
            text = text.replace(argument, option)
        if text == str(error):
            raise
        raise type(error)(text.replace(": ...})", ")").replace("({", "(")) from error
