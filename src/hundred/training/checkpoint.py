"""All that a resume needs, in one file that is written whole and read with `weights_only`."""

import zipfile
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import numpy as np
import torch
from torch import Tensor

from hundred.errors import HundredError
from hundred.files import write_with

FORMAT = 1


def save_checkpoint(path: Path, state: dict[str, Any], about: dict[str, Any]) -> None:
    """Write `state` (plain values and tensors) with `about`, which a resume compares with its own.

    Raises HundredError where the file cannot be written, or `state` holds what could not be read back.
    """
    content = {"format": FORMAT, "about": about, "state": plain_state(state)}
    try:
        write_with(path, lambda temporary: _save(content, temporary))
    except FileNotFoundError as error:
        raise HundredError(
            f"checkpoint {path} could not be written: its folder was moved or deleted"
        ) from error
    except OSError as error:
        raise HundredError(
            f"checkpoint {path} could not be written: {error.strerror or error}; "
            "free some space, or choose another place with --runs"
        ) from error


class _Writing:
    """A file for torch.save that keeps the operating system's error, which torch.save hides."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        try:
            return self.file.write(data)
        except OSError as error:
            self.error = error
            raise

    def flush(self) -> None:
        self.file.flush()


def _save(content: dict[str, Any], path: Path) -> None:
    with path.open("wb") as file:
        writing = _Writing(file)
        try:
            torch.save(content, cast(IO[bytes], writing))
        except (OSError, RuntimeError) as error:
            raise writing.error or error from None


def load_checkpoint(path: Path, device: torch.device) -> tuple[dict[str, Any], dict[str, Any]]:
    """(state, about) of the checkpoint at `path`, tensors on `device`.

    Raises HundredError in one line for a missing, damaged or foreign file.
    """
    if not path.is_file():
        raise HundredError(f"there is no checkpoint at {path}: nothing to resume")
    try:
        if not zipfile.is_zipfile(path):
            raise HundredError(f"checkpoint {path} is damaged or of another kind: start the run again")
        content = torch.load(path, map_location=device, weights_only=True)
        if content["format"] != FORMAT:
            raise HundredError(
                f"checkpoint {path} has format {content['format']}; this version reads {FORMAT}"
            )
        return content["state"], content["about"]
    except HundredError:
        raise
    except Exception as error:
        # torch.load raises many types of errors for damaged files.
        raise HundredError(
            f"checkpoint {path} is damaged ({type(error).__name__}): start the run again"
        ) from None


def plain_state(value: Any, where: str = "state") -> Any:
    """`value` as torch.load(weights_only=True) reads it back; NumPy's scalars become Python's.

    Raises HundredError naming the part that is neither a tensor, plain, nor a dict, list or tuple of such.
    """
    if isinstance(value, np.generic):  # before float, which NumPy's float64 is as well
        return value.item()
    if value is None or isinstance(value, Tensor | bool | int | float | str):
        return value
    if isinstance(value, dict):
        return {key: plain_state(inner, f"{where}.{key}") for key, inner in value.items()}
    if isinstance(value, list | tuple):
        inside = [plain_state(inner, f"{where}.{i}") for i, inner in enumerate(value)]
        return inside if isinstance(value, list) else tuple(inside)
    raise HundredError(
        f"the checkpoint cannot hold {where}, a {type(value).__name__}: "
        "give numbers, texts, tensors, and dicts or lists of them"
    )
