"""How commands print: one JSON object, or aligned lines for people."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click

from hundred.cli import complete
from hundred.formatting import json_safe

Command = TypeVar("Command", bound=Callable[..., Any])


def _there(context: click.Context, _param: click.Parameter, where: str | None) -> str | None:
    """`where`, once it is a path that exists or the name of a set."""
    if where is not None and not context.resilient_parsing:
        from hundred.data.opening.place import check_place

        check_place(where)
    return where


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
data_option = click.option(
    "--data",
    metavar="PATH|NAME",
    callback=_there,
    shell_complete=complete.data,
    help="Images: a path in any form, or a name such as sample, cifar10 or hf:OWNER/NAME (CIFAR-100).",
)
device_option = click.option(
    "--device",
    default="auto",
    show_default=True,
    shell_complete=complete.devices,
    help="auto, cpu, cuda, cuda:1 or mps.",
)


def first_line(doing: str, *, quiet: bool = False) -> None:
    """Say what the command does, before it imports torch or pandas, which takes seconds."""
    from hundred.runs.progress.announce import announce

    announce(doing, quiet=quiet or bool({"torch", "pandas"} & set(sys.modules)))


def set_option(purpose: str) -> Callable[[Command], Command]:
    """`--set KEY=VALUE`, which may be repeated; `purpose` is its help."""
    return click.option(
        "--set",
        "overrides",
        multiple=True,
        metavar="KEY=VALUE",
        shell_complete=complete.settings,
        help=purpose,
    )


def print_json(value: Mapping[str, Any]) -> None:
    """One JSON object on standard output; NaN and infinities are null."""
    click.echo(json.dumps(json_safe(dict(value)), indent=2, ensure_ascii=False, allow_nan=False))


def print_pairs(pairs: Sequence[tuple[str, str]]) -> None:
    """Names and values in two columns."""
    width = max(len(name) for name, _ in pairs)
    for name, value in pairs:
        click.echo(f"{name:<{width}}  {value}")


def print_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table in plain columns; the last one is not padded."""
    widths = [max(len(row[i]) for row in [titles, *rows]) for i in range(len(titles))]
    for row in [titles, *rows]:
        click.echo("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
