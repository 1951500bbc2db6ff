"""Error messages for recipes: one line with the key, the value and what is allowed."""

from collections.abc import Mapping
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from hundred.errors import nearest
from hundred.recipe.schema import Recipe


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
        return f"recipe: {key} is not a key{nearest(path[-1], allowed)} (known here: {', '.join(allowed)})"
    if error["type"] == "value_error":
        return "recipe: " + str(error["msg"]).removeprefix("Value error, ")
    hint = ""
    if path[0] == "model" and len(path) == 2 and path[1] not in (_known_keys(path)[0] or []):
        return f"recipe: {key} = {shown!r} is not allowed (allowed: a number, a text, true or false)"
    if field is not None:
        choices = [str(c) for c in _choices(field)]
        hint = nearest(str(shown), choices) if choices else ""
        allowed_text = _allowed(field, path[-1])
        if allowed_text:
            return f"recipe: {key} = {shown!r} is not allowed{hint} (allowed: {allowed_text})"
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
    section: Any = Recipe
    for part in path[:-1]:
        field = section.model_fields.get(part) if section is not None else None
        section = None
        if field is not None:
            models = [
                a for a in _alternatives(field.annotation) if isinstance(a, type) and issubclass(a, BaseModel)
            ]
            section = models[0] if models else None
    if section is None:
        return None, None
    return list(section.model_fields), section.model_fields.get(path[-1]) if path else None


def _choices(field: Any) -> tuple[Any, ...]:
    return get_args(field.annotation) if get_origin(field.annotation) is Literal else ()


_TYPE_NAMES = {int: "a whole number", float: "a number", str: "a text in quotes", bool: "true or false"}
# For values that no single type or bound describes.
_EXAMPLES = {
    "resolutions": "a list such as [[0.5, 24], [1.0, 32]]: share of the steps, image side",
    "milestones": "a list of shares of the run, each from 0 to 1, such as [0.5, 0.75]",
    "brightness": "[] or a list of two factors such as [0.8, 1.2]",
    "zoom": "a number from 0 to below 1, or a list of two factors such as [0.9, 1.1]",
    "custom": 'a list of names such as ["package.module:Class"]',
    "order": "a list of the names of all steps",
}
_BOUND_NAMES = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}


def _allowed(field: Any, name: str) -> str:
    """What a field accepts, such as `a whole number, at least 1, at most 65536`."""
    choices = _choices(field)
    if choices:
        return ", ".join(str(c) for c in choices)
    if name in _EXAMPLES:
        return _EXAMPLES[name]
    kinds = [_TYPE_NAMES[a] for a in _alternatives(field.annotation) if a in _TYPE_NAMES]
    if not kinds:
        return "a table of keys"
    bounds = []
    for rule in field.metadata:
        for bound, description in _BOUND_NAMES.items():
            if getattr(rule, bound, None) is not None:
                bounds.append(f"{description} {getattr(rule, bound):g}")
        if getattr(rule, "pattern", None):
            bounds.append("letters, digits, '.', '_' and '-', at most 64 of them")
    return ", ".join([" or ".join(kinds), *bounds])


def annotation_of(key: str) -> Any:
    """The declared type behind a dotted key, or None."""
    section: Any = Recipe
    for part in key.split("."):
        section = next(
            (a for a in _alternatives(section) if isinstance(a, type) and issubclass(a, BaseModel)), None
        )
        if section is None or part not in section.model_fields:
            return None
        section = section.model_fields[part].annotation
    return section


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
