"""Too little memory for a batch: it is done in halves, or the run ends in one line. Many runs in a row."""

import gc
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import hundred
from hundred.data.dataset import Dataset
from hundred.data.sample.draw import draw_sample
from hundred.data.subset import subset_per_class
from hundred.errors import HundredError
from hundred.training.loss import cross_entropy
from hundred.training.strategies.single import SingleStrategy
from hundred.training.trainer import Trainer

ON_A_GPU = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
BESIDE_ITS_ALLOCATOR = RuntimeError("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED")
ON_A_CPU = RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory")


class Hungry(nn.Module):
    """A linear classifier that runs out of memory where more than `most` images are trained on at once."""

    def __init__(self, classes: int, most: int, error: Exception = ON_A_GPU) -> None:
        super().__init__()
        self.most, self.error = most, error
        self.layers = nn.Sequential(nn.AvgPool2d(8), nn.Flatten(), nn.Linear(48, classes))

    def forward(self, images: Tensor) -> Tensor:
        if self.training and len(images) > self.most:
            raise self.error
        return self.layers(images)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def few() -> Dataset:
    return subset_per_class(draw_sample(), 4, 2)


def train(data: Dataset, folder: Path, most: int, error: Exception = ON_A_GPU, **options: Any) -> Any:
    def build(classes: int) -> nn.Module:
        return Hungry(classes, most, error)

    settings = {"training.batch_size": 100, "training.precision": "float32", "tracking.mlflow": False}
    settings |= {"training.optimizer": "sgd", "training.resolutions": [], "training.batch_threads": 1}
    given = {"data": data, "runs": folder, "figures": False, "quiet": True, "epochs": 2, "seed": 3, **options}
    return hundred.train("sprint", model=build, set=settings, **given)


@pytest.mark.parametrize(
    ("error", "where"),
    [(ON_A_GPU, "the GPU"), (BESIDE_ITS_ALLOCATOR, "the GPU"), (ON_A_CPU, "this machine")],
)
def test_a_batch_that_does_not_fit_is_done_in_halves_with_one_warning(
    few: Dataset, tmp_path: Path, error: Exception, where: str
) -> None:
    whole = train(few, tmp_path, 1000, name="whole")
    halved = train(few, tmp_path, 60, error, name="halved")
    warned = [event["message"] for event in halved.events if event["kind"] == "warned"]
    assert len(warned) == 1
    assert warned[0].startswith(f"{where} has too little memory for 100 images at once")
    # Without batch norm the halves' gradients are the batch's.
    columns = ["loss", "val_loss"]
    np.testing.assert_allclose(halved.history[columns], whole.history[columns], rtol=1e-4)
    assert halved.history["accuracy"].tolist() == whole.history["accuracy"].tolist()


def test_a_batch_whose_half_does_not_fit_either_ends_the_run_in_one_line(
    few: Dataset, tmp_path: Path
) -> None:
    with pytest.raises(HundredError, match=r"at batch size 100 even in 2 parts: .*batch_size=25$") as caught:
        train(few, tmp_path, 30)
    assert len(str(caught.value).splitlines()) == 1


def test_a_run_that_went_on_in_halves_is_resumed_in_halves(
    few: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stop:
        def on_checkpoint_written(self, event: Any) -> None:
            raise KeyboardInterrupt

    whole = train(few, tmp_path, 60, name="whole")
    with pytest.raises(KeyboardInterrupt):
        train(few, tmp_path, 60, name="cut", listeners=[Stop()])
    asked = []
    monkeypatch.setattr(SingleStrategy, "_halve", lambda *_: asked.append(True))
    resumed = train(few, tmp_path, 60, name="cut", resume=True)
    assert not asked
    assert resumed.result["test_loss"] == whole.result["test_loss"]


def test_halves_add_up_to_the_gradient_and_the_hits_of_the_batch() -> None:
    torch.manual_seed(0)
    network = Hungry(10, 9)
    inputs, targets = torch.randn(13, 3, 32, 32), torch.arange(13) % 10

    def forward_backward(
        network: nn.Module, images: Tensor, labels: Tensor, weight: float
    ) -> tuple[Tensor, Tensor]:
        loss, hits = cross_entropy(network(images), labels)
        (loss * weight).backward()
        return loss, hits

    loss, hits = SingleStrategy().backward(network, forward_backward, inputs, targets)
    found = [p.grad for p in network.parameters()]
    network.zero_grad()
    network.most = 99
    expected_loss, expected_hits = forward_backward(network, inputs, targets, 1.0)
    torch.testing.assert_close(loss, expected_loss)
    assert int(hits) == int(expected_hits)
    torch.testing.assert_close(found, [p.grad for p in network.parameters()])


def test_another_error_and_a_batch_too_small_to_halve_are_not_tried_again() -> None:
    def fail(*_: object) -> Any:
        raise ON_A_GPU

    def other(*_: object) -> Any:
        raise RuntimeError("shapes do not fit")

    network, targets = nn.Identity(), torch.zeros(8, dtype=torch.int64)
    alone = SingleStrategy()
    with pytest.raises(torch.OutOfMemoryError):
        alone.backward(network, fail, torch.zeros(3, 3), targets[:3])
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        alone.backward(network, other, torch.zeros(8, 3), targets)
    assert alone.micro_batches == 1


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_thirty_runs_in_a_row_leave_no_file_open_and_no_memory_taken(few: Dataset, tmp_path: Path) -> None:
    def state() -> tuple[int, int]:
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return len(os.listdir("/proc/self/fd")), pages * os.sysconf("SC_PAGE_SIZE")  # noqa: PTH208

    for number in range(5):  # caches of libraries fill up in the first ones
        train(few, tmp_path, 1000, name=f"first-{number}")
    files, memory = state()
    trainers = sum(type(each) is Trainer for each in gc.get_objects())
    for number in range(30):
        train(few, tmp_path, 1000, name=f"run-{number}")
    files_after, memory_after = state()
    assert files_after == files
    assert sum(type(each) is Trainer for each in gc.get_objects()) <= trainers
    # One run's images alone are a megabyte and a half; what is left over may be the allocator's.
    assert memory_after - memory < 30 * 1_000_000
