"""environment.json: the machine, versions and data of a run."""

import os
import platform
import shlex
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from hundred.errors import HundredError
from hundred.files import write_json
from hundred.formatting import json_safe
from hundred.runs.layout import ENVIRONMENT
from hundred.runs.os_errors import os_errors_as_hundred_errors
from hundred.runs.result import read_object

_GIT_SECONDS = 2.0


def write_environment(
    path: Path | str,
    *,
    device: str,
    seed: int,
    data_name: str,
    data_digest: str,
    command: list[str] | None = None,
    processes: int = 1,
    data_about: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Write environment.json into the run directory `path`, whole or not at all, and return its content.

    `device` is torch's name, such as `cpu` or `cuda:0`; `command` the arguments of the command line (this
    process' own by default); `processes` how many trained together; `data_about` where
    the data was and in which form, for opening it again. When a run is resumed, what it ran on
    before is kept in a list `earlier`.

    Raises HundredError where it cannot be written.
    """
    file = Path(path) / ENVIRONMENT
    content = {
        **describe_machine(device),
        "processes": processes,
        "seed": seed,
        "git_revision": git_revision(Path.cwd()),
        "data": data_name,
        "data_digest": data_digest,
        **(data_about or {}),
        "command": shlex.join(sys.argv if command is None else command),
    }
    earlier = _earlier(file)
    if earlier:
        content["earlier"] = earlier
    content = json_safe(content)
    with os_errors_as_hundred_errors(file):
        write_json(file, content)
    return content


def changed_environment(path: Path | str, device: str, *, processes: int = 1) -> list[str]:
    """What the run directory `path` began with where it is not so now, such as `torch 2.6.0 (now 2.7.1)`;
    only what the digits of a training depend on."""
    file = Path(path) / ENVIRONMENT
    if not file.exists():
        return []
    try:
        before = read_object(file)
    except HundredError:
        return []
    now = {**describe_machine(device), "processes": processes}
    return [
        f"{key.replace('_', ' ')} {before[key]} (now {now[key]})"
        for key in ("hundred", "torch", "device_name", "device", "threads", "processes")
        if before.get(key) is not None and before[key] != now[key]
    ]


def describe_machine(device: str) -> dict[str, Any]:
    """Versions and hardware: `python`, `hundred`, `torch`, `numpy`, `platform`, `cpu`, `cpus` (usable by this
    process), `threads` (torch's), `device`, `device_name`, `cuda` (version, or None)."""
    import torch

    on_gpu = device.startswith("cuda") and torch.cuda.is_available()
    return {
        "python": platform.python_version(),
        "hundred": _version("hundred"),
        "torch": str(torch.__version__),
        "numpy": _version("numpy"),
        "platform": platform.platform(),
        "cpu": cpu_model(),
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "threads": torch.get_num_threads(),
        "device": device,
        "device_name": torch.cuda.get_device_name(device) if on_gpu else cpu_model(),
        "cuda": torch.version.cuda if on_gpu else None,
    }


def cpu_model() -> str:
    """The processor's product name where the system gives it, else its architecture."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def git_revision(folder: Path) -> str | None:
    """The commit checked out around `folder`, or None without a repository, git, or an answer in time."""
    if not any((parent / ".git").exists() for parent in [folder, *folder.parents]):
        return None
    try:
        done = subprocess.run(  # noqa: S603
            ["git", "-C", str(folder), "rev-parse", "HEAD"],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=_GIT_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    revision = done.stdout.strip()
    return revision if done.returncode == 0 and revision else None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _earlier(file: Path) -> list[dict[str, Any]]:
    """Earlier contents of environment.json, oldest first; [] where it is damaged, since a resume needs
    none."""
    if not file.exists():
        return []
    try:
        before = read_object(file)
    except HundredError:
        return []
    older = before.pop("earlier", [])
    return [*(older if isinstance(older, list) else []), before]
