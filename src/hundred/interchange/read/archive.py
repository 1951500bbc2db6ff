"""A saved Keras model as a file: recognized by its first bytes, its config parsed, its weights reachable."""

import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hundred.errors import HundredError
from hundred.interchange.hdf5.reader import Group, opened
from hundred.interchange.read.settings import shown, shown_path
from hundred.interchange.read.weights.requests import WeightSource
from hundred.interchange.read.weights.stored import ArchiveWeights, LegacyWeights
from hundred.interchange.read.wiring import MODELS, check_tree

_HDF5 = b"\x89HDF\r\n\x1a\n"
_LARGEST_CONFIG = 16 << 20  # of ResNet152 it is half a megabyte
_ROOM_TO_UNPACK = 200  # a config of layers like each other compresses about 30-fold


@dataclass(frozen=True)
class Archive:
    """An opened model file.

    config: Keras' {"class_name", "config", ...}, checked to be a tree of layers.
    version: Keras' major version. ours: what Hundred wrote about the model, or None.
    backend: what Keras ran on when it wrote the file, or `unknown`.
    """

    name: str
    format: str
    config: dict[str, Any]
    version: int
    weights: WeightSource
    ours: dict[str, Any] | None
    backend: str = "tensorflow"


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open `path` for reading; everything is closed when the block ends.

    Raises HundredError with one line for what is no model file or a damaged one.
    """
    name = path.name
    if path.is_dir():
        hint = "a SavedModel folder" if (path / "saved_model.pb").exists() else "a folder"
        raise HundredError(f"{shown_path(path)} is {hint}: save the model as .h5 or .keras")
    if not path.is_file():
        raise HundredError(f"{shown_path(path)}: no such file")
    try:
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        raise HundredError(f"{name}: cannot be read ({error.strerror})") from None
    if not start:
        raise HundredError(f"{name}: the file is empty")
    if start == _HDF5:
        with opened(path, name) as root:
            yield _legacy(root, name, path)
    elif start[:2] == b"PK":
        with _keras_zip(path, name) as archive:
            yield archive
    else:
        raise HundredError(f"{name}: neither HDF5 (.h5) nor a .keras archive")


def parse_json(text: str | bytes, name: str, what: str) -> Any:
    """JSON from an untrusted file: size, depth and form are checked."""
    if len(text) > _LARGEST_CONFIG:
        raise HundredError(f"{name}: {what} has {len(text)} bytes: refused as absurd")
    try:
        return json.loads(text)
    except RecursionError:
        raise HundredError(f"{name}: {what} is nested too deep") from None
    except ValueError as error:  # also UnicodeDecodeError and numbers of thousands of digits
        raise HundredError(f"{name}: {what} is no JSON ({shown(str(error))})") from None


def _checked_config(value: Any, name: str) -> dict[str, Any]:
    if isinstance(value, dict) and isinstance(value.get("config"), list):  # Keras before 2.2.3
        value = {**value, "config": {"name": "sequential", "layers": value["config"]}}
    if not isinstance(value, dict) or not isinstance(value.get("class_name"), str):
        raise HundredError(f"{name}: the model's config has no class_name")
    if not isinstance(value.get("config"), dict):
        raise HundredError(f"{name}: the model's config is no JSON object")
    try:
        if value["class_name"] in MODELS or "layers" in value["config"]:
            check_tree(value)
    except HundredError as error:
        raise HundredError(f"{name}: {error}") from None
    return value


def _config_beside(path: Path) -> Path | None:
    """The JSON of the model whose weights are in `path`: of the same name, or model.json."""
    stem = path.name.removesuffix(".h5").removesuffix(".weights")
    for other in (f"{stem}.json", "model.json", "config.json"):
        if (path.parent / other).is_file():
            return path.parent / other
    return None


def _pair(root: Group, name: str, beside: Path) -> Archive:
    """Weights alone and the JSON of their model."""
    config = _checked_config(parse_json(beside.read_bytes(), beside.name, "the model"), beside.name)
    version = _major(str(config.get("keras_version", "3" if "module" in config else "2")))
    weights: WeightSource = (
        LegacyWeights(root) if root.names("layer_names") is not None else ArchiveWeights(root, config)
    )
    return Archive(name, "h5", config, version, weights, None, str(config.get("backend", "unknown")))


def _legacy(root: Group, name: str, path: Path) -> Archive:
    text = root.text("model_config")
    if text is None:
        signs = ("layer_names", "layers", "_layer_checkpoint_dependencies")
        if root.names("layer_names") is not None or any(root.has(sign) for sign in signs):
            beside = _config_beside(path)
            if beside is None:
                raise HundredError(
                    f"{name}: holds weights alone, without the model's layers (save_weights): "
                    "put model.to_json() beside it as model.json, or save the whole model with "
                    "model.save('name.h5')"
                )
            return _pair(root, name, beside)
        raise HundredError(f"{name}: an HDF5 file, but no Keras model (it has no model_config)")
    config = _checked_config(parse_json(text, name, "model_config"), name)
    version = root.text("keras_version") or str(config.get("keras_version", "2"))
    ours = root.text("hundred")
    if not root.has("model_weights"):
        raise HundredError(f"{name}: the weights are missing")
    return Archive(
        name,
        "h5",
        config,
        _major(version),
        LegacyWeights(root.group("model_weights")),
        _ours(parse_json(ours, name, "hundred")) if ours is not None else None,
        root.text("backend") or "tensorflow",
    )


@contextmanager
def _keras_zip(path: Path, name: str) -> Iterator[Archive]:
    try:
        with zipfile.ZipFile(path) as archive:
            pickled = any(part.endswith("/data.pkl") for part in archive.NameToInfo)
            parts = {
                part: _member(archive, part, name)
                for part in ("config.json", "metadata.json", "hundred.json", "model.weights.h5")
                if part in archive.NameToInfo
            }
    except HundredError:
        raise
    except (
        Exception
    ) as error:  # zipfile raises whatever its modules raise: BadZipFile, zlib.error, struct.error, ...
        raise HundredError(f"{name}: damaged archive ({shown(str(error) or type(error).__name__)})") from None
    if pickled and "config.json" not in parts:
        raise HundredError(f"{name}: a file of torch.save, no Keras model: give its network to hundred.train")
    if "config.json" not in parts:
        raise HundredError(f"{name}: a zip archive, but no Keras model (it has no config.json)")
    if "model.weights.h5" not in parts:
        raise HundredError(f"{name}: the weights (model.weights.h5) are missing")
    config = _checked_config(parse_json(parts["config.json"], name, "config.json"), name)
    metadata = parse_json(parts.get("metadata.json", b"{}"), name, "metadata.json")
    version = metadata.get("keras_version") if isinstance(metadata, dict) else None
    ours = parse_json(parts["hundred.json"], name, "hundred.json") if "hundred.json" in parts else None
    with opened(parts["model.weights.h5"], name) as root:
        yield Archive(
            name,
            "keras",
            config,
            _major(str(version or "3")),
            ArchiveWeights(root, config),
            _ours(ours),
            "unknown",
        )


def _member(archive: zipfile.ZipFile, part: str, name: str) -> bytes:
    """One file of the archive, unpacked only as far as its honest size allows."""
    info = archive.getinfo(part)
    weights = part.endswith(".h5")
    allowed = 50 * info.compress_size + (16 << 20) if weights else min(
        _LARGEST_CONFIG, _ROOM_TO_UNPACK * info.compress_size + (1 << 20)
    )  # fmt: skip
    if info.file_size > allowed:
        raise HundredError(f"{name}: {part} would unpack to {info.file_size} bytes: refused as absurd")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or info.flag_bits & 1:
        raise HundredError(f"{name}: {part} is packed in an unknown way")
    with archive.open(info) as file:
        data = file.read(info.file_size + 1)
    if len(data) != info.file_size:
        raise HundredError(f"{name}: {part} is truncated")
    return data


def _major(version: str) -> int:
    head = version.strip().split(".")[0]
    return int(head) if head in ("1", "2", "3", "4") else 3


def _ours(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None
