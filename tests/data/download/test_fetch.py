"""Named sets and the hub, from a server of our own that has archives of the published layout."""

import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data.formats.test_published import IMAGES, LABELS, TEST, TRAIN, write_cifar10, write_idx
from data.formats.test_tables import cells
from hundred.data.download import fetch
from hundred.data.download.fetch import fetch_hub, fetch_named
from hundred.data.download.named import NAMED_SETS
from hundred.data.opening.cache import cache_folder
from hundred.data.opening.open import open_dataset
from hundred.errors import HundredError, UsageError


class Server:
    """Serves `files` by path; `asked` lists the paths, `slow` those that come slowly."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.slow: set[str] = set()
        rules = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                rules.asked.append(self.path)
                content = rules.files.get(self.path)
                if content is None:
                    return self.send_error(404)
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if self.path in rules.slow:
                    threading.Event().wait(0.5)
                self.wfile.write(content)
                return None

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    server = Server()
    monkeypatch.setenv("HUNDRED_MIRROR", server.url)
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    yield server
    server.close()


def known_md5(monkeypatch: pytest.MonkeyPatch, name: str, contents: dict[str, bytes]) -> None:
    """Let these files be the published ones of the set `name`."""
    chosen = NAMED_SETS[name]
    files = tuple(
        replace(file, md5=hashlib.md5(contents[file.name]).hexdigest() if file.md5 else "", urls=())
        for file in chosen.files
    )
    monkeypatch.setitem(NAMED_SETS, name, replace(chosen, files=files))


def test_cifar_10_by_name(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.add(write_cifar10(tmp_path / "cifar-10-batches-py"), "cifar-10-batches-py")
    server.files["/cifar10/cifar-10-python.tar.gz"] = packed.getvalue()
    known_md5(monkeypatch, "cifar10", {"cifar-10-python.tar.gz": packed.getvalue()})
    dataset = open_dataset("cifar10")
    assert (dataset.name, dataset.source, dataset.fine_names[3]) == ("cifar10", "cifar10", "cat")
    np.testing.assert_array_equal(dataset.train.images, IMAGES[TRAIN])
    assert open_dataset("CIFAR-10", download=False).digest == dataset.digest
    assert server.asked == ["/cifar10/cifar-10-python.tar.gz"]


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_the_four_files_of_mnist_by_name(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    files = {path.name: path.read_bytes() for path in write_idx(tmp_path / "x", packed=True).iterdir()}
    server.files = {f"/{name}/{file}": content for file, content in files.items()}
    known_md5(monkeypatch, name, files)
    dataset = open_dataset(name)
    assert dataset.name == name
    assert dataset.fine_names[0] == ("0" if name == "mnist" else "T-shirt/top")
    np.testing.assert_array_equal(dataset.test.fine, LABELS[TEST])
    assert len(server.asked) == 4


def test_another_file_than_the_published_is_refused(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.files["/cifar10/cifar-10-python.tar.gz"] = b"another file"
    known_md5(monkeypatch, "cifar10", {"cifar-10-python.tar.gz": b"the published one"})
    with pytest.raises(HundredError, match=r"CIFAR-10 could not be downloaded: .*it holds another file"):
        fetch_named("cifar10")


def test_without_a_published_checksum_the_first_download_is_the_one(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = NAMED_SETS["tiny-imagenet"]
    monkeypatch.setitem(NAMED_SETS, "tiny-imagenet", replace(known, files=(replace(known.files[0], md5=""),)))
    server.files["/tiny-imagenet/tiny-imagenet-200.zip"] = b"first"
    path = fetch_named("tiny-imagenet")
    path.unlink()
    server.files["/tiny-imagenet/tiny-imagenet-200.zip"] = b"second"
    with pytest.raises(HundredError, match="not the file that was downloaded first"):
        fetch_named("tiny-imagenet")
    server.files["/tiny-imagenet/tiny-imagenet-200.zip"] = b"first"
    assert fetch_named("tiny-imagenet").read_bytes() == b"first"
    assert fetch_named("tiny-imagenet") == path
    assert len(server.asked) == 3


def test_the_quickest_mirror_is_asked_first(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HUNDRED_MIRROR")
    content = bytes(300_000)
    server.files = {"/slow/x": content, "/quick/x": content}
    server.slow = {"/slow/x"}
    file = replace(
        NAMED_SETS["cifar10"].files[0],
        md5=hashlib.md5(content).hexdigest(),
        urls=(f"{server.url}/slow/x", f"{server.url}/quick/x", f"{server.url}/gone"),
    )
    monkeypatch.setitem(NAMED_SETS, "cifar10", replace(NAMED_SETS["cifar10"], files=(file,), hub=""))
    assert fetch_named("cifar10").read_bytes() == content
    assert server.asked[-1] == "/quick/x"


def parquet(part: slice) -> bytes:
    table = pa.table({"image": cells(IMAGES[part].transpose(0, 2, 3, 1)), "label": LABELS[part]})
    file = io.BytesIO()
    pq.write_table(table, file)
    return file.getvalue()


def serve_hub(server: Server, name: str = "me/zoo") -> None:
    urls = {split: [f"{server.url}/files/{split}.parquet"] for split in ("train", "test")}
    server.files[f"/api/datasets/{name}/parquet"] = json.dumps({"default": urls, "small": urls}).encode()
    server.files |= {"/files/train.parquet": parquet(TRAIN), "/files/test.parquet": parquet(TEST)}


def test_a_set_of_the_hub(server: Server) -> None:
    serve_hub(server)
    dataset = open_dataset("hf:me/zoo")
    assert (dataset.name, dataset.source) == ("zoo", "hf:me/zoo")
    asked = len(server.asked)
    assert open_dataset("hf:me/zoo", download=False).digest == dataset.digest
    assert len(server.asked) == asked  # what is here needs no network
    with pytest.raises(HundredError, match="is not on this machine"):
        open_dataset("hf:me/zoo:small", download=False)
    np.testing.assert_array_equal(dataset.train.images, IMAGES[TRAIN])
    assert fetch_hub("me/zoo:small").name == "small"
    with pytest.raises(UsageError, match="no configuration 'other': it has default, small"):
        fetch_hub("me/zoo:other")
    with pytest.raises(HundredError, match="hf:me/nothing could not be found"):
        open_dataset("hf:me/nothing")
    with pytest.raises(UsageError, match="give the owner and the name"):
        open_dataset("hf:zoo")


def test_the_copy_of_the_hub_is_taken_where_it_is_much_quicker(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HUNDRED_MIRROR")
    serve_hub(server, "uoft-cs/cifar10")
    speeds = {True: 70_000.0, False: 3e7}
    monkeypatch.setattr(fetch, "speed", lambda url: speeds["toronto" in url])
    assert fetch_named("cifar10") == cache_folder() / "hub" / "uoft-cs--cifar10" / "default"
    monkeypatch.setattr(fetch, "speed", None)
    server.files.clear()
    assert open_dataset("cifar10", download=False).name == "cifar10"


def test_of_the_hubs_svhn_only_its_two_splits_are_taken(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HUNDRED_MIRROR")
    serve_hub(server)
    urls = {split: [f"{server.url}/files/{split}.parquet"] for split in ("train", "test", "extra")}
    listed = json.dumps({"cropped_digits": urls, "full_numbers": {"train": [f"{server.url}/other"]}})
    server.files["/api/datasets/ufldl-stanford/svhn/parquet"] = listed.encode()
    monkeypatch.setattr(fetch, "speed", lambda url: 0.0 if "ufldl.stanford" in url else 1e6)
    dataset = open_dataset("svhn")
    assert (dataset.name, len(dataset.train), len(dataset.test)) == ("svhn", 50, 10)
    assert "/files/extra.parquet" not in server.asked


def test_a_mirror_that_is_no_address_is_refused(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUNDRED_MIRROR", "file:///etc")
    with pytest.raises(UsageError, match="HUNDRED_MIRROR"):
        fetch_named("mnist")
