"""`hundred find-lr`."""

from typing import Any

import click

from hundred.cli import complete
from hundred.cli.output import data_option, device_option, first_line, json_option, print_json, set_option
from hundred.formatting import command, duration


@click.command("find-lr")
@click.argument("recipe", default="sprint", shell_complete=complete.recipes)
@data_option
@set_option("Override a value of the recipe.")
@click.option("--steps", type=int, help="Steps of the test (150).")
@click.option("--minutes", type=float, help="Take as many steps as fit into so many minutes instead.")
@click.option("--lowest", type=float, help="Lowest rate (by the optimizer).")
@click.option("--highest", type=float, help="Highest rate, unless training diverges (by the optimizer).")
@click.option("--seed", type=click.IntRange(min=0), help="Of every random draw (the recipe's: 0).")
@device_option
@click.option("--out", metavar="FILE", help="The picture, a .png or .svg file (find-lr-RECIPE.png).")
@click.option("--quiet", is_flag=True, help="Show no progress.")
@json_option
def find_lr(
    recipe: str, overrides: tuple[str, ...], out: str | None, *, as_json: bool, **options: Any
) -> None:
    """Find a learning rate for RECIPE: the rate grows from step to step until training diverges.

    It uses the recipe's images, augmentation, network and optimizer, and keeps only the picture. With Muon
    both learning rates grow in proportion, and both are suggested.

    \b
    Examples:
      hundred find-lr school --data cifar-100-python
      hundred find-lr sprint --minutes 2 --set training.batch_size=256
      hundred find-lr my.toml --data sample --out rates.svg --json
    """
    from pathlib import Path

    from hundred.experiment.checks import check_range_test
    from hundred.recipe.load import load_recipe

    limits = {name: options[name] for name in ("steps", "minutes", "lowest", "highest")}
    check_range_test(**limits, out=out)
    picture = out or f"find-lr-{load_recipe(recipe, overrides).recipe.name}.png"
    first_line(f"range test of {recipe}: loading PyTorch", quiet=options["quiet"])
    from hundred.experiment.find_lr import find_lr as find

    found = find(recipe, set=overrides, out=picture, **options)
    if as_json:
        print_json({**found.as_dict(), "picture": str(Path(picture))})
        return
    click.echo(found.verdict)
    click.echo(f"varied: {found.varied}; {len(found.test.rates)} steps in {duration(found.seconds)}")
    click.echo(f"picture: {picture}")
    if found.paste:
        data = ["--data", options["data"]] if options["data"] else []
        given = [word for override in overrides for word in ("--set", override)]
        click.echo(f"\n{command('train', recipe, *data, *given)} {found.paste}")
