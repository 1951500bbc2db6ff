"""Logits of a network in batches."""

import pytest
import torch
from torch import Tensor, nn

from hundred.errors import HundredError
from hundred.evaluation.predict import predict_logits

MEAN, STD = torch.tensor([0.5, 0.4, 0.3]), torch.tensor([0.2, 0.25, 0.3])


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Dropout(0.5), nn.Flatten(), nn.Linear(8 * 30 * 30, 10)
    )


def pictures(n: int) -> Tensor:
    return torch.randint(
        0, 256, (n, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(1)
    )


@pytest.mark.parametrize("batch_size", [1, 7, 23, 500])
def test_batches_give_what_one_pass_gives(batch_size: int) -> None:
    net, images = network(), pictures(23)
    logits = predict_logits(net, images, mean=MEAN, std=STD, batch_size=batch_size, precision="float32")
    with torch.no_grad():
        whole = net.eval()((images / 255 - MEAN.view(3, 1, 1)) / STD.view(3, 1, 1))
    assert logits.dtype == torch.float32
    assert logits.device.type == "cpu"
    torch.testing.assert_close(logits, whole, atol=1e-5, rtol=1e-5)


def test_every_module_gets_its_own_mode_back_and_keeps_its_statistics() -> None:
    net = network().train()
    net[1].eval()  # a frozen batch norm inside a network that trains
    before = net[1].running_mean.clone()
    first = predict_logits(net, pictures(5), mean=MEAN, std=STD)
    assert [module.training for module in net] == [True, False, True, True, True]
    assert net.training
    torch.testing.assert_close(net[1].running_mean, before)
    torch.testing.assert_close(predict_logits(net, pictures(5), mean=MEAN, std=STD), first)


def test_modes_come_back_after_a_failure() -> None:
    net = nn.Sequential(nn.Flatten(), nn.Linear(7, 10)).train()
    with pytest.raises(RuntimeError):
        predict_logits(net, pictures(2), mean=MEAN, std=STD)
    assert net.training


def test_the_network_sees_channels_last_and_no_gradient() -> None:
    seen = []

    class Look(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            seen.append(
                (x.is_contiguous(memory_format=torch.channels_last), torch.is_inference_mode_enabled())
            )
            return x.mean(dim=(2, 3))

    logits = predict_logits(Look(), pictures(3), mean=MEAN, std=STD, precision="float32")
    assert seen == [(True, True)]
    assert not logits.is_inference()


def test_bfloat16_is_near_and_still_returns_float32() -> None:
    net, images = network(), pictures(9)
    exact = predict_logits(net, images, mean=MEAN, std=STD, precision="float32")
    rough = predict_logits(net, images, mean=MEAN, std=STD, precision="bfloat16")
    assert rough.dtype == torch.float32
    assert not torch.equal(rough, exact)
    torch.testing.assert_close(rough, exact, atol=0.05, rtol=0.05)


@pytest.mark.parametrize("shape", [(0, 3, 32, 32), (3, 32, 32), (4, 32, 32, 3)])
def test_images_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(HundredError, match="cannot be predicted"):
        predict_logits(network(), torch.zeros(shape, dtype=torch.uint8), mean=MEAN, std=STD)


def test_a_network_that_gives_no_row_per_image_is_refused() -> None:
    with pytest.raises(HundredError, match="must give one row of logits per image"):
        predict_logits(nn.Conv2d(3, 4, 3), pictures(2), mean=MEAN, std=STD)
