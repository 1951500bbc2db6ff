"""`hundred data`."""

import click

from hundred.cli.output import json_option, print_json, print_table


@click.command()
@click.argument("action", type=click.Choice(["list", "download", "verify"]), default="list")
@click.argument("where", required=False)
@json_option
def data(action: str, where: str | None, as_json: bool) -> None:
    """Show what images are on this machine; download CIFAR-100, or verify what is in WHERE.

    \b
    Examples:
      hundred data
      hundred data download
      hundred data verify cifar-100-python
    """
    from dataclasses import asdict

    from hundred.data import describe, verify

    if action == "download":
        from hundred.experiment.opening import open_data

        dataset = open_data(None)
        found = [verify(dataset.source)] if dataset.name != "sample" else []
    else:
        found = [verify(where)] if action == "verify" else describe()
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
