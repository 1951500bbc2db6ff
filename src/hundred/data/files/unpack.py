"""Archives of folders and files: unpacked once, beside the cache of opened images, safely and within
limits."""

import hashlib
import os
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from hundred.data.opening.cache import cache_folder
from hundred.errors import HundredError

ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
MOST_BYTES = 60_000_000_000
MOST_FILES = 5_000_000
_MOST_TIMES = 200  # larger than the archive: pictures hardly pack, so that more is a bomb


def is_packed(path: Path) -> bool:
    """Whether `path` is an archive, by its name."""
    return path.name.lower().endswith(ENDINGS) and path.is_file()


def unpacked(path: Path) -> Path:
    """The folder with what is in the archive `path`, unpacked unless it has been.

    Only plain files and folders within it are taken; links and absolute paths are left out.

    Raises HundredError where it is damaged, or unpacks to absurdly much.
    """
    about = path.stat()
    key = f"{path.resolve()}\0{about.st_size}\0{about.st_mtime_ns}\0{about.st_ctime_ns}"
    folder = cache_folder() / "unpacked" / hashlib.sha256(os.fsencode(key)).hexdigest()[:24]
    if folder.is_dir():
        return folder
    temporary = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
        if zipfile.is_zipfile(path):
            _unzip(path, temporary)
        else:
            _untar(path, temporary)
        temporary.rename(folder)
    except HundredError:
        raise
    except (
        tarfile.TarError,
        zipfile.BadZipFile,
        EOFError,
        zlib.error,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise HundredError(f"{path} is not a whole archive: {_first_line(error)}") from None
    except OSError as error:
        if not folder.is_dir():
            raise HundredError(
                f"{path} cannot be unpacked into {folder.parent}: {error.strerror or error}"
            ) from None
    finally:
        if temporary is not None and temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
    return folder


class _Budget:
    """Counts what is unpacked. Raises HundredError beyond the limits."""

    def __init__(self, path: Path) -> None:
        self.path, self.files = path, 0
        self.left = min(MOST_BYTES, max(path.stat().st_size, 1_000_000) * _MOST_TIMES)

    def take(self, size: int) -> None:
        self.files += 1
        self.left -= size
        if self.left < 0 or self.files > MOST_FILES:
            raise HundredError(f"{self.path} unpacks to absurdly much: it is not unpacked")


def _unzip(path: Path, into: Path) -> None:
    budget = _Budget(path)
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            target = _inside(member.filename, into)
            if target is None or member.is_dir():
                continue
            budget.take(member.file_size)
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(member) as source, target.open("wb") as file:
                shutil.copyfileobj(source, file)


def _untar(path: Path, into: Path) -> None:
    budget = _Budget(path)
    with tarfile.open(path) as archive:
        for member in archive:
            target = _inside(member.name, into)
            source = archive.extractfile(member) if member.isreg() else None
            if target is None or source is None:
                continue
            budget.take(member.size)
            target.parent.mkdir(parents=True, exist_ok=True)
            with source, target.open("wb") as file:
                shutil.copyfileobj(source, file)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(":") if str(error) else type(error).__name__


def _inside(name: str, into: Path) -> Path | None:
    """Where a member goes; None for one that would leave the folder."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not parts or parts[0] == "/" or ".." in parts or ":" in parts[0] or "\0" in name:
        return None
    return into.joinpath(*parts)
