"""Every key of a recipe with its meaning, what it takes and its default, read off the schema."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from inspect import cleandoc
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from hundred.recipe.schema import Recipe

_TYPE_NAMES = {int: "a whole number", float: "a number", str: "a text in quotes", bool: "true or false"}
_BOUND_NAMES = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
# For values that no single type or bound describes.
_EXAMPLES = {
    "resolutions": "a list such as [[0.5, 24], [1.0, 32]]: share of the steps, image side",
    "milestones": "a list of shares of the run, each from 0 to 1, such as [0.5, 0.75]",
    "brightness": "[] or a list of two factors such as [0.8, 1.2]",
    "zoom": "a number from 0 to below 1, or a list of two factors such as [0.9, 1.1]",
    "custom": 'a list of names such as ["package.module:Class"]',
    "order": "a list of the names of all steps",
    "growth": "a list of tables with `epochs` and `set`",
}


@dataclass(frozen=True)
class Key:
    """A key of a recipe by its dotted name.

    table: the section that it belongs to, '' at the top. default: None where it must be given. optional: its
    table is off unless the recipe has it. examples: values to offer, as TOML has them.
    """

    name: str
    table: str
    meaning: str
    allowed: str
    default: Any
    optional: bool = False
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A table of a recipe by its dotted name ('' for the top), with what it is for and its keys."""

    name: str
    meaning: str
    keys: tuple[Key, ...]


@cache
def tables() -> tuple[Table, ...]:
    """Every table of a recipe, in the recipe's order."""
    return tuple(_tables("", Recipe, optional=False))


@cache
def keys() -> dict[str, Key]:
    """Every key by its dotted name, in the recipe's order; options of networks are not among them."""
    return {key.name: key for table in tables() for key in table.keys}


def json_schema() -> dict[str, Any]:
    """The JSON schema of a recipe, with which editors check and complete TOML files."""
    schema = Recipe.model_json_schema()
    extends = {
        "type": "string",
        "description": "Name or path of the recipe whose values hold unless set here.",
    }
    schema["properties"] = {"extends": extends, **schema["properties"]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _tables(name: str, section: type[BaseModel], *, optional: bool) -> Iterator[Table]:
    prefix = f"{name}." if name else ""
    own, inner = [], []
    for field_name, field in section.model_fields.items():
        below = section_of(field)
        if below is None:
            own.append(_key(prefix + field_name, name, field, optional))
        else:
            inner.append((prefix + field_name, below, optional or field.default is None))
    yield Table(name, cleandoc(section.__doc__ or ""), tuple(own))
    for below_name, below, off in inner:
        yield from _tables(below_name, below, optional=off)


def _key(name: str, table: str, field: FieldInfo, optional: bool) -> Key:
    default = None if field.default is PydanticUndefined else field.default
    meaning = " ".join((field.description or "").split())
    allowed = allowed_values(field, name.rpartition(".")[2])
    return Key(name, table, meaning, allowed, default, optional, _examples(field, default))


def _examples(field: FieldInfo, default: Any) -> tuple[str, ...]:
    if get_origin(field.annotation) is Literal:
        return tuple(choices(field))
    if field.annotation is bool:
        return ("true", "false")
    return () if default is None else (json.dumps(default, ensure_ascii=False),)


def section_of(field: FieldInfo) -> type[BaseModel] | None:
    """The section that a field holds, or None where it holds a value."""
    return next(
        (a for a in _alternatives(field.annotation) if isinstance(a, type) and issubclass(a, BaseModel)), None
    )


def choices(field: FieldInfo) -> list[str]:
    """The texts that a field takes, or that a list in it may hold; [] where any will do."""
    for annotation in (field.annotation, *get_args(field.annotation)):
        if get_origin(annotation) is Literal:
            return [str(choice) for choice in get_args(annotation)]
    return []


def allowed_values(field: FieldInfo, name: str) -> str:
    """What a field accepts, such as `a whole number, at least 1, at most 65536`."""
    if name in _EXAMPLES:
        return _EXAMPLES[name]
    texts = choices(field)
    if texts:
        listed = ", ".join(texts)
        return listed if get_origin(field.annotation) is Literal else f"a list of any of {listed}"
    if field.annotation == tuple[str, ...]:
        return "a list of texts in quotes"
    kinds = [_TYPE_NAMES[a] for a in _alternatives(field.annotation) if a in _TYPE_NAMES]
    if {int, float} <= set(_alternatives(field.annotation)):
        kinds = [_TYPE_NAMES[float]]
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
    section: type[BaseModel] | None = Recipe
    annotation: Any = None
    for part in key.split("."):
        if section is None or part not in section.model_fields:
            return None
        annotation, section = section.model_fields[part].annotation, section_of(section.model_fields[part])
    return annotation


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
