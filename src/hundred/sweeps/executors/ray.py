"""The tasks of a sweep on a Ray cluster, by Ray Core: a task a training, and an actor that keeps the files.

Ray Tune would do the searching and the table once more beside ours, and differently from a sweep without Ray;
of Core we need to start a function elsewhere, to be told when it has ended or its node has died, and to share
the images. https://docs.ray.io/en/latest/ray-core/walkthrough.html
"""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from hundred.data.dataset import Dataset
from hundred.errors import HundredError, MissingExtra, UsageError
from hundred.sweeps.executors.ray_worker import Home, RunStoreActor, as_arrays, work
from hundred.sweeps.executors.sync import FolderStore, UrlStore
from hundred.sweeps.trial import TrialResult, TrialSpec
from hundred.version import __version__

if TYPE_CHECKING:
    from hundred.sweeps.context import Resources

LOCAL = "local"
MOST_ATTEMPTS = 5  # for a task whose worker or node dies, before it is the task's own doing


@dataclass
class _Started:
    task: TrialSpec
    attempt: int = 1


class RayExecutor:
    """A Pool whose workers are a Ray cluster's. `where.ray` is the address of a running cluster as
    `ray start --head` prints it, `auto` for the one of this machine, or `local` for one of its own that ends
    with the sweep."""

    def __init__(
        self, folder: Path, dataset: Dataset, where: "Resources", tell: Callable[[str], None]
    ) -> None:
        """`folder` is the sweep's, on this machine. `tell` is told of workers that died."""
        self.folder, self.dataset, self.where, self.tell = folder.resolve(), dataset, where, tell
        self.address, self.cpus = where.ray or LOCAL, where.cpus or 1
        self.gpus, self.workers = 0.0, 0
        self.running: dict[Any, _Started] = {}
        self.keeper: Any = None

    def __enter__(self) -> Self:
        """Connect, share the images, and see how many tasks fit."""
        self.ray = import_ray()
        self.own = not self.ray.is_initialized()
        if self.own:
            connect(self.ray, self.address)
        machines = [node["Resources"] for node in self.ray.nodes() if node["Alive"]]
        self.gpus = _gpus(machines, self.where.device) if self.where.gpus is None else self.where.gpus
        fitting = sum(fit(machine, self.cpus, self.gpus) for machine in machines)
        self.workers = min(self.where.workers or fitting, fitting)
        if not self.workers:
            self.__exit__(None, None, None)
            raise HundredError(
                f"no machine of the cluster has {self.cpus} CPUs and {self.gpus:g} GPUs for a trial: "
                "ask for less with --cpus and --gpus"
            )
        self.images = self.ray.put(as_arrays(self.dataset))
        self.keeper = self._keeper()
        self.function = self.ray.remote(work)
        return self

    def submit(self, task: TrialSpec) -> None:
        """As Pool. A task that has no GPU of its own takes none, whatever it would find."""
        if not self.gpus and task.device == "auto":
            task = replace(task, device="cpu")
        self._start(_Started(task))

    def wait(self, seconds: float) -> list[TrialResult]:
        """As Pool. A task whose worker or node has died is started again, where there is room."""
        done, _ = self.ray.wait(list(self.running), num_returns=1, timeout=seconds)
        outcomes = []
        for reference in done:
            started = self.running.pop(reference)
            outcome = self._outcome(reference, started)
            if outcome is not None:
                outcomes.append(outcome)
        return outcomes

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop what is under way, and leave the cluster as it was."""
        with suppress(Exception):
            for reference in self.running:
                self.ray.cancel(reference, force=True)
        with suppress(Exception):
            self.ray.kill(self.keeper)
        self.running.clear()
        if self.own:
            self.ray.shutdown()

    def _start(self, started: _Started) -> None:
        options = {"num_cpus": self.cpus, "num_gpus": self.gpus, "max_retries": 0, "name": started.task.name}
        reference = self.function.options(**options, scheduling_strategy="SPREAD").remote(
            started.task, self.images, self.keeper, self._home(), __version__
        )
        self.running[reference] = started

    def _outcome(self, reference: Any, started: _Started) -> TrialResult | None:
        errors = self.ray.exceptions
        try:
            outcome: TrialResult = self.ray.get(reference)
            return outcome
        except errors.RayTaskError as error:
            cause = error.cause
            what = "" if isinstance(cause, HundredError) else f"{type(cause).__name__} on the cluster: "
            raise HundredError(f"{started.task.name}: {what}{str(cause).splitlines()[0]}") from error
        except errors.RayError as error:
            return self._lost(started, type(error).__name__)

    def _lost(self, started: _Started, what: str) -> TrialResult | None:
        """Start a task again whose worker has gone; it goes on from what it has handed over."""
        name = started.task.name
        if started.attempt >= MOST_ATTEMPTS:
            return TrialResult(name, "failed", why=f"its worker died {started.attempt} times ({what})")
        self.tell(f"{name}: its worker is gone ({what}); it goes on elsewhere")
        self._start(_Started(started.task, started.attempt + 1))
        return None

    def _home(self) -> Home:
        return Home(str(self.folder), self.where.store)

    def _keeper(self) -> Any:
        """The actor that reads and writes the run directories, on this very machine."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        here = self.ray.get_runtime_context().get_node_id()
        place = NodeAffinitySchedulingStrategy(node_id=here, soft=False)
        store = UrlStore(self.where.store) if self.where.store else FolderStore(self.folder)
        return self.ray.remote(RunStoreActor).options(num_cpus=0, scheduling_strategy=place).remote(store)


def import_ray() -> Any:
    """Ray, quiet and without its telemetry. Raises MissingExtra where it is not installed."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Ray is to leave CUDA_VISIBLE_DEVICES alone where a task asks for no GPU, as it will by default one day.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError:
        raise MissingExtra("Ray", "scale", "--ray") from None
    return ray


def connect(ray: Any, address: str) -> None:
    """Join the cluster at `address`. Raises UsageError for an address that cannot do, HundredError where
    nobody answers there."""
    if address.startswith("ray://"):
        raise UsageError(
            f"--ray {address}: Ray's client cannot bring run directories back; call hundred on a machine of "
            "the cluster, with its HOST:PORT or `auto`"
        )
    logger = logging.getLogger("ray")
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.ERROR)
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "error", "configure_logging": False}
    try:
        if address == LOCAL:
            ray.init(address=LOCAL, include_dashboard=False, **quiet)
        else:
            ray.init(address=address, **quiet)
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        raise HundredError(
            f"--ray {address}: no Ray cluster answers ({str(error).splitlines()[0][:120]})\n"
            "start one with `ray start --head`, or use --ray local"
        ) from None


def fit(machine: Mapping[str, float], cpus: int, gpus: float) -> int:
    """How many tasks a machine with these resources has room for at once; no task is spread over two."""
    room = int(machine.get("CPU", 0) // cpus)
    if gpus >= 1:
        return min(room, int(machine.get("GPU", 0) // gpus))
    if gpus > 0:
        return min(room, int(machine.get("GPU", 0)) * int(1 / gpus + 1e-9))
    return room


def _gpus(machines: Sequence[Mapping[str, float]], device: str) -> float:
    """The GPUs a task takes where nobody said: one, where there are any and it is to use them."""
    return 1.0 if device != "cpu" and any(machine.get("GPU", 0) >= 1 for machine in machines) else 0.0
