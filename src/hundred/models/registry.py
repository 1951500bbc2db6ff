"""Networks by name: the built-in ones, and those of timm and a user's own.

A builder is a function `builder(classes=100, *, option=default, ...) -> nn.Module` under a `@register` name.
"""

import inspect
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from torch import nn

from hundred.errors import UsageError, nearest
from hundred.models import foreign
from hundred.models.validate import unknown_option

Builder = TypeVar("Builder", bound=Callable[..., nn.Module])

# Modules whose import registers builders, in the order in which names are listed.
HOMES = ("study", "resnet50", "resnet18", "wide_resnet", "vgg", "efficientnet_lite", "sprint")

_builders: dict[str, Callable[..., nn.Module]] = {}


def register(name: str) -> Callable[[Builder], Builder]:
    """Make the decorated builder known as `name`. A name can be taken once: ValueError otherwise."""

    def keep(builder: Builder) -> Builder:
        taken = _builders.get(name)
        if taken is not None and (taken.__module__, taken.__qualname__) != (
            builder.__module__,
            builder.__qualname__,
        ):
            raise ValueError(f"the model name {name!r} is taken by {taken.__module__}.{taken.__qualname__}")
        _builders[name] = builder
        return builder

    return keep


def build(name: str, *, classes: int = 100, image_size: int = 32, **options: Any) -> nn.Module:
    """A new network from float images [n, 3, h, w] to logits [n, classes], in training mode, on the CPU.

    name: one of `names()`; `timm/NAME` for a network of the timm package; or `package.module:function` for
        a builder or an nn.Module class of your own, importable from the working directory too.
    image_size: side in pixels of the images, for networks that depend on it; the others take any.
    options: the builder's keyword options, see `options(name)`. Those of timm and of your own builders are
        handed on as they are.

    The weights are drawn with torch's global generator: call `torch.manual_seed` before.

    Raises UsageError for an unknown name or option, a value of the wrong type or out of range, or a builder
    that does not give such a network; MissingExtra where timm is needed and absent.
    """
    if isinstance(classes, bool) or not isinstance(classes, int) or classes < 1:
        raise UsageError(f"a network needs 1 class or more, as a whole number, not {classes!r}")
    if foreign.is_foreign(name):
        return foreign.build_foreign(name, classes, options, image_size)
    builder = _find(name)
    _check_options(name, builder, options)
    # As the number of classes, it is given to those that ask for it.
    if "image_size" in inspect.signature(builder).parameters:
        options = {"image_size": image_size, **options}
    try:
        return builder(classes, **options)
    except (TypeError, RuntimeError, OverflowError) as error:
        # Layers of 10^20 channels, which PyTorch refuses in its own words. Too little memory is no overflow.
        if isinstance(error, RuntimeError) and "overflow" not in str(error).lower():
            raise
        given = ", ".join(f"{key}={value!r}"[:60] for key, value in options.items())
        raise UsageError(
            f"model {name} cannot be built with {given}: {str(error).splitlines()[0][:120]}"
        ) from error


def names() -> list[str]:
    """The names of the built-in networks."""
    return list(_all())


def options(name: str) -> dict[str, Any]:
    """The options that network `name` takes, with their defaults.

    For `package.module:function` those that have a default in its signature; for `timm/NAME` none are listed,
    though timm takes many. Raises UsageError as `build` does.
    """
    if foreign.is_foreign(name):
        return foreign.foreign_options(name)
    return foreign.keyword_defaults(_find(name))


def _find(name: str) -> Callable[..., nn.Module]:
    known = _all()
    if name not in known:
        raise UsageError(
            f"there is no model {name!r}{nearest(str(name), known) or '.'} There are {', '.join(known)}, "
            "timm/NAME, and package.module:function for your own"
        )
    return known[name]


@cache
def _load_homes() -> None:
    for home in HOMES:
        module = f"hundred.models.{home}"
        if find_spec(module) is not None:
            import_module(module)


def _all() -> Mapping[str, Callable[..., nn.Module]]:
    _load_homes()
    return _builders


def _check_options(name: str, builder: Callable[..., nn.Module], given: Mapping[str, object]) -> None:
    """Refuse options that `builder` has not, and values that do not fit its annotations."""
    known = foreign.keyword_defaults(builder)
    hints = get_type_hints(builder)
    for option, value in given.items():
        if option not in known:
            raise unknown_option(name, option, known)
        if not _fits(value, hints[option]):
            raise UsageError(f"model option {option} must be {_in_words(hints[option])}, not {value!r}")


def _fits(value: object, hint: Any) -> bool:
    """Whether `value` fits the type hint of an option; an int is a float, a bool is not."""
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if get_origin(hint) in (Union, UnionType):
        return any(_fits(value, choice) for choice in get_args(hint))
    if isinstance(value, bool):
        return hint is bool
    if hint is float:
        return isinstance(value, int | float)
    return isinstance(value, get_origin(hint) or hint)


def _in_words(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return "one of " + ", ".join(repr(choice) for choice in get_args(hint))
    if get_origin(hint) in (Union, UnionType):
        return " or ".join(_in_words(choice) for choice in get_args(hint))
    words = {int: "a whole number", float: "a number", bool: "true or false", str: "a text", NoneType: "none"}
    return words.get(hint, inspect.formatannotation(hint))
