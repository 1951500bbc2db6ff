"""Frozen layers: not one bit of them changes, until they are unfrozen."""

from pathlib import Path

import pytest
from torch import Tensor, nn

from hundred.errors import UsageError
from hundred.training.freeze import FrozenLayers, head_name
from hundred.training.trainer import Trainer
from tests.training.tiny import network, same, through_a_file, trainer, weights


def parts(net: nn.Module, *layers: str) -> dict[str, Tensor]:
    return {name: value for name, value in weights(net).items() if name.split(".")[0] in layers}


@pytest.mark.parametrize(
    ("optimizer", "patterns", "layers"),
    [
        ("adam", ["0", "1"], "01"),
        ("sgd", ["[01]"], "01"),
        ("nadam", ["backbone"], "01"),
        ("muon", ["1", "6"], "16"),
    ],
)
def test_frozen_layers_and_their_statistics_do_not_change_by_one_bit(
    optimizer: str, patterns: list[str], layers: str
) -> None:
    net = network()
    frozen = FrozenLayers(net, patterns)
    frozen.apply(0.0)
    before, start = parts(net, *layers), weights(net)
    list(trainer(net=net, optimizer=optimizer, frozen=frozen, epochs=2, ema=0.5).run())
    assert same(parts(net, *layers), before)
    assert not same(weights(net), start)


def made() -> Trainer:
    net = network()
    return trainer(net=net, optimizer="adamw", frozen=FrozenLayers(net, ["0", "1"], 0.5), epochs=4)


def test_layers_train_from_the_epoch_in_which_they_are_unfrozen() -> None:
    one, seen = made(), []
    before = parts(one.network, "0", "1")
    for event in one.run():
        if event.kind == "epoch-ended":
            seen.append(same(parts(one.network, "0", "1"), before))
    assert seen == [True, True, False, False]


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_a_run_with_layers_unfrozen_later_resumes_to_the_same_bits(tmp_path: Path, cut: int) -> None:
    whole, first, second = made(), made(), made()
    list(whole.run())
    next(event for event in first.run() if event.kind == "epoch-ended" and event.epoch == cut)  # type: ignore[attr-defined]
    through_a_file(first, second, tmp_path / "checkpoint.pt")
    list(second.run())
    assert same(weights(second.network), weights(whole.network))


def test_what_was_frozen_before_stays_frozen() -> None:
    net = network()
    net[0].bias.requires_grad_(False)
    frozen = FrozenLayers(net, ["0"], 0.5)
    frozen.apply(1.0)
    assert net[0].weight.requires_grad
    assert not net[0].bias.requires_grad


def test_the_head_is_the_last_layer_with_a_weight_matrix() -> None:
    assert head_name(network()) == "6"
    with pytest.raises(UsageError, match="no dense layer"):
        head_name(nn.ReLU())


def test_mistakes_get_one_line() -> None:
    with pytest.raises(UsageError, match=r"'conv' fits no layer.*the layers are 0, 1"):
        FrozenLayers(network(), ["conv"])
    with pytest.raises(UsageError, match="nothing to train"):
        FrozenLayers(network(), ["*"])
