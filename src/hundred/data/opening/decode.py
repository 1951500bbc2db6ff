"""Decoding many pictures at once: files by processes of their own, bytes in memory by threads."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hundred.data.files.pictures import decode_picture
from hundred.data.formats.raw import Fit, ReadOptions
from hundred.errors import HundredError

# Below this many files a process of its own would take longer to start than it saves.
FILES_FOR_PROCESSES = 4000
_AT_ONCE = 250  # pictures between two reports of progress

Fault = tuple[int, str]  # which picture, and what is wrong with it


def decode_files(
    paths: Sequence[str], into: NDArray[np.uint8], fit: Fit, progress: Callable[[int], None]
) -> list[Fault]:
    """Decode picture files into `into` (uint8 [n, 3, size, size]); the damaged ones, in order.

    Where `into` is a memory map of a file, processes of their own decode into it, one for each processor.
    """
    if isinstance(into, np.memmap) and len(paths) >= FILES_FOR_PROCESSES and _processors() > 1:
        return _in_processes(paths, into, fit, progress)
    return decode_all(paths, paths, into, fit, progress)


def decode_all(
    sources: Sequence[bytes | str],
    names: Sequence[str],
    into: NDArray[np.uint8],
    fit: Fit,
    progress: Callable[[int], None],
) -> list[Fault]:
    """Decode pictures, as files or bytes, into `into` (uint8 [n, 3, size, size]); the damaged ones, in
    order."""
    size = into.shape[-1]

    def part(start: int) -> list[Fault]:
        faults = []
        for at in range(start, min(start + _AT_ONCE, len(sources))):
            try:
                into[at] = decode_picture(sources[at], size, fit, names[at])
            except HundredError as error:
                into[at] = 0
                faults.append((at, str(error)))
        return faults

    found: list[Fault] = []
    with ThreadPoolExecutor(_processors()) as pool:
        for number, faults in enumerate(pool.map(part, range(0, len(sources), _AT_ONCE)), start=1):
            found += faults
            progress(min(number * _AT_ONCE, len(sources)))
    return found


def refuse_damaged(faults: Sequence[Fault], total: int, options: ReadOptions) -> str:
    """A note on damaged pictures that are left out. Raises HundredError where they are not to be."""
    if not faults:
        return ""
    some = f"{len(faults):,} of {total:,} pictures cannot be read"
    if options.skip_damaged and len(faults) < total:
        return f"{some} and are left out, first {faults[0][1]}"
    raise HundredError(
        f"{some}, first {faults[0][1]}\nMend or remove them, or leave them out with --skip-damaged."
    )


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _in_processes(
    paths: Sequence[str], into: np.memmap, fit: Fit, progress: Callable[[int], None]
) -> list[Fault]:
    """Shares of the files to processes that map the same file. Raises HundredError where one fails."""
    shares = np.array_split(np.arange(len(paths)), _processors())
    done, faults = [0] * len(shares), list[Fault]()
    target = {"file": str(into.filename), "offset": into.offset, "shape": into.shape, "fit": fit}

    def run(number: int) -> int:
        start, share = int(shares[number][0]), [paths[at] for at in shares[number]]
        order = json.dumps({**target, "start": start, "paths": share})
        with _child() as child:
            assert child.stdin is not None and child.stdout is not None  # noqa: S101, PT018
            with child.stdin:
                child.stdin.write(order)
            for line in child.stdout:
                report = json.loads(line)
                faults.extend((int(at), text) for at, text in report["faults"])
                done[number] = report["done"]
        return child.returncode

    codes: list[int] = []
    threads = [threading.Thread(target=lambda n=n: codes.append(run(n))) for n in range(len(shares))]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():
            thread.join(0.2)
            progress(sum(done))
    if any(codes) or sum(done) != len(paths):
        raise HundredError("a process that decodes pictures ended early: too little memory, or a full disk")
    return sorted(faults)


def _child() -> "subprocess.Popen[str]":
    # -P: a file of the user's in the current folder must not be imported instead of a package.
    command = [sys.executable, "-P", "-m", "hundred.data.opening.decode"]
    source = str(Path(__file__).resolve().parents[2])
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, [source, os.environ.get("PYTHONPATH", "")])),
        "PYTHONIOENCODING": "utf-8:surrogateescape",
    }
    return subprocess.Popen(  # noqa: S603
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="surrogateescape",
        env=environment,
    )


def _reports(order: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """In the other process: decode a share, reporting after each few pictures."""
    into = np.memmap(order["file"], np.uint8, "r+", offset=order["offset"], shape=tuple(order["shape"]))
    paths, start = order["paths"], order["start"]
    for at in range(0, len(paths), _AT_ONCE):
        faults = []
        for number, path in enumerate(paths[at : at + _AT_ONCE], start=start + at):
            try:
                into[number] = decode_picture(path, into.shape[-1], order["fit"], path)
            except HundredError as error:
                into[number] = 0
                faults.append((number, str(error)))
        yield {"done": min(at + _AT_ONCE, len(paths)), "faults": faults}
    into.flush()


def main() -> None:
    """Decode what standard input asks for; reports go to standard output."""
    for report in _reports(json.load(sys.stdin)):
        sys.stdout.write(json.dumps(report) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
