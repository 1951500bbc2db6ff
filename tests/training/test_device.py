"""Choosing a device and an arithmetic by name, and means over an epoch."""

import pytest
import torch

from hundred.errors import UsageError
from hundred.training.device import choose_device, device_name
from hundred.training.metrics import RunningMetrics
from hundred.training.precision import choose_precision, mixed_precision

CPU = torch.device("cpu")


def test_a_device_that_is_here_is_taken() -> None:
    assert choose_device("cpu") == CPU
    assert "threads" in device_name(CPU)


def test_auto_prefers_a_gpu_and_falls_back_to_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto").type == "cpu"
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_device("auto").type == "mps"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto").type == "cuda"


@pytest.mark.parametrize("name", ["gpu", "", "cuda:x", "cpu:-3", "\n"])
def test_a_name_that_is_no_device_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="is no device"):
        choose_device(name)


def test_a_device_that_is_not_here_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UsageError, match="--device cuda: this machine"):
        choose_device("cuda")
    with pytest.raises(UsageError, match="no such device"):
        choose_device("meta")


def test_a_gpu_beyond_the_last_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert choose_device("cuda:1") == torch.device("cuda", 1)
    with pytest.raises(UsageError, match="there are 2 GPUs"):
        choose_device("cuda:2")


def test_precision_is_as_asked_or_what_the_processor_is_quick_in(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose_precision("float32", CPU) == torch.float32
    assert choose_precision("bfloat16", CPU) == torch.bfloat16
    for quick, expected in ((True, torch.bfloat16), (False, torch.float32)):
        monkeypatch.setattr("hundred.training.precision.multiplies_bfloat16", lambda quick=quick: quick)
        assert choose_precision("auto", CPU) == expected


def test_mixed_precision_casts_products_and_float32_does_not() -> None:
    matrix = torch.ones(2, 2)
    with mixed_precision(torch.bfloat16, CPU):
        assert (matrix @ matrix).dtype == torch.bfloat16
    with mixed_precision(torch.float32, CPU):
        assert (matrix @ matrix).dtype == torch.float32


def test_a_tally_weighs_batches_by_their_images() -> None:
    metrics = RunningMetrics(CPU)
    metrics.add(torch.tensor(1.0), torch.tensor(3), 4)
    metrics.add(torch.tensor(4.0), torch.tensor(0), 1)
    assert (metrics.loss, metrics.accuracy, metrics.images) == (1.6, 0.6, 5)


def test_a_tally_keeps_digits_that_float32_would_lose() -> None:
    metrics = RunningMetrics(CPU)
    for _ in range(10_000):
        metrics.add(torch.tensor(0.1), torch.tensor(1), 500)
    assert metrics.loss == pytest.approx(float(torch.tensor(0.1)), rel=1e-12)
    assert metrics.accuracy == pytest.approx(1 / 500)
