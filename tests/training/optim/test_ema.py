"""The average of weights: known answers, swapping in and out, state."""

import contextlib
import io
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.optim import swa_utils

from hundred.errors import UsageError
from hundred.training.optim.ema import Ema, Swa
from hundred.training.optim.norms import measure_batch_norms
from tests.training import tiny


def small() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(16, 5))


def disturb(network: nn.Module, step: int) -> None:
    """Move all weights and statistics as a training step would."""
    generator = torch.Generator().manual_seed(step)
    with torch.no_grad():
        for value in network.state_dict().values():
            if value.is_floating_point():
                value.add_(torch.randn(value.shape, generator=generator), alpha=0.1)
            else:
                value.add_(1)


def average_after(ema: Ema, network: nn.Module, steps: int, first: int = 1) -> dict[str, torch.Tensor]:
    for step in range(first, first + steps):
        disturb(network, step)
        ema.update(step)
    return ema.state_dict()["average"]


@settings(max_examples=20, deadline=None)
@given(decay=st.floats(0, 0.9999), steps=st.integers(1, 10))
def test_it_is_the_weighted_sum_of_all_weights_seen(decay: float, steps: int) -> None:
    network = nn.Linear(1, 1, bias=False)
    ema = Ema(network, decay)
    values = [network.weight.item()]
    for step in range(1, steps + 1):
        network.weight.data.fill_(step)
        ema.update(step)
        values.append(step)
    shares = [decay**steps] + [(1 - decay) * decay ** (steps - i) for i in range(1, steps + 1)]
    expected = sum(share * value for share, value in zip(shares, values, strict=True))
    assert ema.state_dict()["average"]["weight"].item() == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_it_agrees_with_torchs_own_average() -> None:
    network = small()
    theirs = torch.optim.swa_utils.AveragedModel(
        network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.9), use_buffers=True
    )
    theirs.update_parameters(network)  # torch takes the first weights as they are, as we do when made
    ema = Ema(network, 0.9)
    for step in range(1, 11):
        disturb(network, step)
        ema.update(step)
        theirs.update_parameters(network)
    expected = theirs.module.state_dict()
    for name, value in ema.state_dict()["average"].items():
        assert torch.allclose(value, expected[name], atol=1e-6), name


def test_updates_at_every_fifth_step_decay_as_five_steps() -> None:
    network = nn.Linear(1, 1, bias=False)
    network.weight.data.fill_(0.0)
    ema = Ema(network, 0.9, every=5)
    network.weight.data.fill_(1.0)
    for step in range(1, 10):
        ema.update(step)
    assert ema.state_dict()["average"]["weight"].item() == pytest.approx(1 - 0.9**5)


def test_warmup_forgets_the_random_start() -> None:
    network = nn.Linear(1, 1, bias=False)
    network.weight.data.fill_(100.0)
    plain, warm = Ema(network, 0.999), Ema(network, 0.999, warmup=True)
    network.weight.data.fill_(1.0)
    for step in range(1, 101):
        plain.update(step)
        warm.update(step)
    assert plain.state_dict()["average"]["weight"].item() > 80
    assert warm.state_dict()["average"]["weight"].item() == pytest.approx(1.0, abs=0.01)


def test_swap_shows_the_average_and_gives_the_weights_back_bit_for_bit() -> None:
    network = small()
    ema = Ema(network, 0.5)
    average = {name: value.clone() for name, value in average_after(ema, network, 3).items()}
    own = {name: value.clone() for name, value in network.state_dict().items()}
    addresses = [value.data_ptr() for value in network.state_dict().values()]
    with contextlib.suppress(KeyboardInterrupt), ema.swap():  # whatever happens inside
        assert all(torch.equal(network.state_dict()[name], value) for name, value in average.items())
        assert network[1].num_batches_tracked == own["1.num_batches_tracked"]
        raise KeyboardInterrupt
    assert all(torch.equal(network.state_dict()[name], value) for name, value in own.items())
    assert [value.data_ptr() for value in network.state_dict().values()] == addresses
    assert all(torch.equal(ema.state_dict()["average"][name], value) for name, value in average.items())


def test_apply_is_for_good() -> None:
    network = small()
    ema = Ema(network, 0.5)
    average = average_after(ema, network, 3)
    ema.apply()
    assert all(torch.equal(network.state_dict()[name], value) for name, value in average.items())


def test_nested_swaps_are_refused() -> None:
    ema = Ema(small())
    with ema.swap(), pytest.raises(RuntimeError, match="already"), ema.swap():
        pass


@pytest.mark.parametrize("options", [{}, {"every": 2}, {"warmup": True}])
def test_a_resumed_average_goes_on_bit_for_bit(options: dict[str, Any]) -> None:
    network = small()
    whole = Ema(network, 0.99, **options)
    average_after(whole, network, 3)
    file = io.BytesIO()
    torch.save({"ema": whole.state_dict(), "network": network.state_dict()}, file)
    expected = average_after(whole, network, 4, first=4)
    file.seek(0)
    saved = torch.load(file, weights_only=True)
    other = small()
    resumed = Ema(other, 0.99, **options)
    other.load_state_dict(saved["network"])
    resumed.load_state_dict(saved["ema"])
    assert all(
        torch.equal(value, expected[name])
        for name, value in average_after(resumed, other, 4, first=4).items()
    )


def test_frozen_parameters_are_left_alone() -> None:
    network = small()
    frozen = network.get_parameter("0.weight").requires_grad_(False)
    ema = Ema(network, 0.5)
    average = average_after(ema, network, 1)
    assert "0.weight" not in average
    before = frozen.clone()
    ema.apply()
    assert torch.equal(frozen, before)


def test_wrong_settings_and_foreign_state_are_refused() -> None:
    with pytest.raises(UsageError, match=r"1\.0"):
        Ema(small(), 1.0)
    with pytest.raises(UsageError, match="0 steps"):
        Ema(small(), every=0)
    with pytest.raises(ValueError, match="another network"):
        Ema(small()).load_state_dict(Ema(nn.Linear(1, 1)).state_dict())


def test_swa_is_torchs_averaged_model_with_its_batch_norms_measured_again() -> None:
    net = tiny.network()
    reference = swa_utils.AveragedModel(net)
    swa = Swa(net, start=0.5)
    draws = torch.Generator().manual_seed(1)
    batches = [torch.randn(6, 3, 16, 16, generator=draws) for _ in range(4)]
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for epoch in range(1, 7):
        net.train()
        optimizer.zero_grad()
        net(batches[epoch % 4]).square().sum().backward()
        optimizer.step()
        swa.end_epoch(epoch / 6)
        if epoch / 6 >= 0.5:
            reference.update_parameters(net)
    swa_utils.update_bn(batches, reference)
    swa.apply()
    net.train()
    measure_batch_norms(net, batches, contextlib.nullcontext())
    expected = reference.module.state_dict()
    for name, value in net.state_dict().items():
        torch.testing.assert_close(value, expected[name], msg=lambda text, name=name: f"{name}: {text}")


def test_swa_before_its_start_leaves_the_weights_and_goes_on_from_its_state() -> None:
    net = tiny.network()
    before = tiny.weights(net)
    swa = Swa(net, start=0.5)
    swa.end_epoch(0.4)
    with swa.swap():
        assert tiny.same(tiny.weights(net), before)
    swa.end_epoch(0.5)
    with torch.no_grad():
        next(net.parameters()).add_(1.0)
    other = Swa(net, start=0.5)
    other.load_state_dict(swa.state_dict())
    for each in (swa, other):
        each.end_epoch(1.0)
    assert tiny.same(swa.state_dict()["average"], other.state_dict()["average"])


def test_a_frozen_batch_norm_is_not_measured_again() -> None:
    net = tiny.network()
    before = tiny.weights(net)
    net.train()
    net[1].eval()
    measure_batch_norms(net, [torch.randn(6, 3, 16, 16)], contextlib.nullcontext())
    assert tiny.same(tiny.weights(net), before)
