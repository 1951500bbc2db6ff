"""Features computed once: the same training of the last layer as through the whole network."""

import pytest
import torch
from torch import nn

from hundred.errors import UsageError
from hundred.training.features import CachedFeatures
from hundred.training.freeze import FrozenLayers
from hundred.training.trainer import Trainer
from tests.training.tiny import network, noise, rows, same, trainer, weights


def made(*, unfreeze_at: float = 0.0, epochs: int = 4) -> Trainer:
    net = network()
    frozen = FrozenLayers(net, ["backbone"], unfreeze_at)
    if not unfreeze_at:  # what trains later belongs into the optimizer
        frozen.apply(0.0)
    one = trainer(net=net, frozen=frozen, epochs=epochs, optimizer="adamw")
    one.features = CachedFeatures(net, one.batches, one.validation, torch.float32)
    return one


def test_features_are_what_goes_into_the_last_layer() -> None:
    one = made()
    net = one.network.eval()
    images = one.batches.scaling(one.batches.split.images, torch.float32)
    features = one.features._features  # type: ignore[union-attr]
    assert features.shape == (38, 6)
    torch.testing.assert_close(one.features.classify(net, features), net(images))  # type: ignore[union-attr]


def test_only_the_last_layer_trains_and_validation_is_that_of_the_whole_network() -> None:
    one = made()
    before = weights(one.network)
    found = rows(list(one.run()))
    after = weights(one.network)
    assert {name for name in after if not torch.equal(after[name], before[name])} == {"6.weight", "6.bias"}
    validation = noise(15, seed=99)
    images = one.batches.scaling(validation.images, torch.float32)
    logits = one.network.eval()(images)
    assert found[-1][3] == pytest.approx(float((logits.argmax(1) == validation.fine).float().mean()))


def test_each_epoch_sees_every_image_once_in_its_own_order() -> None:
    features = made().features
    assert features is not None
    first, second = ([labels for _, labels in features.epoch(epoch, 5)] for epoch in (1, 2))
    assert (
        sorted(torch.cat(first).tolist())
        == sorted(torch.cat(second).tolist())
        == sorted(noise(38).fine.tolist())
    )
    assert torch.cat(first).tolist() != torch.cat(second).tolist()


def test_after_unfreezing_the_whole_network_trains_on_images() -> None:
    one = made(unfreeze_at=0.5)
    before = weights(one.network)
    changed = []
    for event in one.run():
        if event.kind == "epoch-ended":
            changed.append(not same(weights(one.network[0]), weights_of(before, "0.")))  # type: ignore[index]
    assert changed == [False, False, True, True]


def weights_of(all_weights: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {
        name.removeprefix(prefix): value for name, value in all_weights.items() if name.startswith(prefix)
    }


def test_a_network_that_goes_on_after_its_dense_layer_is_refused() -> None:
    net = nn.Sequential(*network(), nn.Sigmoid())
    one = trainer(net=net)
    with pytest.raises(UsageError, match="ends in a dense layer"):
        CachedFeatures(net, one.batches, one.validation, torch.float32)
