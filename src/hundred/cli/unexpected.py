"""The last catch of the command line: whatever goes wrong ends in one line, and the traceback goes to a
file."""

import contextlib
import errno
import os
import platform
import shlex
import sys
import tempfile
import threading
import traceback
from pathlib import Path

from hundred.version import __version__

_OUT_OF_MEMORY = "not enough memory: close other programs, or take a smaller batch or fewer images"
_REFUSALS = {
    getattr(errno, name)
    for name in (
        *("ENAMETOOLONG", "ELOOP", "ENOTDIR", "EISDIR", "EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT"),
        *("EFBIG", "EIO", "ESTALE", "EMFILE", "ENFILE", "ENXIO", "ENODEV", "EBUSY", "ENOTCONN"),
    )
    if hasattr(errno, name)
}


def prepare_streams() -> None:
    """Make standard streams that cannot fail on text: closed ones are replaced by the null device, and
    characters that the terminal's encoding lacks, as in file names that are not UTF-8, are printed as
    escapes."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None or stream.closed:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 (open to the end)
        elif mode == "w" and hasattr(stream, "reconfigure"):
            with contextlib.suppress(ValueError, OSError):
                stream.reconfigure(errors="backslashreplace")
    threading.excepthook = _report_thread


def flush_output() -> str:
    """Write out what standard output still holds; what failed, in one line, else ''."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError) as error:
        discard_output()
        return f"standard output cannot be written: {getattr(error, 'strerror', None) or error}"
    return ""


def discard_output() -> None:
    """Send standard output to the null device, so that Python does not fail again when it flushes at the
    end."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def report_unexpected(error: BaseException) -> str:
    """One or two lines about an error that nothing else has caught, and a file with its traceback."""
    if isinstance(error, MemoryError):
        return _OUT_OF_MEMORY
    if isinstance(error, OSError) and _is_from_printing(error):
        discard_output()
        return f"standard output cannot be written: {error.strerror or error}"
    if isinstance(error, OSError) and (reason := _reason_of_the_machine(error)):
        return reason
    lines = str(error).strip().splitlines()
    what = f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
    try:
        path = _write_traceback(error)
    except OSError:
        return f"unexpected error: {what} (its traceback could not be written to a file)"
    return f"unexpected error: {what}\nthis is a fault of Hundred; please report it with {path}"


def _reason_of_the_machine(error: OSError) -> str:
    """What the operating system refuses, and for which path; '' for errors that it takes a traceback to
    explain."""
    if error.filename is None:
        return str(error.strerror) if "No usable temporary directory" in str(error.strerror) else ""
    if error.errno not in _REFUSALS:
        return ""
    path = str(error.filename)
    return f"cannot use {path if len(path) <= 200 else path[:200] + '...'}: {error.strerror}"


def is_interruption(error: BaseException | None) -> bool:
    """Whether `error` comes from a Ctrl-C, as where it hit a library while that was imported."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, KeyboardInterrupt):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


def _is_from_printing(error: BaseException) -> bool:
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    return str(frame.f_globals.get("__name__")).startswith("click.")


def _write_traceback(error: BaseException) -> str:
    text = "".join(traceback.format_exception(error))
    about = f"hundred {__version__}, Python {platform.python_version()}, {platform.platform()}"
    handle, name = tempfile.mkstemp(prefix="hundred-error-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(f"{about}\n{shlex.join(sys.argv)}\n\n{text}")
    return name


def _report_thread(arguments: "threading.ExceptHookArgs") -> None:
    error = arguments.exc_value
    if error is not None and not isinstance(error, SystemExit) and not is_interruption(error):
        with contextlib.suppress(Exception):
            sys.stderr.write(f"hundred: {report_unexpected(error)}\n")
