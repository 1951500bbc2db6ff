"""EfficientNet-Lite0 against the implementation whose weights it takes, where that is installed."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from hundred.errors import HundredError, MissingExtra
from hundred.experiment.build.pretrained import load_pretrained, published_weights
from hundred.models.registry import build
from hundred.models.summary import count_parameters


def test_it_has_the_published_number_of_weights() -> None:
    net = build("efficientnet-lite0", classes=1000)
    assert sum(parameter.numel() for parameter in net.parameters()) == 4_652_008
    assert count_parameters(net) > 4_652_008  # with the batch norms' moving statistics


@pytest.mark.parametrize("upsample", [1, 3, 7])
def test_it_gives_what_the_published_network_gives(upsample: int) -> None:
    published = pytest.importorskip("efficientnet_lite_pytorch").EfficientNet.from_name("efficientnet-lite0")
    file = published_weights("efficientnet-lite0")
    published.load_state_dict(torch.load(file, map_location="cpu", weights_only=True))
    net = build("efficientnet-lite0", classes=1000, upsample=upsample)
    load_pretrained(net, "efficientnet-lite0", "imagenet")
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    large = F.interpolate(images, scale_factor=upsample, mode="bilinear")
    with torch.no_grad():
        if upsample == 7:  # its paddings are those of 224 pixels
            expected = published.eval()(large * (255 / 128) - 127 / 128)
            torch.testing.assert_close(net.eval()(images), expected, rtol=1e-5, atol=1e-5)
        assert net.eval()(images).shape == (2, 1000)


def test_other_classes_keep_their_own_last_layer() -> None:
    net = build("efficientnet-lite0", classes=7)
    before = net.fc.weight.clone()  # type: ignore[union-attr, operator]
    load_pretrained(net, "efficientnet-lite0", "imagenet")
    assert torch.equal(net.fc.weight, before)  # type: ignore[arg-type, union-attr]
    assert float(net.bn1.running_var.mean()) != 1.0  # type: ignore[union-attr, operator, arg-type]


def test_without_its_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hundred.experiment.build.pretrained.find_spec", lambda _name: None)
    with pytest.raises(MissingExtra, match=r"hundred\[transfer\]"):
        published_weights("efficientnet-lite0")


def test_a_file_of_something_else_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    torch.save({"a": torch.zeros(1)}, path)
    with pytest.raises(HundredError, match="does not hold the published weights") as caught:
        load_pretrained(build("efficientnet-lite0"), "efficientnet-lite0", str(path))
    assert "\n" not in str(caught.value)
