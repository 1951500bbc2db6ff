"""One transfer over http or https into a partial file, from its start or from where it was cut."""

import http.client
import json
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hundred.deadline import run_within
from hundred.errors import HundredError

TIMEOUT_SECONDS = 30.0
# A socket's timeout does not bound a server that sends a byte at a time: its headers, and a small answer,
# have to be here by this time, and a file has to come at this rate.
ANSWER_SECONDS = 60.0
LEAST_BYTES_A_SECOND, LOOK_SECONDS = 500.0, 60.0
MOST_BYTES = 400_000_000  # the archive has 169 MB; a server that sends more has another file
_PIECE_BYTES = 1 << 18
_MOST_JSON = 20_000_000

Progress = Callable[[int, int | None], None]


class RefusedError(Exception):
    """The address has no such file; trying it again is of no use."""


class BrokenError(Exception):
    """The transfer was cut or the server is busy; trying again may help."""


def shown(url: str) -> str:
    """`url` without user, password and query, fit for an error message."""
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"
    except ValueError:
        return "not an address"


class Transfer:
    """Brings the rest of `url` into `part`. resumed: whether the server went on from what was there.

    most_bytes: that the file may have; None is `MOST_BYTES`.
    """

    def __init__(self, url: str, part: Path, progress: Progress, most_bytes: int | None = None) -> None:
        self.most_bytes = MOST_BYTES if most_bytes is None else most_bytes
        self.url = url
        self.part = part
        self.progress = progress
        self.resumed = False

    def run(self) -> None:
        """Return when the file is as long as the server says.

        Raises RefusedError or BrokenError for the server, OSError for the partial file alone.
        """
        have = self.part.stat().st_size if self.part.exists() else 0
        try:
            answer = self._ask(have)
        except _RangeRefused:
            # What is there is the whole file or not of this file: the checksum decides.
            self.resumed = True
            return
        with answer:
            self.resumed = have > 0 and _goes_on_from(answer, have)
            done = have if self.resumed else 0
            length = answer.headers.get("Content-Length", "")
            total = done + int(length) if length.isdigit() else None
            if total is not None and total > self.most_bytes:
                raise RefusedError(f"it has {total:,} bytes, more than it should have")
            with self.part.open("ab" if self.resumed else "wb") as file:
                self._copy(answer, file, done, total)
                file.flush()
                os.fsync(file.fileno())

    def _ask(self, have: int) -> Any:
        if not self.url.lower().startswith(("http://", "https://")):
            raise RefusedError("only http and https addresses are downloaded from")
        headers = {"User-Agent": "hundred", "Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"
        try:
            return _open(self.url, headers, TIMEOUT_SECONDS)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 416 and have:
                raise _RangeRefused from None
            kind = BrokenError if error.code in (408, 425, 429) or error.code >= 500 else RefusedError
            raise kind(f"the server says {error.code} {error.reason}") from None
        except urllib.error.URLError as error:
            if "unknown url type" in str(error.reason):
                raise RefusedError("it leads to an address that is not http or https") from None
            raise BrokenError(_reason(error.reason)) from None
        except (http.client.InvalidURL, ValueError) as error:
            raise RefusedError(f"not an address: {error}") from None
        except (OSError, http.client.HTTPException) as error:
            raise BrokenError(_reason(error)) from None

    def _copy(self, answer: Any, file: Any, done: int, total: int | None) -> None:
        self.progress(done, total)
        looked, had = time.monotonic(), done
        while True:
            seconds = time.monotonic() - looked
            if seconds > LOOK_SECONDS:
                if done - had < LEAST_BYTES_A_SECOND * seconds:
                    raise BrokenError(f"too slow: {done - had:,} bytes in {seconds:.0f} s")
                looked, had = time.monotonic(), done
            try:
                piece = answer.read1(_PIECE_BYTES)  # what there is, without waiting for all of it
            except (OSError, http.client.HTTPException) as error:
                raise BrokenError(f"cut after {done:,} bytes ({_reason(error)})") from None
            if not piece:
                break
            file.write(piece)
            done += len(piece)
            if done > self.most_bytes:
                raise RefusedError(f"it sends more than {self.most_bytes:,} bytes")
            self.progress(done, total)
        if total is not None and done < total:
            raise BrokenError(f"cut after {done:,} of {total:,} bytes")


def speed(url: str, seconds: float = 4.0, most_bytes: int = 4_000_000) -> float:
    """Bytes a second at which `url` sends its first megabytes; 0 where it does not."""
    headers = {"User-Agent": "hundred", "Accept-Encoding": "identity", "Range": f"bytes=0-{most_bytes - 1}"}
    begin, done = time.monotonic(), 0
    try:
        with _open(url, headers, seconds) as answer:
            while done < most_bytes and time.monotonic() - begin < seconds:
                piece = answer.read1(_PIECE_BYTES)
                if not piece:
                    break
                done += len(piece)
    except (OSError, ValueError, http.client.HTTPException):
        return 0.0
    return done / max(time.monotonic() - begin, 1e-6)


def fetch_json(url: str) -> Any:
    """The JSON that `url` answers with. Raises RefusedError or BrokenError."""

    def ask() -> bytes:
        with _open(url, {"User-Agent": "hundred"}, TIMEOUT_SECONDS) as answer:
            return bytes(answer.read(_MOST_JSON))

    try:
        return json.loads(_in_time(ask))
    except urllib.error.HTTPError as error:
        error.close()
        raise RefusedError(f"the server says {error.code} {error.reason}") from None
    except (OSError, ValueError, RecursionError, http.client.HTTPException) as error:
        raise BrokenError(_reason(getattr(error, "reason", error))) from None


def _open(url: str, headers: dict[str, str], timeout: float) -> Any:
    if not url.lower().startswith(("http://", "https://")):
        raise ValueError("only http and https addresses are downloaded from")
    request = urllib.request.Request(url, headers=headers)  # noqa: S310
    return _in_time(lambda: _opener().open(request, timeout=timeout))


def _in_time(ask: Callable[[], Any]) -> Any:
    """What `ask` returns; TimeoutError where that takes longer than ANSWER_SECONDS."""
    try:
        return run_within(ANSWER_SECONDS, ask, f"no whole answer within {ANSWER_SECONDS:.0f} s")
    except HundredError as error:
        raise TimeoutError(str(error)) from None


class _RangeRefused(Exception):
    """The server has nothing after the bytes that are there."""


def _goes_on_from(answer: Any, have: int) -> bool:
    """Whether the answer is the rest of the file, and not all of it over again."""
    start = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
    return answer.status == 206 and start is not None and int(start[1]) == have


def _reason(error: object) -> str:
    return str(getattr(error, "strerror", None) or error or type(error).__name__)


def _opener() -> urllib.request.OpenerDirector:
    """Python's usual opener would also follow a redirect to ftp or read local files; this one cannot."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.UnknownHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener
