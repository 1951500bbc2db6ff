"""Find, read, extend and override recipes, with the origin of each value."""

import ast
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from itertools import chain
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hundred.errors import HundredError, UsageError
from hundred.files import expand_user
from hundred.reading import MOST_TOML_BYTES, parse_toml, read_bytes
from hundred.recipe.keys import annotation_of
from hundred.recipe.messages import one_line
from hundred.recipe.schema import Recipe
from hundred.recipe.synonyms import suggest_recipe

DEFAULT_RECIPE = "sprint"
MAX_PARENTS = 10
# Older names of keys, which are still read.
RENAMED = {"training.parts": "training.batch_threads"}


@dataclass(frozen=True)
class Resolved:
    """A validated recipe with the origin of each value.

    origins: dotted key -> `default`, `sprint` (a built-in), a file's path, or `--set`.
    parents: names it extends, nearest first.
    """

    recipe: Recipe
    origins: dict[str, str]
    parents: tuple[str, ...] = ()

    def outranks(self, key: str, other: str) -> bool:
        """Whether `key` was set nearer to the user than `other`: by `--set`, or in a recipe that extends that
        of `other`. An option of the network is also set by whoever chose the network."""
        keys = (key, "model.name") if key.startswith("model.") else (key,)
        return max(map(self._rank, keys)) > self._rank(other)

    def _rank(self, key: str) -> int:
        origin = self.origins.get(key, "default")
        if origin == "default":
            return -1
        if origin in self.parents:  # nearest first
            return len(self.parents) - 1 - self.parents.index(origin)
        return len(self.parents) + (origin == "--set")


def builtin_names() -> list[str]:
    """Names of the recipes that ship with Hundred, sorted."""
    folder = resources.files("hundred.recipe") / "builtin"
    return sorted(
        entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")
    )


def load_recipe(
    name: str | Path | Mapping[str, Any] = DEFAULT_RECIPE, *overrides: Iterable[str] | Mapping[str, Any]
) -> Resolved:
    """The recipe called `name` (built-in, path of a TOML file, or a mapping), with `overrides` in turn.

    Each is `section.key=value` texts, as after `--set`, or a mapping of dotted keys to values.

    Raises UsageError in one line: which key, which value, what is allowed, and the nearest valid name.
    """
    raw, origins, parents = _read_chain(name)
    for key, value in _renamed(chain.from_iterable(_parse_overrides(each) for each in overrides)):
        _set(raw, key, value)
        origins = {k: v for k, v in origins.items() if k != key and not k.startswith(key + ".")}
        for leaf, _ in _leaves({key: value}):
            origins[leaf] = "--set"
    recipe = validate(raw)
    flat = dict(_leaves(recipe.as_dict()))
    resolved = Resolved(recipe, {key: origins.get(key, "default") for key in flat}, parents)
    if recipe.cuda is not None:
        _with_cuda(resolved)  # so that a wrong value in its tables is an error on every device
    return resolved


def for_device(resolved: Resolved, device: str) -> Resolved:
    """The recipe as it holds on a kind of device, such as "cpu": its `[cuda]` tables applied or dropped.

    On "cuda" they override the rest, except values from `--set` or from a recipe that extends theirs.
    """
    if resolved.recipe.cuda is None:
        return resolved
    recipe = _with_cuda(resolved) if device == "cuda" else resolved.recipe
    recipe = recipe.model_copy(update={"cuda": None})
    flat = dict(_leaves(recipe.as_dict()))
    return Resolved(recipe, {key: resolved.origins.get(key, "cuda") for key in flat}, resolved.parents)


def _with_cuda(resolved: Resolved) -> Recipe:
    raw = resolved.recipe.as_dict()
    for key, value in _leaves(raw.pop("cuda")):
        if not resolved.outranks(key, f"cuda.{key}"):
            _set(raw, key, value)
    return validate(raw)


def validate(raw: Mapping[str, Any]) -> Recipe:
    """A Recipe from plain values, or UsageError with the first fault in one line."""
    try:
        return Recipe.model_validate_json(_to_json(_with_new_names(raw)))
    except ValidationError as error:
        raise UsageError(one_line(error.errors()[0], raw)) from None


def leaves(recipe: Recipe) -> dict[str, Any]:
    """Every value by its dotted key, in the recipe's order."""
    return dict(_leaves(recipe.as_dict()))


def _to_json(raw: Mapping[str, Any]) -> str:
    # Through JSON, pydantic's strict mode takes a list for a tuple but still no '3' for 3.
    try:
        return json.dumps(raw)
    except TypeError:
        bad = next(
            (key, value) for key, value in _leaves(raw) if not isinstance(value, int | float | str | list)
        )
        raise UsageError(
            f"recipe: {bad[0]} is {bad[1]!r}, a {type(bad[1]).__name__}, which no key takes"
        ) from None


def _read_chain(
    name: str | Path | Mapping[str, Any],
) -> tuple[dict[str, Any], dict[str, str], tuple[str, ...]]:
    """Values of a recipe over those of the recipes it extends, with origins and the names of the parents."""
    layers: list[tuple[str, dict[str, Any]]] = []
    here: Path | None = None
    current: str | Path | Mapping[str, Any] | None = name
    while current is not None:
        if len(layers) > MAX_PARENTS:
            names = " extends ".join(label for label, _ in layers[:4])
            raise UsageError(f"recipe: too many parents, or a circle: {names} ...")
        if isinstance(current, Mapping):
            label, values = "given", {**current}
        else:
            label, values, here = _read(current, here)
        parent = values.pop("extends", None)
        if parent is not None and not isinstance(parent, str):
            raise UsageError(
                f"recipe {label}: extends is {parent!r}; it takes the name or path of one recipe"
            )
        layers.append((label, values))
        current = parent
    raw: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for label, values in reversed(layers):
        for key, value in _renamed(_leaves(values)):
            _set(raw, key, value)
            origins[key] = label
    # Only the direct parent; a file that was written out whole keeps its own `based_on`.
    raw["based_on"] = layers[0][1].get("based_on") or (layers[1][0] if len(layers) > 1 else "")
    origins["based_on"] = layers[0][0] if raw["based_on"] else "default"
    raw.setdefault("name", layers[0][0] if layers[0][0] in builtin_names() else "own")
    return raw, origins, tuple(label for label, _ in layers[1:])


def _read(name: str | Path, beside: Path | None) -> tuple[str, dict[str, Any], Path | None]:
    """Label, values and folder of a built-in recipe or a TOML file (relative to `beside` where given)."""
    text = str(name)
    if text in builtin_names():
        content = (resources.files("hundred.recipe") / "builtin" / f"{text}.toml").read_text("utf-8")
        return text, tomllib.loads(content), None
    path = expand_user(text)
    if beside is not None and not path.is_absolute():
        path = beside / path
    if path.is_dir() and (path / "recipe.toml").is_file():
        path = path / "recipe.toml"
    if not path.is_file():
        known = builtin_names()
        raise UsageError(
            f"recipe {text!r}: neither a built-in recipe nor a file{suggest_recipe(text, known)}\n"
            f"built-in recipes: {', '.join(known)}"
        )
    try:
        values = parse_toml(read_bytes(path, MOST_TOML_BYTES).decode())
    except HundredError as error:
        raise UsageError(f"recipe {error}") from None
    except ValueError as error:
        raise UsageError(f"recipe {path}: not readable as TOML: {str(error).splitlines()[0]}") from None
    except OSError as error:
        raise UsageError(f"recipe {path}: {error.strerror}") from None
    values.setdefault("name", _name_from(path))
    return str(path), values, path.parent


def _name_from(path: Path) -> str:
    stem = path.parent.name if path.name == "recipe.toml" else path.stem
    return "".join(c if c.isalnum() or c in "._-" else "-" for c in stem)[:64].lstrip("._-") or "own"


def _parse_overrides(overrides: Iterable[str] | Mapping[str, Any]) -> list[tuple[str, Any]]:
    if isinstance(overrides, Mapping):
        return list(overrides.items())
    pairs = []
    for text in overrides:
        key, sign, value = text.partition("=")
        if not sign or not key.strip():
            raise UsageError(f"--set {text!r}: write it as section.key=value, as in training.batch_size=256")
        pairs.append((key.strip(), parse_value(key.strip(), value.strip())))
    return pairs


def parse_value(key: str, text: str) -> Any:
    """The value that `text` means for `key`: as TOML or Python reads it, else the text itself."""
    annotation = annotation_of(key)
    if annotation is str:
        return text.strip("\"'")
    try:
        return parse_toml(f"value = {text}")["value"]
    except ValueError:
        pass
    try:
        value = ast.literal_eval(text)  # 1e-3 and (1, 2), which TOML does not know
        if isinstance(value, int | float | str | bool | list | tuple):
            return list(value) if isinstance(value, tuple) else value
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        pass
    return text


def _renamed(pairs: Iterable[tuple[str, Any]]) -> Iterable[tuple[str, Any]]:
    return ((RENAMED.get(key, key), value) for key, value in pairs)


def _with_new_names(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    if not any(key in RENAMED for key, _ in _leaves(raw)):
        return raw
    renamed: dict[str, Any] = {}
    for key, value in _renamed(_leaves(raw)):
        _set(renamed, key, value)
    return renamed


def _set(raw: dict[str, Any], key: str, value: Any) -> None:
    *sections, last = key.split(".")
    table = raw
    for section in sections:
        inner = table.get(section)
        if not isinstance(inner, dict):
            inner = table[section] = {}
        table = inner
    if isinstance(value, Mapping) and isinstance(table.get(last), dict):
        for inner_key, inner_value in _leaves(value):
            _set(table[last], inner_key, inner_value)
    else:
        table[last] = dict(value) if isinstance(value, Mapping) else value


def _leaves(values: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value
