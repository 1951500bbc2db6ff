"""No step of an epoch makes a GPU wait, or sends it anything: shown on torch's `meta` device.

A meta tensor has a shape and no numbers. Whatever reads one (`item`, `nonzero`, a mask as an index) fails, as
does mixing it with tensors of the host, so an epoch that runs through on `meta` reads nothing on a GPU.
The watches catch what is left: tensors made of Python's numbers and copies from one device to the other.
"""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from hundred.data.dataset import Dataset
from hundred.data.sample.draw import draw_sample
from hundred.data.subset import subset_per_class
from hundred.experiment.build import trainer
from hundred.experiment.build.trainer import build_run_parts
from hundred.recipe.load import for_device, load_recipe
from hundred.training.metrics import RunningMetrics
from hundred.training.trainer import Trainer

META = torch.device("meta")
EVERYTHING = [
    "augment.rotation=10",
    "augment.brightness=[0.8, 1.2]",
    "augment.channel_shift=10",
    "augment.crop_padding=2",
    "augment.flip=random",
    "augment.cutout=8",
    "augment.erasing=0.5",
    "augment.mixup=0.2",
    "augment.cutmix=1.0",
    "augment.randaugment_layers=2",
    "augment.trivial=true",
    "training.gradient_clip=1.0",
    "training.ema=0.99",
    "training.label_smoothing=0.1",
]


class Watch(TorchDispatchMode):
    """Raises at a copy between host and device."""

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given = {leaf.device for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)}
        result = func(*args, **(kwargs or {}))
        after = given | {leaf.device for leaf in tree_leaves(result) if isinstance(leaf, Tensor)}
        if given and len(after) > 1:
            raise AssertionError(f"{func} goes between host and device")
        return result


class WatchMaking(TorchFunctionMode):
    """Raises at a tensor on the device that is made of Python's numbers; no operation shows that."""

    MAKERS = (torch.tensor, torch.as_tensor, Tensor.new_tensor)

    def __torch_function__(
        self, func: Any, types: Sequence[type], args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if func in self.MAKERS and result.device == META:
            raise AssertionError(f"{func} sends numbers to the device")
        return result


class OfTheHost(torch.Generator):
    """A CPU generator that claims the device `meta`, which has none."""

    device = META

    def __new__(cls, _device: object = None) -> "OfTheHost":
        return super().__new__(cls)


class Own(nn.Module):
    """A user's network, with batch norm, dropout and an activation of its own."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3, 2), nn.BatchNorm2d(8), nn.AdaptiveAvgPool2d(1))
        self.head = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(8, classes))

    def forward(self, x: Tensor) -> Tensor:
        x = self.body(x)
        return self.head(x * torch.sigmoid(x))  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def few() -> Dataset:
    return subset_per_class(draw_sample(), 4, 2)


@pytest.fixture
def nothing_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one read that an epoch has, after its last step, gives 0; generators are the host's."""
    monkeypatch.setattr(RunningMetrics, "loss", 0.0)
    monkeypatch.setattr(torch, "Generator", OfTheHost)
    # Preparing a network looks at images, once, before the first epoch.
    monkeypatch.setattr(trainer, "put_network", without_preparing)
    # As does the step that is tried before a run begins.
    monkeypatch.setattr(trainer, "try_step", lambda *_: None)


def without_preparing(network: nn.Module, _splits: object, device: torch.device) -> nn.Module:
    return network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def on_meta(few: Dataset, recipe: str, *settings: str, network: Callable[[int], nn.Module] | None) -> Trainer:
    """The trainer of `recipe` as it is on CUDA, everything in it on `meta`."""
    small = ["training.batch_size=128", "data.protocol=test-as-validation", "training.epochs=4", *settings]
    on_cuda = for_device(load_recipe(recipe, {}, small), "cuda").recipe
    trainer = build_run_parts(on_cuda, few, META, network)[1]
    assert {value.device for value in trainer.network.state_dict().values()} == {META}
    return trainer


def run_epoch(trainer: Trainer, epoch: int) -> int:
    """How many images were trained on in `epoch`."""
    events = trainer._train_epoch(epoch)
    while True:
        try:
            next(events)
        except StopIteration as end:
            return int(end.value.images)


@pytest.mark.usefixtures("nothing_read")
@pytest.mark.parametrize(
    ("recipe", "settings", "network"),
    [
        ("sprint", [], None),
        ("school", [], None),
        ("marathon", [], None),
        ("sprint", ["training.optimizer=adamw", *EVERYTHING], Own),
        ("school", EVERYTHING, Own),
    ],
)
def test_an_epoch_on_a_device_reads_nothing_and_sends_nothing(
    few: Dataset, recipe: str, settings: list[str], network: Callable[[int], nn.Module] | None
) -> None:
    trainer = on_meta(few, recipe, *settings, network=network)
    for epoch in (1, 3):  # tables for resizing and mixing are sent once, the first time they are needed
        run_epoch(trainer, epoch)
    with Watch(), WatchMaking():
        assert run_epoch(trainer, 2) >= 384
        assert run_epoch(trainer, 4) >= 384


@pytest.mark.usefixtures("nothing_read")
@pytest.mark.parametrize(
    "fault",
    [
        lambda x: x.sum().item(),
        lambda x: bool((x > 0).any()),
        lambda x: x[x > 0],
        lambda x: x.nonzero(),
        lambda x: x.cpu(),
        lambda x: x + torch.tensor(2.0, device=x.device),
        lambda x: x + x.new_tensor([1.0]),
        lambda x: x + torch.ones(32).to(x.device, non_blocking=True),
        lambda x: x * torch.ones(32),
    ],
)
def test_what_would_wait_or_send_is_noticed(few: Dataset, fault: Callable[[Tensor], Any]) -> None:
    class Faulty(Own):
        def forward(self, x: Tensor) -> Tensor:
            if self.training:
                fault(x)
            return super().forward(x)

    trainer = on_meta(few, "sprint", network=Faulty)
    with pytest.raises((AssertionError, RuntimeError, NotImplementedError)), Watch(), WatchMaking():
        run_epoch(trainer, 1)
