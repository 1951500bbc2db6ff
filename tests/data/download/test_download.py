"""Downloads from a server of our own: whole, cut, resumed, refused, wrong, elsewhere, and by two at once."""

import contextlib
import errno
import hashlib
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from hundred.data.download import download, transfer
from hundred.data.download.download import ARCHIVE_NAME, addresses, download_archive
from hundred.errors import HundredError, UsageError

CONTENT = bytes(range(256)) * 4000  # 1 MB
MD5 = hashlib.md5(CONTENT).hexdigest()


class Server:
    """Serves CONTENT by rules that a test may change; `asked` lists (path, Range header)."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self.cuts: list[int] = []  # how many bytes to send before cutting the connection, answer by answer
        self.knows_range = True
        self.tells_length = True
        self.statuses: list[int] = []  # to answer with instead, answer by answer
        self.slowly = False
        self.closed = threading.Event()
        rules = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                rules.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def url(self, path: str = "/archive") -> str:
        return f"http://127.0.0.1:{self._server.server_port}{path}"

    def close(self) -> None:
        self.closed.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:  # noqa: PLR0911 (one for each rule)
        range_asked = handler.headers.get("Range")
        self.asked.append((handler.path, range_asked))
        if handler.path.startswith("/dripping-headers"):
            return self._drip(handler, b"HTTP/1.0 200 OK\r\n" + b"X-Header: a\r\n" * 10_000)
        if handler.path.startswith("/dripping"):
            handler.send_response(200)
            handler.end_headers()
            return self._drip(handler, CONTENT)
        if handler.path.startswith("/gone"):
            return handler.send_error(404)
        if handler.path.startswith("/to?"):
            handler.send_response(302)
            handler.send_header("Location", handler.path.partition("?")[2])
            return handler.end_headers()
        if self.statuses:
            return handler.send_error(self.statuses.pop(0))
        content = CONTENT[::-1] if handler.path.startswith("/wrong") else CONTENT
        start = int(range_asked[6:-1]) if range_asked and self.knows_range else 0
        if start >= len(content):
            return handler.send_error(416)
        handler.send_response(206 if start else 200)
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if self.tells_length:
            handler.send_header("Content-Length", str(len(content) - start))
        handler.end_headers()
        rest = content[start:]
        return self._send(handler, rest[: self.cuts.pop(0)] if self.cuts else rest)

    def _drip(self, handler: BaseHTTPRequestHandler, content: bytes) -> None:
        """A byte at a time, each well within the socket's timeout, until the other side has had enough."""
        with contextlib.suppress(OSError):
            for byte in content:
                handler.wfile.write(bytes([byte]))
                if self.closed.wait(0.02):
                    return

    def _send(self, handler: BaseHTTPRequestHandler, rest: bytes) -> None:
        for at in range(0, len(rest), 100_000):
            handler.wfile.write(rest[at : at + 100_000])
            if self.slowly:
                threading.Event().wait(0.1)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


class Pauses(list[float]):
    """Counts the waits instead of waiting."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def fetch(folder: Path, *urls: str, **more: object) -> Path:
    return download_archive(folder, urls=list(urls), md5=MD5, pause=more.pop("pause", Pauses()), **more)


def fault(call: Callable[[], object]) -> str:
    with pytest.raises(HundredError) as caught:
        call()
    text = str(caught.value)
    assert len(text.splitlines()) <= 2
    return text


def test_a_whole_download_is_put_in_place_with_its_progress_reported(server: Server, tmp_path: Path) -> None:
    reported: list[tuple[int, int | None]] = []
    path = fetch(tmp_path / "new" / "folder", server.url(), progress=lambda *now: reported.append(now))
    assert path == tmp_path / "new" / "folder" / ARCHIVE_NAME
    assert path.read_bytes() == CONTENT
    assert not path.with_name(f"{ARCHIVE_NAME}.part").exists()
    assert reported[0] == (0, len(CONTENT))
    assert reported[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in reported] == sorted(done for done, _ in reported)


def test_a_file_that_is_there_is_not_fetched_again_but_a_damaged_one_is(
    server: Server, tmp_path: Path
) -> None:
    path = fetch(tmp_path, server.url())
    fetch(tmp_path, server.url())
    assert len(server.asked) == 1
    path.write_bytes(CONTENT[:-1])
    assert fetch(tmp_path, server.url()).read_bytes() == CONTENT


def test_a_cut_download_goes_on_where_it_stopped(server: Server, tmp_path: Path) -> None:
    server.cuts = [300_000, 200_000]
    pauses = Pauses()
    assert fetch(tmp_path, server.url(), pause=pauses).read_bytes() == CONTENT
    assert [asked for _, asked in server.asked] == [None, "bytes=300000-", "bytes=500000-"]
    assert pauses == [1.0, 1.0]


def test_a_server_that_tells_no_length_will_do(server: Server, tmp_path: Path) -> None:
    server.tells_length = False
    reported: list[tuple[int, int | None]] = []
    path = fetch(tmp_path, server.url(), progress=lambda *now: reported.append(now))
    assert path.read_bytes() == CONTENT
    assert reported[-1] == (len(CONTENT), None)


def test_a_later_process_goes_on_with_what_an_earlier_one_left(server: Server, tmp_path: Path) -> None:
    (tmp_path / f"{ARCHIVE_NAME}.part").write_bytes(CONTENT[:123_456])
    seen: list[int] = []
    assert fetch(tmp_path, server.url(), progress=lambda done, _: seen.append(done)).read_bytes() == CONTENT
    assert server.asked == [("/archive", "bytes=123456-")]
    assert seen[0] == 123_456


@pytest.mark.parametrize("left", [b"of another file" * 1000, CONTENT + b"and more", CONTENT[::-1]])
def test_what_was_left_of_another_file_is_thrown_away(server: Server, tmp_path: Path, left: bytes) -> None:
    (tmp_path / f"{ARCHIVE_NAME}.part").write_bytes(left)
    assert fetch(tmp_path, server.url()).read_bytes() == CONTENT


def test_what_was_left_whole_is_used(server: Server, tmp_path: Path) -> None:
    (tmp_path / f"{ARCHIVE_NAME}.part").write_bytes(CONTENT)
    assert fetch(tmp_path, server.url()).read_bytes() == CONTENT
    assert server.asked == [("/archive", f"bytes={len(CONTENT)}-")]


def test_a_server_that_knows_no_ranges_sends_it_all_again(server: Server, tmp_path: Path) -> None:
    server.knows_range, server.cuts = False, [300_000]
    assert fetch(tmp_path, server.url()).read_bytes() == CONTENT
    assert [asked for _, asked in server.asked] == [None, "bytes=300000-"]


def test_a_wrong_file_is_refused_and_not_kept(server: Server, tmp_path: Path) -> None:
    text = fault(lambda: fetch(tmp_path, server.url("/wrong")))
    assert f"{server.url('/wrong')}: it holds another file" in text
    assert [path.name for path in tmp_path.iterdir()] in ([], [f"{ARCHIVE_NAME}.lock"])
    assert len(server.asked) == 1


def test_the_next_address_is_tried(server: Server, tmp_path: Path) -> None:
    urls = [server.url("/gone"), server.url("/wrong"), server.url("/archive")]
    assert fetch(tmp_path, *urls).read_bytes() == CONTENT
    assert [path for path, _ in server.asked] == ["/gone", "/wrong", "/archive"]


def test_a_busy_server_is_asked_again_with_longer_pauses_then_given_up(
    server: Server, tmp_path: Path
) -> None:
    server.statuses = [503, 429, 500]
    pauses = Pauses()
    assert fetch(tmp_path, server.url(), pause=pauses).read_bytes() == CONTENT
    assert pauses == [1.0, 2.0, 4.0]
    server.statuses = [503] * 20
    text = fault(lambda: fetch(tmp_path / "other", server.url(), server.url("/gone")))
    assert "503" in text
    assert "404" in text
    assert len(server.statuses) == 20 - 6


def test_no_server_at_all_is_said(tmp_path: Path) -> None:
    text = fault(lambda: fetch(tmp_path, "http://user:secret@127.0.0.1:9/x?token=secret"))
    assert "http://127.0.0.1:9/x: " in text
    assert "secret" not in text


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "/etc/passwd",
        "data:,x",
        "http://[bad",
        "http://127.0.0.1:port/x",
        "https://",
    ],
)
def test_other_addresses_than_http_are_refused(tmp_path: Path, url: str) -> None:
    fault(lambda: fetch(tmp_path, url))
    assert not (tmp_path / ARCHIVE_NAME).exists()


def test_a_redirect_is_followed_but_not_away_from_http(server: Server, tmp_path: Path) -> None:
    assert fetch(tmp_path, server.url(f"/to?{server.url()}")).read_bytes() == CONTENT
    for target in ("file:///etc/passwd", "ftp://127.0.0.1:9/x"):
        fault(lambda target=target: fetch(tmp_path / "other", server.url(f"/to?{target}")))


def test_more_than_the_archive_is_refused(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "MOST_BYTES", 500_000)
    assert "1,024,000 bytes" in fault(lambda: fetch(tmp_path, server.url()))
    server.tells_length = False
    assert "more than 500,000 bytes" in fault(lambda: fetch(tmp_path, server.url()))


def test_a_folder_that_cannot_be_written_is_said(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert f"into {tmp_path}/file/x" in fault(lambda: fetch(tmp_path / "file" / "x", server.url()))


def test_a_full_disk_is_said_and_what_came_is_kept(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(transfer.os, "fsync", full)
        assert f"the disk of {tmp_path} is full" in fault(lambda: fetch(tmp_path, server.url()))
    assert fetch(tmp_path, server.url()).read_bytes() == CONTENT


def test_two_processes_at_once_fetch_it_once(server: Server, tmp_path: Path) -> None:
    server.slowly = True
    code = (
        "import sys; from pathlib import Path; from hundred.data.download.download import download_archive\n"
        "path = download_archive(Path(sys.argv[1]), urls=[sys.argv[2]], md5=sys.argv[3])\n"
        "assert path.stat().st_size == 1024000"
    )
    command = [sys.executable, "-c", code, str(tmp_path), server.url(), MD5]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for process in both:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    assert server.asked == [("/archive", None)]


def test_who_waits_sees_the_progress_of_who_fetches(server: Server, tmp_path: Path) -> None:
    server.slowly = True
    reported: list[tuple[int, int | None]] = []
    first = threading.Thread(target=fetch, args=(tmp_path, server.url()))
    first.start()
    while not (tmp_path / f"{ARCHIVE_NAME}.part").exists():
        threading.Event().wait(0.01)
    fetch(tmp_path, server.url(), progress=lambda *now: reported.append(now))
    first.join()
    assert reported
    assert all(total is None for _, total in reported)
    assert len(server.asked) == 1


def test_the_address_list_can_be_overridden(monkeypatch: pytest.MonkeyPatch) -> None:
    assert addresses() == [download.OFFICIAL_URL]
    monkeypatch.setenv("HUNDRED_URL", " https://one/x,http://two/y\n https://three/z ")
    assert addresses() == ["https://one/x", "http://two/y", "https://three/z"]
    monkeypatch.setenv("HUNDRED_URL", "https://one/x file:///etc/passwd")
    with pytest.raises(UsageError, match="file:///etc/passwd"):
        addresses()


def test_opening_downloads_where_nothing_is_found_and_replaces_a_damaged_download(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_is_whole: None
) -> None:
    from hundred.data.opening.open import open_dataset
    from tests.making.archives import made, pack, write_official

    raw = made()
    archive = pack(write_official(tmp_path / "cifar-100-python", raw), tmp_path / "made.tar.gz")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.delenv("HUNDRED_DATA", raising=False)
    monkeypatch.setenv("HUNDRED_URL", server.url())
    monkeypatch.setattr(sys.modules[__name__], "CONTENT", archive.read_bytes())
    md5 = hashlib.md5(archive.read_bytes()).hexdigest()
    monkeypatch.setattr(download_archive, "__kwdefaults__", {**download_archive.__kwdefaults__, "md5": md5})
    reported: list[int] = []
    dataset = open_dataset(progress=lambda done, _: reported.append(done))
    assert reported[-1] == archive.stat().st_size
    assert (dataset.train.images.numpy() == raw.train.images).all()
    fetched = Path(dataset.source)
    fetched.write_bytes(fetched.read_bytes()[:-500])
    with pytest.raises(HundredError, match="not a whole"):
        open_dataset(download=False)
    assert open_dataset().digest == dataset.digest
    assert len(server.asked) == 2


@pytest.mark.parametrize("path", ["/dripping", "/dripping-headers"])
def test_a_server_that_sends_a_byte_at_a_time_is_given_up(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(transfer, "ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(transfer, "LOOK_SECONDS", 0.2)
    monkeypatch.setattr(download, "PAUSES_SECONDS", ())
    text = fault(lambda: fetch(tmp_path, server.url(path)))
    assert "too slow" in text or "no whole answer within" in text
    # The next address is asked.
    assert fetch(tmp_path, server.url(path), server.url()).read_bytes() == CONTENT


def test_a_list_that_comes_a_byte_at_a_time_is_given_up(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "ANSWER_SECONDS", 0.2)
    with pytest.raises(transfer.BrokenError, match="no whole answer within"):
        transfer.fetch_json(server.url("/dripping"))
