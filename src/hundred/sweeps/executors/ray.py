"""Trains the trials of a sweep on a Ray cluster, by Ray Core: one Ray task a trial, one actor for the files.

Ray Tune would repeat the search and the table, and differ from a sweep without Ray. Of Core we use: start a
function on another machine, learn when it has ended or its node has died, and share the images.
https://docs.ray.io/en/latest/ray-core/walkthrough.html
"""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from hundred.data.dataset import Dataset
from hundred.errors import HundredError, MissingExtra, UsageError
from hundred.sweeps.executors.base import Resources
from hundred.sweeps.executors.ray_worker import RunsLocation, RunStoreActor, to_arrays, train_trial
from hundred.sweeps.executors.sync import FolderStore, UrlStore
from hundred.sweeps.trial import TrialResult, TrialSpec
from hundred.version import __version__

LOCAL = "local"
MOST_ATTEMPTS = 5  # at a trial whose worker or node dies, before the trial itself is taken to be the cause


@dataclass
class _Attempt:
    spec: TrialSpec
    number: int = 1


class RayExecutor:
    """An `Executor` whose workers are a Ray cluster's. `resources.ray` is the address of a running cluster as
    `ray start --head` prints it, `auto` for the one of this machine, or `local` for one of its own that ends
    with the sweep."""

    def __init__(
        self, folder: Path, dataset: Dataset, resources: Resources, report: Callable[[str], None]
    ) -> None:
        """`folder` is the sweep's, on this machine. `report` shows a line about workers that died."""
        self.folder, self.dataset, self.resources = folder.resolve(), dataset, resources
        self.report = report
        self.address, self.cpus = resources.ray or LOCAL, resources.cpus or 1
        self.gpus, self.workers = 0.0, 0
        self.running: dict[Any, _Attempt] = {}
        self.store_actor: Any = None

    def __enter__(self) -> Self:
        """Connect, share the images, and find out how many trials fit."""
        self.ray = import_ray()
        self.connected_here = not self.ray.is_initialized()
        if self.connected_here:
            connect(self.ray, self.address)
        nodes = [node["Resources"] for node in self.ray.nodes() if node["Alive"]]
        wanted = self.resources.gpus
        self.gpus = _default_gpus(nodes, self.resources.device) if wanted is None else wanted
        fitting = sum(trials_that_fit(node, self.cpus, self.gpus) for node in nodes)
        self.workers = min(self.resources.workers or fitting, fitting)
        if not self.workers:
            self.__exit__(None, None, None)
            raise HundredError(
                f"no machine of the cluster has {self.cpus} CPUs and {self.gpus:g} GPUs for a trial: "
                "ask for less with --cpus and --gpus"
            )
        self.images = self.ray.put(to_arrays(self.dataset))
        self.store_actor = self._start_store_actor()
        self.remote_train = self.ray.remote(train_trial)
        return self

    def submit(self, spec: TrialSpec) -> None:
        """See `Executor`. A trial that was given no GPU uses none, whatever the machine has."""
        if not self.gpus and spec.device == "auto":
            spec = replace(spec, device="cpu")
        self._start(_Attempt(spec))

    def wait(self, seconds: float) -> list[TrialResult]:
        """See `Executor`. A trial whose worker or node has died is started again where there is room."""
        done, _ = self.ray.wait(list(self.running), num_returns=1, timeout=seconds)
        results = (self._result(reference, self.running.pop(reference)) for reference in done)
        return [result for result in results if result is not None]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop what is under way, and leave the cluster as it was."""
        with suppress(Exception):
            for reference in self.running:
                self.ray.cancel(reference, force=True)
        with suppress(Exception):
            self.ray.kill(self.store_actor)
        self.running.clear()
        if self.connected_here:
            self.ray.shutdown()

    def _start(self, attempt: _Attempt) -> None:
        options = {"num_cpus": self.cpus, "num_gpus": self.gpus, "max_retries": 0, "name": attempt.spec.name}
        location = RunsLocation(str(self.folder), self.resources.store)
        reference = self.remote_train.options(**options, scheduling_strategy="SPREAD").remote(
            attempt.spec, self.images, self.store_actor, location, __version__
        )
        self.running[reference] = attempt

    def _result(self, reference: Any, attempt: _Attempt) -> TrialResult | None:
        """What the Ray task `reference` returned; None where its worker died and it was started again."""
        errors = self.ray.exceptions
        try:
            result: TrialResult = self.ray.get(reference)
            return result
        except errors.RayTaskError as error:
            cause = error.cause
            kind = "" if isinstance(cause, HundredError) else f"{type(cause).__name__} on the cluster: "
            raise HundredError(f"{attempt.spec.name}: {kind}{str(cause).splitlines()[0]}") from error
        except errors.RayError as error:
            return self._restart(attempt, type(error).__name__)

    def _restart(self, attempt: _Attempt, reason: str) -> TrialResult | None:
        """Start a trial again whose worker is gone, from its last uploaded checkpoint."""
        name = attempt.spec.name
        if attempt.number >= MOST_ATTEMPTS:
            return TrialResult(name, "failed", why=f"its worker died {attempt.number} times ({reason})")
        self.report(f"{name}: its worker is gone ({reason}); it goes on elsewhere")
        self._start(_Attempt(attempt.spec, attempt.number + 1))
        return None

    def _start_store_actor(self) -> Any:
        """The actor that reads and writes the run directories, on this very machine."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        here = self.ray.get_runtime_context().get_node_id()
        place = NodeAffinitySchedulingStrategy(node_id=here, soft=False)
        url = self.resources.store
        store = UrlStore(url) if url else FolderStore(self.folder)
        return self.ray.remote(RunStoreActor).options(num_cpus=0, scheduling_strategy=place).remote(store)


def import_ray() -> Any:
    """Ray, quiet and without its telemetry. Raises MissingExtra where it is not installed."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Ray is to leave CUDA_VISIBLE_DEVICES alone where a task asks for no GPU, its announced future default.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError:
        raise MissingExtra("Ray", "scale", "--ray") from None
    return ray


def connect(ray: Any, address: str) -> None:
    """Join the cluster at `address`. Raises UsageError for an address that cannot work, HundredError where
    no cluster answers there."""
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


def trials_that_fit(node: Mapping[str, float], cpus: int, gpus: float) -> int:
    """How many trials a machine with these resources can train at once; no trial is spread over two."""
    by_cpus = int(node.get("CPU", 0) // cpus)
    if gpus >= 1:
        return min(by_cpus, int(node.get("GPU", 0) // gpus))
    if gpus > 0:
        return min(by_cpus, int(node.get("GPU", 0)) * int(1 / gpus + 1e-9))
    return by_cpus


def _default_gpus(nodes: Sequence[Mapping[str, float]], device: str) -> float:
    """GPUs of a trial without `--gpus`: one, where the cluster has any and the device may be one."""
    return 1.0 if device != "cpu" and any(node.get("GPU", 0) >= 1 for node in nodes) else 0.0
