"""A recipe as TOML text that reads back to the same recipe."""

import tomli_w

from hundred.recipe.schema import Recipe


def to_toml(recipe: Recipe, comment: str = "") -> str:
    """Every value of `recipe` written out, under an optional comment (one or more lines)."""
    head = "".join(f"# {line}".rstrip() + "\n" for line in comment.splitlines())
    return head + tomli_w.dumps(recipe.as_dict(), multiline_strings=False)
