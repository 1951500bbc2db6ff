"""Error messages for recipes: one line with the key, the value and what is allowed."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from hundred.errors import nearest
from hundred.recipe.keys import allowed_values, choices, keys, section_of
from hundred.recipe.schema import Recipe
from hundred.recipe.synonyms import suggest_key


def one_line(error: ErrorDetails, raw: Mapping[str, Any]) -> str:
    """`recipe: training.bach_size is not a key; did you mean 'batch_size'? (known here: ...)`.

    `error` is one entry of pydantic's list, `raw` the values it looked at.
    """
    path = [str(part) for part in error["loc"] if isinstance(part, str) and not _is_type_tag(str(part))]
    known, field = _known_keys(path)
    while path and field is None and known is not None and path[-1] not in known and len(path) > 1:
        if error["type"] == "extra_forbidden":
            break
        path, (known, field) = path[:-1], _known_keys(path[:-1])
    if path == ["model"] and error["type"] != "extra_forbidden" and len(error["loc"]) > 1:
        # Options of a network are keys that only its builder knows, so they are no fields here.
        path.append(str(error["loc"][1]))
    key = ".".join(path)
    shown = _value_at(raw, path)
    if error["type"] == "extra_forbidden":
        allowed = sorted(known or [])
        hint = suggest_key(key, allowed, keys())
        return f"recipe: {key} is not a key{hint} (known here: {', '.join(allowed)})"
    if error["type"] == "value_error":
        return "recipe: " + str(error["msg"]).removeprefix("Value error, ")
    hint = ""
    if path[0] == "model" and len(path) == 2 and path[1] not in (_known_keys(path)[0] or []):
        return f"recipe: {key} = {shown!r} is not allowed (allowed: a number, a text, true or false)"
    if field is not None:
        hint = nearest(str(shown), choices(field))
        return f"recipe: {key} = {shown!r} is not allowed{hint} (allowed: {allowed_values(field, path[-1])})"
    return f"recipe: {key} = {shown!r}: {error['msg'][0].lower()}{error['msg'][1:]}"


def _is_type_tag(part: str) -> bool:
    # pydantic names the member of a union it tried, such as 'constrained-float' or 'tuple[float, float]'
    return "[" in part or part.startswith("constrained-") or part in ("float", "int", "str", "bool")


def _value_at(raw: Any, path: list[str]) -> Any:
    for part in path:
        if not isinstance(raw, Mapping) or part not in raw:
            return None
        raw = raw[part]
    return raw


def _known_keys(path: list[str]) -> tuple[list[str] | None, Any]:
    """Keys of the section that holds the last part of `path`, and that key's FieldInfo where it exists."""
    section: type[BaseModel] | None = Recipe
    for part in path[:-1]:
        field = section.model_fields.get(part) if section is not None else None
        section = None if field is None else section_of(field)
    if section is None:
        return None, None
    return list(section.model_fields), section.model_fields.get(path[-1]) if path else None
