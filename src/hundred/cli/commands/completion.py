"""`hundred completion`."""

import click
from click.shell_completion import get_completion_class

from hundred.cli.bash import register


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script for SHELL: commands, options, recipes, runs, and keys and values of --set.

    \b
    Example, for bash:
      hundred completion bash >> ~/.bashrc
    """
    from hundred.cli.main import commands

    register()
    kind = get_completion_class(shell)
    if kind is None:
        raise click.ClickException(f"click knows no shell {shell!r}")
    click.echo(kind(commands, {}, "hundred", "_HUNDRED_COMPLETE").source())
