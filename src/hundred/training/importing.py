"""A user's own code by name: `package.module:name`, from installed packages or the current folder."""

import importlib
import sys
from pathlib import Path
from typing import Any

from hundred.errors import UsageError, nearest


def import_object(where: str, kind: str) -> Any:
    """What `where`, such as `package.module:Class`, names. kind: for messages, such as "callback".

    Raises UsageError where it cannot be imported or does not exist.
    """
    module_name, colon, name = where.partition(":")
    if not (module_name and colon and name):
        raise UsageError(f"{where!r} names no {kind}; write it as 'package.module:Class'")
    module = _import(module_name, where, kind)
    found = getattr(module, name, None)
    if found is None:
        known = [each for each in vars(module) if not each.startswith("_")]
        raise UsageError(f"{module_name} has no {name!r}{nearest(name, known)}")
    return found


def _import(module_name: str, where: str, kind: str) -> Any:
    here = str(Path.cwd())
    added = here not in sys.path and "" not in sys.path
    if added:
        sys.path.append(here)  # at the end, so that a file here hides no installed package
    try:
        return importlib.import_module(module_name)
    except ImportError as error:
        raise UsageError(f"the {kind} {where!r} cannot be imported: {error}") from error
    finally:
        if added and here in sys.path:
            sys.path.remove(here)
