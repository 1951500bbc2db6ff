"""A server on this machine in the place of the Hugging Face hub, with one small set that comes slowly."""

import contextlib
import io
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
from PIL import Image

NAME = "hf:me/zoo"
PIECES, SECONDS_A_PIECE = 20, 0.05


def parquet(images: int, seed: int) -> bytes:
    """A split of the set: pictures of noise in three classes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    cells = []
    for pixels in np.random.default_rng(seed).integers(0, 256, (images, 32, 32, 3), dtype=np.uint8):
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "PNG")
        cells.append({"bytes": file.getvalue(), "path": None})
    file = io.BytesIO()
    pq.write_table(pa.table({"image": cells, "label": [number % 3 for number in range(images)]}), file)
    return file.getvalue()


@contextlib.contextmanager
def slow_hub() -> Iterator[str]:
    """The address of the hub, for HF_ENDPOINT; `NAME` is what it has. It answers Range requests."""
    files = {"/train.parquet": parquet(60, 1), "/test.parquet": parquet(30, 2)}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/api/"):
                urls = {name[1:].partition(".")[0]: [f"{address}{name}"] for name in files}
                return self._send(json.dumps({"default": urls}).encode(), 0)
            return self._send(files[self.path], PIECES)

        def _send(self, content: bytes, pieces: int) -> None:
            wanted = self.headers.get("Range")
            start = int(wanted[6:-1]) if wanted else 0
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            size = len(content) // max(pieces, 1) + 1
            with contextlib.suppress(OSError):  # the other side was killed
                for at in range(start, len(content), size):
                    self.wfile.write(content[at : at + size])
                    time.sleep(SECONDS_A_PIECE if pieces else 0.0)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield address
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
