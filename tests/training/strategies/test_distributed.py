"""Several processes give what one gives: the same gradients and statistics, the same rows and decisions."""

import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from hundred.errors import UsageError
from hundred.training.strategies.distributed import device_here, place
from hundred.training.strategies.single import SingleStrategy

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

# The bias of a convolution under a batch norm has a gradient of rounding errors, which Adam makes steps of.
NOISE = ("0.bias", "1.running_mean")

Found = dict[tuple[int, int], dict[str, Any]]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """What each process found, by (processes, rank)."""
    folder = tmp_path_factory.mktemp("together")
    script = Path(__file__).with_name("processes.py")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(script.parents[3])}
    command = [sys.executable, "-W", "ignore", str(script), str(folder)]
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    places = [(size, rank) for size in (1, 2, 3) for rank in range(size)]
    return {(size, rank): torch.load(folder / f"{size}-{rank}.pt") for size, rank in places}


@pytest.mark.parametrize("size", [2, 3])
def test_a_step_has_the_gradients_loss_and_batch_statistics_of_one_process(found: Found, size: int) -> None:
    expected, together = found[1, 0]["gradients"], found[size, 0]["gradients"]
    assert expected.keys() == together.keys()
    for name, value in expected.items():
        torch.testing.assert_close(
            together[name], value, rtol=1e-4, atol=1e-5, msg=lambda m, n=name: f"{n}: {m}"
        )


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("kind", ["plain", "uneven", "all_at_once", "muon"])
def test_a_run_is_that_of_one_process(found: Found, kind: str, size: int) -> None:
    expected, together = found[1, 0][kind], found[size, 0][kind]
    assert len(together["rows"]) == len(expected["rows"])
    for ours, theirs in zip(together["rows"], expected["rows"], strict=True):
        assert ours == pytest.approx(theirs, rel=2e-3, abs=2e-3)
    for name, value in expected["weights"].items():
        if name in NOISE:
            continue
        torch.testing.assert_close(together["weights"][name], value, rtol=2e-2, atol=2e-3)


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("kind", ["plain", "all_at_once", "called_back", "interrupted", "late"])
def test_all_processes_have_the_same_weights_in_the_end(found: Found, kind: str, size: int) -> None:
    first = found[size, 0][kind]["weights"]
    for rank in range(1, size):
        other = found[size, rank][kind]["weights"]
        assert all(torch.equal(first[name], other[name]) for name in first)


def test_callbacks_of_the_first_process_act_for_all(found: Found) -> None:
    expected = found[1, 0]["called_back"]
    assert expected["stopped"][0] == "early-stopping"
    for place_ in [(2, 0), (2, 1), (3, 0), (3, 2)]:
        together = found[place_]["called_back"]
        assert together["stopped"] == expected["stopped"]
        assert [row[-1] for row in together["rows"]] == [row[-1] for row in expected["rows"]]


def test_an_end_that_one_process_asks_for_is_everybodys_after_the_same_step(found: Found) -> None:
    expected = found[1, 0]["interrupted"]["stopped"]
    assert expected == ["interrupted", "in epoch 2, after step 2 of 5"]
    assert all(each["interrupted"]["stopped"] == expected for each in found.values())


def test_the_clock_of_the_first_process_is_everybodys(found: Found) -> None:
    assert {len(each["late"]["rows"]) for each in found.values()} == {1}
    assert len({tuple(each["late"]["stopped"]) for each in found.values()}) == 1


def test_a_loss_that_is_not_finite_ends_all(found: Found) -> None:
    assert {each["diverging"]["stopped"][0] for each in found.values()} == {"not-finite"}
    for each in found.values():
        assert all(math.isfinite(float(value.sum())) for value in each["diverging"]["weights"].values())


def test_a_batch_norm_of_its_own_kind_is_named(found: Found) -> None:
    assert found[1, 0]["own_norm"]["warned"] == []
    assert found[2, 0]["own_norm"]["warned"] == [
        "OwnNorm takes its statistics over each process's part of a batch"
    ]


def test_without_torchrun_there_is_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    assert place() == (0, 1, 0)
    monkeypatch.setenv("WORLD_SIZE", "4")  # alone, it is somebody else's
    assert place() == (0, 1, 0)


def test_each_process_has_a_gpu_of_its_own_or_the_call_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    started = {"RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "1", "MASTER_ADDR": "x", "MASTER_PORT": "1"}
    for name, value in started.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert device_here("auto") == "cuda:1"
    assert device_here("cpu") == "cpu"
    with pytest.raises(SystemExit):  # process 0 reports it for all
        device_here("cuda:0")
    monkeypatch.setenv("RANK", "0")
    with pytest.raises(UsageError, match="takes its own GPU"):
        device_here("cuda:0")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(UsageError, match="has 1 GPUs"):
        device_here("auto")


def test_one_process_imports_nothing_of_several() -> None:
    code = (
        "import sys, hundred.training.trainer, hundred.experiment.train\n"
        "assert 'hundred.training.strategies.distributed' not in sys.modules"
    )
    assert isinstance(SingleStrategy().any_rank(True, False), tuple)
    subprocess.run([sys.executable, "-c", code], check=True)
