"""`hundred data`."""

import click

from hundred.cli.output import json_option, print_json, print_table


@click.command()
@click.argument("action", type=click.Choice(["list", "download", "verify"]), default="list")
@click.argument("where", required=False)
@click.option("--force", is_flag=True, help="Download the official archive, whatever is here already.")
@json_option
def data(action: str, where: str | None, *, force: bool, as_json: bool) -> None:
    """Show what images are on this machine; download CIFAR-100, or verify what is in WHERE.

    \b
    Examples:
      hundred data
      hundred data download
      hundred data verify cifar-100-python
    """
    from dataclasses import asdict

    from hundred.data.listing import list_datasets, verify

    if action == "download":
        found = [verify(_downloaded(force))]
    else:
        found = [verify(where)] if action == "verify" else list_datasets()
    if as_json:
        print_json({"found": [{**asdict(each), "path": str(each.path)} for each in found]})
        return
    if not found:
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


def _downloaded(force: bool) -> str:
    """Where CIFAR-100 is: where it was already, which is then said, or where it has been downloaded to."""
    from hundred.data.open import download_cifar100, find_dataset, is_sample
    from hundred.experiment.build.data import downloading

    here = None if force or is_sample(None) else find_dataset()
    if here is None:
        return str(download_cifar100(downloading()).path)
    click.echo(
        f"CIFAR-100 is here already, as {here.form.NAME}: {here.path} (--force downloads it all the same)",
        err=True,
    )
    return str(here.path)
