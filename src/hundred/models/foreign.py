"""Networks from elsewhere: timm's by name, and a user's own by `package.module:function`.

The result is run on two images first, so that a mistake is reported in one line.
"""

import importlib
import inspect
import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from hundred.errors import MissingExtra, UsageError, nearest
from hundred.models.summary import evaluating
from hundred.models.validate import unknown_option

TIMM = "timm/"
CLASS_COUNT_NAMES = ("classes", "num_classes", "n_classes")


def is_foreign(name: str) -> bool:
    """Whether `name` has the form of a timm network or of a user's own builder."""
    return isinstance(name, str) and (name.startswith(TIMM) or ":" in name)


def runs_foreign_code(name: str, options: Mapping[str, Any]) -> bool:
    """Whether building `name` imports a module that the recipe names, or hands timm options: some of those
    make it download or read files. What only shows a recipe must not build such a network."""
    return is_foreign(name) and (not name.startswith(TIMM) or bool(options))


def build_foreign(name: str, classes: int, options: Mapping[str, Any], image_size: int = 32) -> nn.Module:
    """Build `timm/NAME` or `package.module:function`; see `hundred.models.registry.build`."""
    if name.startswith(TIMM):
        return _build_timm(name, classes, options, image_size)
    with _working_directory_importable():
        builder = _find_own(name)
        if "image_size" in _signature(builder).parameters:
            options = {"image_size": image_size, **options}
        arguments = _own_arguments(name, builder, classes, options)
        try:
            network = builder(**arguments)
        except (Exception, SystemExit) as error:
            raise UsageError(f"{name} failed: {_in_one_line(error)}") from error
        return _tried(name, network, classes, image_size)


def foreign_options(name: str) -> dict[str, Any]:
    """The options with a default of a user's own builder; none are listed for timm."""
    if name.startswith(TIMM):
        return {}
    with _working_directory_importable():
        return keyword_defaults(_find_own(name))


def keyword_defaults(builder: Callable[..., object]) -> dict[str, Any]:
    """The named parameters of `builder` that have a default, but for the number of classes."""
    return {
        parameter.name: parameter.default
        for parameter in _signature(builder).parameters.values()
        if parameter.default is not parameter.empty
        and parameter.name not in (*CLASS_COUNT_NAMES, "image_size")
    }


def _build_timm(name: str, classes: int, options: Mapping[str, Any], image_size: int) -> nn.Module:
    try:
        timm = importlib.import_module("timm")
    except ImportError as error:
        raise MissingExtra("timm", "timm", f"model {name}") from error
    wanted = name.removeprefix(TIMM)
    known = timm.list_models()
    if wanted.split(".")[0] not in known:
        hint = nearest(wanted, known) or "; timm.list_models() gives their names"
        raise UsageError(f"timm has no model {wanted!r}{hint}")
    try:
        network = timm.create_model(wanted, **{"pretrained": False, "num_classes": classes, **options})
    except Exception as error:
        raise UsageError(f"timm could not build {wanted!r}: {_in_one_line(error)}") from error
    return _tried(name, network, classes, image_size)


def _find_own(name: str) -> Callable[..., Any]:
    """The object that `package.module:function` names, if it can be called to build a network."""
    where, _, what = name.partition(":")
    if not where or not what or not all(part.isidentifier() for part in f"{where}.{what}".split(".")):
        raise UsageError(f"{name!r} is no model: write package.module:function, such as my_networks:small")
    try:
        module = importlib.import_module(where)
    except (Exception, SystemExit) as error:
        raise UsageError(f"model {name}: cannot import {where}: {_in_one_line(error)}") from error
    if not hasattr(module, what):
        raise UsageError(f"model {name}: {where} has no {what!r}{nearest(what, _builders_in(module))}")
    found = getattr(module, what)
    if isinstance(found, nn.Module):
        raise UsageError(
            f"model {name} is one network, and each run needs a new one: name a function that builds it"
        )
    if not callable(found):
        raise UsageError(f"model {name} is {_article(found)}, not a function or an nn.Module class")
    return found


def _own_arguments(
    name: str, builder: Callable[..., Any], classes: int, options: Mapping[str, Any]
) -> dict[str, Any]:
    """The keyword arguments for a user's builder: the options, and the number of classes if taken."""
    signature = _signature(builder)
    parameter = next((each for each in CLASS_COUNT_NAMES if each in signature.parameters), None)
    takes_any = any(one.kind is one.VAR_KEYWORD for one in signature.parameters.values())
    if parameter is None and takes_any:
        parameter = CLASS_COUNT_NAMES[0]
    arguments = {**({parameter: classes} if parameter else {}), **options}
    known = [one for one in signature.parameters if one not in CLASS_COUNT_NAMES]
    for option in options:
        if not takes_any and option not in signature.parameters:
            raise unknown_option(name, option, known)
    try:
        signature.bind(**arguments)
    except TypeError as error:
        raise UsageError(
            f"model {name} cannot be called as {_call(name, arguments)}: {error}; "
            "give the others a default, or set them as options"
        ) from error
    return arguments


def _tried(name: str, network: object, classes: int, image_size: int) -> nn.Module:
    """`network`, once two black images have gone through it and come out as [2, classes]."""
    if not isinstance(network, nn.Module):
        raise UsageError(f"model {name} gave {_article(network)}, not a torch.nn.Module")
    like = next(network.parameters(), torch.empty(0))
    images = torch.zeros(2, 3, image_size, image_size, device=like.device)
    try:
        with evaluating(network), torch.no_grad():
            logits = network(images)
    except Exception as error:
        raise UsageError(
            f"model {name} fails on images {list(images.shape)}: {_in_one_line(error)}"
        ) from error
    if not isinstance(logits, Tensor):
        raise UsageError(f"model {name} turns images into {_article(logits)}, not into a tensor of logits")
    if logits.shape != (2, classes):
        raise UsageError(
            f"model {name} turns images {list(images.shape)} into {list(logits.shape)}, not into "
            f"logits [2, {classes}]"
        )
    return network


@contextmanager
def _working_directory_importable() -> Iterator[None]:
    """Let modules in the working directory be imported, as `python -m` does, and undo it afterwards."""
    here = str(Path.cwd())
    importlib.invalidate_caches()
    sys.path.insert(0, here)
    try:
        yield
    finally:
        if here in sys.path:
            sys.path.remove(here)


def _signature(builder: Callable[..., object]) -> inspect.Signature:
    try:
        return inspect.signature(builder)
    except (TypeError, ValueError):  # some builtins have none: anything goes, and the call itself will tell
        anything = inspect.Parameter("options", inspect.Parameter.VAR_KEYWORD)
        return inspect.Signature([anything])


def _builders_in(module: ModuleType) -> list[str]:
    return [name for name, value in vars(module).items() if callable(value) and not name.startswith("_")]


def _call(name: str, arguments: Mapping[str, Any]) -> str:
    return f"{name.partition(':')[2]}({', '.join(f'{key}={value!r}' for key, value in arguments.items())})"


def _article(value: object) -> str:
    kind = type(value).__name__
    return "nothing" if value is None else f"an {kind}" if kind[0] in "aeiouAEIOU" else f"a {kind}"


def _in_one_line(error: BaseException) -> str:
    """The kind of an error, the first line of its text, and where in the user's code it was raised."""
    text = next(iter(str(error).strip().splitlines()), "")
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_own(frame.filename)]
    place = ""
    if own and not isinstance(error, SyntaxError):  # whose text has its place already
        place = f" ({Path(own[-1].filename).name}, line {own[-1].lineno})"
    return f"{type(error).__name__}: {text}{place}" if text else f"{type(error).__name__}{place}"


def _is_own(filename: str) -> bool:
    """Whether a file is the user's, not Python's, an installed package's or Hundred's."""
    path = Path(filename)
    libraries = (sysconfig.get_path("stdlib"), str(Path(__file__).parents[1]))
    return (
        path.is_file()
        and "site-packages" not in path.parts
        and not any(path.is_relative_to(library) for library in libraries)
    )
