"""`hundred recipes` and `hundred show`."""

from typing import Any

import click

from hundred.cli import complete
from hundred.cli.output import (
    data_option,
    first_line,
    json_option,
    print_json,
    print_pairs,
    print_table,
    set_option,
)


@click.command()
@json_option
def recipes(as_json: bool) -> None:
    """List the built-in recipes.

    \b
    Example:
      hundred recipes
    """
    from hundred.recipe.load import DEFAULT_RECIPE, builtin_names, load_recipe

    found = [(name, load_recipe(name).recipe) for name in builtin_names()]
    if as_json:
        print_json(
            {
                name: {
                    "summary": recipe.summary,
                    "model": recipe.model.name,
                    "epochs": recipe.training.epochs,
                }
                for name, recipe in found
            }
        )
        return
    print_table(
        ["recipe", "network", "epochs", "what it is"],
        [
            [
                name,
                recipe.model.name,
                str(recipe.training.epochs),
                recipe.summary + default_mark(name, DEFAULT_RECIPE),
            ]
            for name, recipe in found
        ],
    )


def default_mark(name: str, default: str) -> str:
    """The note after the recipe that is used when none is named."""
    return " (the default)" if name == default else ""


@click.command()
@click.argument("recipe", default="sprint", shell_complete=complete.recipes)
@set_option("Override a value first.")
@click.option(
    "--explain",
    metavar="KEY",
    shell_complete=complete.keys,
    help="What a key, or each key of a table, means and takes instead.",
)
@click.option("--reference", is_flag=True, help="Print the reference of all keys as Markdown instead.")
@click.option("--schema", is_flag=True, help="Print the JSON schema of recipes, for editors, instead.")
@click.option("--augment", is_flag=True, help="Draw originals beside augmented images instead.")
@data_option
@click.option("--out", type=click.Path(), help="The picture, a .png or .svg file (augment-RECIPE.png).")
@json_option
def show(
    recipe: str,
    overrides: tuple[str, ...],
    *,
    explain: str | None,
    reference: bool,
    schema: bool,
    augment: bool,
    data: str | None,
    out: str | None,
    as_json: bool,
) -> None:
    """Show every value of RECIPE (a built-in name, a file or a run directory) and where it came from.

    \b
    Examples:
      hundred show school
      hundred show my.toml --set training.epochs=3 --json
      hundred show sprint --explain training.schedule
      hundred show school-revisited --augment --data sample --out augmented.png
    """
    if reference or schema:
        click.echo(_schema() if schema else _reference(), nl=False)
        return
    if explain is not None:
        _explain(recipe, overrides, explain, as_json)
        return
    if augment:
        _draw_augmentation(recipe, overrides, data, out, as_json)
        return
    from hundred.recipe.load import leaves, load_recipe

    resolved = load_recipe(recipe, overrides)
    first_line(f"{recipe}: counting its network's parameters")
    from hundred.experiment.build.model import describe_network

    options, parameters = describe_network(resolved.recipe.model)
    defaults = {f"model.{option}": default for option, default in options.items()}
    values = {**defaults, **leaves(resolved.recipe)}
    origins = {**dict.fromkeys(defaults, "default"), **resolved.origins}
    if as_json:
        print_json(
            {
                "name": resolved.recipe.name,
                "extends": list(resolved.parents),
                "parameters": parameters,
                "values": {key: {"value": value, "origin": origins[key]} for key, value in values.items()},
            }
        )
        return
    rows = [[key, _shown(value), origins[key]] for key, value in sorted(values.items(), key=_section_first)]
    print_table(["key", "value", "from"], rows)
    name = resolved.recipe.model.name
    if parameters is None:
        click.echo(f"\nparameters of {name}: not counted, since that would run code that the recipe names")
    else:
        click.echo(f"\nparameters of {name}: {parameters:,}")


def _explain(recipe: str, overrides: tuple[str, ...], name: str, as_json: bool) -> None:
    """What a key means and takes, and its value in the recipe."""
    from dataclasses import asdict

    from hundred.recipe.load import leaves, load_recipe
    from hundred.recipe.reference import explain, shown_default

    found, resolved = explain(name), load_recipe(recipe, overrides)
    values = leaves(resolved.recipe)
    if as_json:
        print_json({key.name: {**asdict(key), "value": values.get(key.name)} for key in found})
        return
    for number, key in enumerate(found):
        value = _shown(values[key.name]) if key.name in values else "off"
        origin = f" (from {resolved.origins[key.name]})" if key.name in values else ""
        click.echo("\n" * (number > 0) + key.name)
        print_pairs(
            [
                ("  meaning", key.meaning),
                ("  takes", key.allowed),
                ("  default", shown_default(key) + (", where its table is there" if key.optional else "")),
                (f"  in {recipe}", value + origin),
            ]
        )


def _reference() -> str:
    from hundred.models.registry import names, options
    from hundred.recipe.reference import markdown

    return markdown({name: options(name) for name in sorted(names())})


def _schema() -> str:
    import json

    from hundred.recipe.keys import json_schema

    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _draw_augmentation(
    recipe: str, overrides: tuple[str, ...], data: str | None, out: str | None, as_json: bool
) -> None:
    from hundred.experiment.report.augmentation import draw_augmentation

    path = draw_augmentation(recipe, out, data=data, set=overrides)
    if as_json:
        print_json({"recipe": recipe, "picture": str(path)})
    else:
        click.echo(str(path))


def _section_first(item: tuple[str, Any]) -> tuple[int, str]:
    """Values without a section first, then sections in the recipe's order."""
    from hundred.recipe.schema import Recipe

    section, dot, _ = item[0].partition(".")
    return (list(Recipe.model_fields).index(section) + 1 if dot else 0, section)


def _shown(value: Any) -> str:
    text = (
        repr(value)
        if isinstance(value, str)
        else str(value).lower()
        if isinstance(value, bool)
        else str(value)
    )
    return text if len(text) <= 60 else text[:57] + "..."
