"""`hundred data`: what is in a set of images, and what sets are on this machine."""

import click

from hundred.cli.output import first_line, json_option, print_json, print_table

ACTIONS = ("list", "download", "verify")
SHOWN = 40  # classes in the table; all of them with --json


@click.command()
@click.argument("what", default="list")
@click.argument("where", required=False)
@click.option("--force", is_flag=True, help="With download: download it, whatever is here already.")
@click.option("--picture", metavar="FILE", help="For one image of each class, a .png (a file in the cache).")
@click.option("--skip-damaged", is_flag=True, help="Leave out pictures that cannot be decoded.")
@json_option
def data(
    what: str, where: str | None, *, force: bool, picture: str | None, skip_damaged: bool, as_json: bool
) -> None:
    """Show what is in a set of images; list or verify what is on this machine; download a set by name.

    WHAT is a path or name, as of --data, or `list`, `download [NAME]` or `verify [PATH]`. docs/data.md has
    all forms and names.

    \b
    Examples:
      hundred data my-photos
      hundred data
      hundred data download fashion-mnist
      hundred data verify cifar-100-python
    """
    from hundred.data.opening.place import check_place

    place = where if what in ACTIONS else what
    if place is not None and what != "download":
        check_place(place)
    if what not in ACTIONS:
        _describe(what, picture, skip_damaged=skip_damaged, as_json=as_json)
        return
    if what == "download" and where not in (None, "cifar100"):
        from hundred.experiment.build.data import open_data

        open_data(where)
        _describe(str(where), picture, skip_damaged=skip_damaged, as_json=as_json)
        return
    from dataclasses import asdict

    from hundred.data.opening.listing import list_datasets, verify
    from hundred.data.opening.place import is_sample, named_place

    if what == "download":
        found = [verify(_downloaded(force))]
    else:
        found = [verify(where)] if what == "verify" else list_datasets()
    if as_json:
        print_json({"found": [{**asdict(each), "path": str(each.path)} for each in found]})
        return
    if not found:
        named = named_place()
        if named is not None and not is_sample(None):
            click.echo(f"HUNDRED_DATA is {named.path}: no CIFAR-100 is there")
        click.echo("no CIFAR-100 on this machine: `hundred data download` fetches it (169 MB)")
        click.echo("`--data sample` needs nothing: a small set drawn by code")
        return
    print_table(
        ["form", "megabytes", "whole", "path", "note"],
        [
            [
                each.form,
                f"{each.bytes / 1e6:.0f}",
                "yes" if each.valid else "NO",
                str(each.path),
                each.note or each.why,
            ]
            for each in found
        ],
    )


def _describe(where: str, picture: str | None, *, skip_damaged: bool, as_json: bool) -> None:
    first_line(f"opening {where}")
    from hundred.experiment.describe_data import describe_data

    found = describe_data(where, picture, skip_damaged=skip_damaged)
    if as_json:
        print_json(found.as_dict())
        return
    click.echo(found.summary)
    click.echo(f"form: {found.dataset.form or 'made by code'}; split: {found.dataset.split}")
    rows = found.classes.to_dict("records")
    above = found.dataset.has_superclasses
    print_table(
        ["class", *(["superclass"] if above else []), "train", "validation", "test"],
        [
            [
                str(row["class"]),
                *([str(row["superclass"])] if above else []),
                *(f"{row[split]:,}" for split in ("train", "validation", "test")),
            ]
            for row in rows[:SHOWN]
        ],
    )
    if len(rows) > SHOWN:
        click.echo(f"and {len(rows) - SHOWN} more classes (--json lists all)")
    click.echo(f"largest to smallest class: {found.largest_to_smallest:.3g} to 1")
    click.echo(f"picture: {found.picture}")


def _downloaded(force: bool) -> str:
    """Where CIFAR-100 is: where it was already, which is then said, or where it has been downloaded to."""
    from hundred.data.opening.open import download_cifar100, find_dataset
    from hundred.data.opening.place import is_sample
    from hundred.experiment.build.data import downloading

    here = None if force or is_sample(None) else find_dataset()
    if here is None:
        return str(download_cifar100(downloading()).path)
    click.echo(
        f"CIFAR-100 is here already, as {here.form.NAME}: {here.path} (--force downloads it all the same)",
        err=True,
    )
    return str(here.path)
