"""The reference of all keys as text: one key for a terminal, all of them as Markdown for docs/recipe.md."""

import json
from collections.abc import Mapping
from typing import Any

from hundred.errors import UsageError
from hundred.recipe.keys import Key, Table, keys, tables
from hundred.recipe.synonyms import suggest_key

_HEAD = """\
# Keys of a recipe

Written by `make docs` from the schema (`src/hundred/recipe/`); `hundred show --explain KEY` shows one of
them, with its value in a recipe. A recipe is a TOML file; `extends = "NAME"` in its first lines takes all
other values from another recipe, a built-in one or a file. `--set KEY=VALUE` changes a value for one command.

Editors with TOML schemas (Even Better TOML for VS Code, Taplo) check and complete a recipe that begins with

    #:schema https://raw.githubusercontent.com/hundred-lab/hundred/main/docs/recipe.schema.json
"""


def explain(name: str) -> list[Key]:
    """The key called `name`, or all keys of the table of that name and below it.

    Raises UsageError where there is none, naming the nearest.
    """
    if name in keys():
        return [keys()[name]]
    found = [key for key in keys().values() if key.name.startswith(f"{name}.")]
    if not found:
        raise UsageError(f"{name!r} is not a key of a recipe{suggest_key(name, [], keys())}")
    return found


def shown_default(key: Key) -> str:
    """The default as TOML has it; `required` where there is none."""
    if key.default is None:
        return "absent" if key.name == "cuda" else "required"
    return json.dumps(key.default, ensure_ascii=False)


def markdown(networks: Mapping[str, Mapping[str, Any]]) -> str:
    """docs/recipe.md: every table with its keys. networks: options and their defaults by network."""
    parts = [_HEAD]
    for table in tables():
        parts.append(_section(table))
        if table.name == "model":
            parts.append(_networks(networks))
    return "\n".join(parts)


def _section(table: Table) -> str:
    heading = f"## `[{table.name}]`" if table.name else "## At the top"
    optional = "\n\nOff unless the recipe has this table." if any(key.optional for key in table.keys) else ""
    rows = [
        f"| `{key.name.rpartition('.')[2]}` | {_cell(key.meaning)} | {_cell(key.allowed)} "
        f"| `{_cell(shown_default(key))}` |"
        for key in table.keys
    ]
    lines = ["| key | meaning | takes | default |", "|---|---|---|---|", *rows] if rows else []
    return "\n".join([heading, "", table.meaning + optional, "", *lines, *([""] if rows else [])])


def _networks(networks: Mapping[str, Mapping[str, Any]]) -> str:
    rows = []
    for name, options in networks.items():
        listed = ", ".join(f"`{option} = {json.dumps(default)}`" for option, default in options.items())
        rows.append(f"| `{name}` | {listed or 'none'} |")
    return "\n".join(["| network | options of its own, with their defaults |", "|---|---|", *rows, ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
