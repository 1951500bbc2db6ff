"""One time limit for a whole exchange with somebody else's machine."""

import threading
from collections.abc import Callable
from typing import TypeVar

from hundred.errors import HundredError

T = TypeVar("T")


def run_within(seconds: float, work: Callable[[], T], message: str) -> T:
    """The result of `work()`, or HundredError(`message`) where it takes longer than `seconds`.

    A socket's timeout does not bound an exchange: a server that sends a byte at a time, or asks for a retry
    in an hour, restarts it for ever. So the work is done in a daemon thread, which is abandoned at the
    deadline and ends with the process. What `work` raises is raised here.
    """
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True, name="hundred-exchange")
    thread.start()
    thread.join(seconds)
    if errors:
        try:
            raise errors[0]
        finally:
            errors.clear()  # else the error and this frame keep each other, and sockets open, until gc runs
    if not results:
        raise HundredError(message)
    return results[0]
