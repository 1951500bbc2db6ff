"""The scales that were measured, remembered beside the digests of their files."""

import contextlib
import hashlib
import json
from pathlib import Path
from typing import Any

from hundred.data.opening.cache import cache_folder
from hundred.files import write_json
from hundred.interchange.read.scale import SCALES

_FILE = "scales.json"
_MOST = 2000


def digest_of(path: Path) -> str:
    """SHA-256 (hex) of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def remembered_scale(digest: str, output: str) -> tuple[str, str] | None:
    """The scale and the sentence with its figures for a file and its output, or None."""
    found = _entries().get(_key(digest, output))
    if isinstance(found, dict) and found.get("scale") in SCALES and isinstance(found.get("figures"), str):
        return found["scale"], found["figures"]
    return None


def remember_scale(digest: str, output: str, scale: str, figures: str) -> None:
    """Keep a measured scale. Where the cache cannot be written, it is measured again another time."""
    entries = _entries()
    entries.pop(_key(digest, output), None)
    entries[_key(digest, output)] = {"scale": scale, "figures": figures}
    kept = dict(list(entries.items())[-_MOST:])
    with contextlib.suppress(OSError):
        cache_folder().mkdir(parents=True, exist_ok=True)
        write_json(cache_folder() / _FILE, kept)


def _key(digest: str, output: str) -> str:
    return f"{digest}:{output}"


def _entries() -> dict[str, Any]:
    try:
        found = json.loads((cache_folder() / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
