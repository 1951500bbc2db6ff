"""Decoding many pictures at once: files by processes of their own, bytes in memory by threads."""

import contextlib
import json
import os
import subprocess
import sys
import threading
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate, islice
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
_PORTION = 1000  # pictures that a process is asked for at a time: one that is slower gets fewer of them

Fault = tuple[int, str]  # which picture, and what is wrong with it


class Room:
    """Arrays of images, uint8 [n, 3, size, size] each, filled by a number that runs through all of them."""

    def __init__(self, parts: Sequence[NDArray[np.uint8]]) -> None:
        """Such as the images of the training and of the test split."""
        self.parts = parts
        self.size = int(parts[0].shape[-1])
        self._begins = [0, *accumulate(len(part) for part in parts)]

    def put(self, at: int, image: NDArray[np.uint8] | int) -> None:
        """Place `image`, or one number for all its values, as image `at`."""
        number = bisect_right(self._begins, at) - 1
        self.parts[number][at - self._begins[number]] = image


class Decoders:
    """Decodes picture files, many of them by a process for each processor.

    The processes start with the first line of a `with` block, before there is work for them: what they import
    takes as long as finding out what to decode.
    """

    def __init__(self, files: int, ready: Callable[[int], None] = lambda _count: None) -> None:
        """files: how many there will be: few are decoded by threads. ready: called by processes' master while
        they work, with the number of pictures, from the first on, that are all in place."""
        self._many = files >= FILES_FOR_PROCESSES and _processors() > 1
        self._ready = ready
        self._children: list[subprocess.Popen[str]] = []

    def __enter__(self) -> "Decoders":
        self._children = [_child() for _ in range(_processors())] if self._many else []
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._children:
            with child, contextlib.suppress(OSError):  # it ends with its input
                child.communicate()

    def decode(
        self, paths: Sequence[str], into: Room, fit: Fit, progress: Callable[[int], None]
    ) -> list[Fault]:
        """Decode picture files into `into`; the damaged ones, in order.

        Processes are of use where its arrays are maps of files: they write to these files.
        """
        maps = [part for part in into.parts if isinstance(part, np.memmap)]
        if not self._children or len(maps) < len(into.parts):
            return decode_all(paths, paths, into, fit, progress)
        children, self._children = self._children, []
        parts = [{"file": str(each.filename), "offset": each.offset, "shape": each.shape} for each in maps]
        return _in_processes(children, paths, {"parts": parts, "fit": fit}, progress, self._ready)


def decode_files(paths: Sequence[str], into: Room, fit: Fit, progress: Callable[[int], None]) -> list[Fault]:
    """Decode picture files into `into`; the damaged ones, in order."""
    with Decoders(len(paths)) as decoders:
        return decoders.decode(paths, into, fit, progress)


def decode_all(
    sources: Sequence[bytes | str],
    names: Sequence[str],
    into: Room,
    fit: Fit,
    progress: Callable[[int], None],
) -> list[Fault]:
    """Decode pictures, as files or bytes, into `into`; the damaged ones, in order."""

    def part(start: int) -> list[Fault]:
        faults = []
        for at in range(start, min(start + _AT_ONCE, len(sources))):
            try:
                into.put(at, decode_picture(sources[at], into.size, fit, names[at]))
            except HundredError as error:
                into.put(at, 0)
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
        f"{some}, first {faults[0][1]}\n"
        "Mend or remove them, or leave them out: --skip-damaged, or data.skip_damaged=true in a recipe."
    )


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _in_processes(
    children: "Sequence[subprocess.Popen[str]]",
    paths: Sequence[str],
    target: Mapping[str, Any],
    progress: Callable[[int], None],
    ready: Callable[[int], None],
) -> list[Fault]:
    """Portions of the files to processes that write to `target`, to each as it asks for more.

    Raises HundredError where one fails.
    """
    begins = iter(range(0, len(paths), _PORTION))
    done, faults, whole = list[int](), list[Fault](), set[int]()

    def order(child: "subprocess.Popen[str]", portions: int) -> int:
        """Ask `child` for so many portions more; how many there were."""
        assert child.stdin is not None  # noqa: S101
        count = 0
        for begin in islice(begins, portions):  # shared by all threads: one step of it is atomic
            wanted = {**target, "start": begin, "paths": paths[begin : begin + _PORTION]}
            child.stdin.write(json.dumps(wanted) + "\n")
            count += 1
        child.stdin.flush()
        return count

    def run(child: "subprocess.Popen[str]") -> None:
        assert child.stdout is not None  # noqa: S101
        # Where the process has ended, its exit code says more.
        with contextlib.suppress(BrokenPipeError), child:
            waiting = order(child, 2)  # one in reserve, so that it need not wait
            while waiting and (line := child.stdout.readline()):
                report = json.loads(line)
                faults.extend((int(at), text) for at, text in report["faults"])
                done.append(report["done"])
                if report["whole"]:
                    whole.add(report["start"])
                    waiting += order(child, 1) - 1

    threads = [threading.Thread(target=run, args=(child,)) for child in children]
    for thread in threads:
        thread.start()
    in_place = 0
    for thread in threads:
        while thread.is_alive():
            thread.join(0.1)
            progress(sum(done))
            while in_place in whole:
                in_place += _PORTION
            ready(min(in_place, len(paths)))
    if any(child.returncode for child in children) or sum(done) != len(paths):
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
    """In the other process: decode a portion, reporting after each few pictures.

    They are written to the files, not into maps of them: the first touch of each page of a map costs nearly
    as much as decoding what belongs there.
    """
    begins = [0, *accumulate(each["shape"][0] for each in order["parts"])]
    size = int(order["parts"][0]["shape"][-1])
    images = np.empty((_AT_ONCE, 3, size, size), np.uint8)
    paths, start = order["paths"], order["start"]
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(Path(each["file"]).open("r+b")) for each in order["parts"]]
        for at in range(0, len(paths), _AT_ONCE):
            faults, few = [], paths[at : at + _AT_ONCE]
            for place, path in enumerate(few):
                try:
                    images[place] = decode_picture(path, size, order["fit"], path)
                except HundredError as error:
                    images[place] = 0
                    faults.append((start + at + place, str(error)))
            first, last = start + at, start + at + len(few)
            for file, each, begin, end in zip(files, order["parts"], begins, begins[1:], strict=False):
                low, high = max(first, begin), min(last, end)
                if low < high:
                    file.seek(each["offset"] + (low - begin) * images[0].nbytes)
                    file.write(images[low - first : high - first].data)
            whole = at + len(few) == len(paths)
            yield {"start": start, "done": len(few), "faults": faults, "whole": whole}


def main() -> None:
    """Decode what standard input asks for, a portion a line; reports go to standard output."""
    for order in sys.stdin:
        for report in _reports(json.loads(order)):
            sys.stdout.write(json.dumps(report) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
