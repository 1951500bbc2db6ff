"""The recipe `marathon` on a GPU: a wide network, with CutMix and depth where there is time for epochs."""

import pytest
import torch

from hundred.models.registry import build
from hundred.models.summary import summarize
from hundred.recipe.load import for_device, load_recipe


@pytest.mark.parametrize(
    ("growth", "depth", "cutmix", "cutout"), [(None, 16, 0.0, 8), (0, 16, 1.0, 0), (1, 28, 1.0, 0)]
)
def test_on_a_gpu_it_is_wide_and_grows(growth: int | None, depth: int, cutmix: float, cutout: int) -> None:
    recipe = for_device(load_recipe("marathon"), "cuda").recipe
    if growth is not None:
        recipe = load_recipe(recipe.as_dict(), recipe.growth[growth].set).recipe
    assert (recipe.augment.cutmix, recipe.augment.cutout) == (cutmix, cutout)
    assert recipe.model.options == {"depth": depth, "width": 8}
    assert recipe.training.resolutions[0][1] < 32
    with torch.device("meta"):
        rows = summarize(build(recipe.model.name, **recipe.model.options), (3, 32, 32))
    # The paper's table 4: 11.0 and 23.4 million parameters.
    millions = sum(row.parameters for row in rows) / 1e6
    assert millions == pytest.approx({16: 11.0, 28: 23.4}[depth], abs=0.1)


def test_on_a_cpu_it_stays_the_narrow_network_without_growth() -> None:
    recipe = for_device(load_recipe("marathon"), "cpu").recipe
    assert (recipe.model.name, recipe.growth, recipe.augment.cutout) == ("resnet18", (), 8)
