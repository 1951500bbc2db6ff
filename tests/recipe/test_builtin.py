"""Every recipe that ships takes two steps; those of the study are as published."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from hundred.data.dataset import Dataset
from hundred.data.subset import subset_per_class
from hundred.errors import HundredError, UsageError
from hundred.experiment.build.pretrained import IMAGENET_FILE
from hundred.experiment.build.trainer import build_network, build_splits, build_trainer
from hundred.models.resnet50 import Backbone
from hundred.recipe.load import builtin_names, load_recipe
from hundred.recipe.schema import Recipe
from tests.making.datasets import few_pictures

CPU = torch.device("cpu")
# What two steps on a few pictures need: batches of four and, for ResNet-50, no enlarging.
SMALL = {"training.epochs": 1, "training.batch_size": 4, "training.drop_last": True}
HEAVY = ("transfer", "resnet50-imagenet", "resnet50", "wide-resnet-28-10", "resnet18", "vgg16-bn", "marathon")
PARAMETERS = {
    "initial": 2_584_548,
    "intermediate": 5_816_740,
    "school": 4_899_044,
    "school-revisited": 4_899_044,
    "simple": 1_107_108,
    "simple-revisited": 1_107_108,
    "resnet50": 23_587_712 + (2048 * 256 + 256) + 4 * 256 + (256 * 100 + 100),
}


def _small(name: str, **more: Any) -> Recipe:
    resnet50 = {"model.upsample": 1} if name.startswith("resnet50") else {}
    return load_recipe(name, {**SMALL, **resnet50, **more}).recipe


def _two_steps(
    recipe: Recipe, dataset: Dataset | None = None
) -> tuple[torch.nn.Module, list[dict[str, Any]], dict[str, torch.Tensor]]:
    """Train an epoch, of two steps where no data are given; network, history, and the weights from before."""
    dataset = dataset or few_pictures()
    splits = build_splits(recipe, dataset, CPU)
    network = build_network(recipe, len(dataset.fine_names), splits, CPU)
    before = {name: value.detach().clone() for name, value in network.state_dict().items()}
    trainer = build_trainer(recipe, dataset, splits, network)
    for _ in trainer.run():
        pass
    return network, trainer.history, before


@pytest.fixture
def published_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Random weights in the layout and place of Keras' published ImageNet file."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    path = tmp_path / "models" / IMAGENET_FILE
    path.parent.mkdir()
    write_published(path)
    return path


def write_published(path: Path) -> None:
    """Random weights as in Keras' notop file: a group per layer, names as `<layer>/kernel:0`."""
    generator = np.random.default_rng(5)
    with h5py.File(path, "w") as file:
        layers = []
        for name, layer in Backbone().named_children():
            if isinstance(layer, torch.nn.Conv2d):
                kernel = (*layer.kernel_size, layer.in_channels, layer.out_channels)
                arrays = {"kernel": kernel, "bias": kernel[-1:]}
            elif isinstance(layer, torch.nn.BatchNorm2d):
                names = ("gamma", "beta", "moving_mean", "moving_variance")
                arrays = dict.fromkeys(names, (layer.num_features,))
            else:
                arrays = {}
            group = file.create_group(name)
            group.attrs["weight_names"] = [f"{name}/{key}:0".encode() for key in arrays]
            for key, shape in arrays.items():
                group[f"{name}/{key}:0"] = generator.uniform(0.01, 0.05, shape).astype(np.float32)
            layers.append(name.encode())
        file.attrs["layer_names"] = layers


@pytest.mark.parametrize("name", builtin_names())
def test_a_recipe_takes_two_steps(name: str, request: pytest.FixtureRequest) -> None:
    if name == "resnet50-imagenet":
        request.getfixturevalue("published_weights")
    network, history, before = _two_steps(_small(name))
    assert np.isfinite(history[0]["loss"])
    state = network.state_dict()
    assert all(bool(torch.isfinite(value).all()) for value in state.values())
    assert any(not torch.equal(state[key], before[key]) for key, _ in network.named_parameters())


@pytest.mark.real_data
@pytest.mark.parametrize("name", [name for name in builtin_names() if name not in HEAVY])
def test_a_recipe_learns_from_a_few_real_images(name: str, real_data: Path) -> None:
    from hundred.data.opening.open import open_dataset

    part = subset_per_class(open_dataset(real_data), 2, 1)
    _, history, _ = _two_steps(_small(name, **{"training.batch_size": 20}), part)
    assert np.isfinite(history[0]["loss"])
    # Five or ten steps: about the loss of guessing, 4.6, and not far above it.
    assert history[0]["loss"] < 8


@pytest.mark.parametrize(("name", "parameters"), PARAMETERS.items())
def test_the_study_s_networks_have_their_published_sizes(name: str, parameters: int) -> None:
    from hundred.models.registry import build
    from hundred.models.summary import count_parameters

    recipe = load_recipe(name).recipe
    with torch.device("meta"):
        assert count_parameters(build(recipe.model.name, **recipe.model.options)) == parameters


def test_the_revisited_recipes_differ_from_the_first_ones_only_in_what_was_revisited() -> None:
    school, revisited = (load_recipe(name).recipe for name in ("school", "school-revisited"))
    assert revisited.model == school.model
    assert revisited.training.model_copy(update={"epochs": school.training.epochs}) == school.training
    assert (school.augment.shear, school.augment.vertical_flip) == (0.2, False)
    assert (revisited.augment.shear, revisited.augment.vertical_flip) == (0.0, True)
    kept = {"shear": 0.2, "vertical_flip": False, "horizontal_flip": False}
    assert revisited.augment.model_copy(update=kept) == school.augment
    plateau, stopping = revisited.callbacks.reduce_on_plateau, revisited.callbacks.early_stopping
    assert plateau is not None
    assert stopping is not None
    assert (plateau.patience, plateau.factor, plateau.floor, stopping.patience) == (8, 0.5, 1e-7, 20)
    simple = load_recipe("simple-revisited").recipe
    assert (simple.augment, simple.callbacks) == (revisited.augment, revisited.callbacks)


@pytest.mark.parametrize("name", builtin_names())
def test_a_recipe_file_opens_with_its_command(name: str) -> None:
    from importlib import resources

    text = (resources.files("hundred.recipe") / "builtin" / f"{name}.toml").read_text("utf-8")
    assert text.startswith(f"# hundred train {name}")
    assert load_recipe(name).recipe.name == name
    assert load_recipe(name).recipe.summary


def grows(name: str) -> bool:
    """Whether a recipe's growth is a larger network; that of `transfer` is larger pictures."""
    keys = {key for growth in load_recipe(name).recipe.growth for key in growth.set}
    return bool(keys) and "model.upsample" not in keys


@pytest.mark.parametrize("name", [name for name in builtin_names() if grows(name)])
def test_what_a_recipe_grows_into_is_a_larger_network(name: str) -> None:
    from hundred.experiment.build.model import describe_network

    recipe = load_recipe(name).recipe
    settled = recipe.model_copy(update={"growth": ()}).as_dict()
    scale_up = [load_recipe(settled, growth.set).recipe for growth in recipe.growth]
    sizes = [describe_network(each.model)[1] for each in (recipe, *scale_up)]
    assert sizes == sorted(set(sizes))
    epochs = [growth.epochs for growth in recipe.growth]
    assert epochs == sorted(set(epochs))


def test_transfer_grows_to_all_sizes_of_pictures_each_with_the_time_that_its_pixels_take() -> None:
    recipe = load_recipe("transfer").recipe
    assert [growth.set["model.upsample"] for growth in recipe.growth] == [1, 2, 3, 4, 5, 6, 7]
    for upsample, growth in enumerate(recipe.growth[1:], 2):
        pixels = (upsample / recipe.model.options["upsample"]) ** 2
        assert pixels <= growth.epochs < 1.02 * pixels
    settled = recipe.model_copy(update={"growth": ()}).as_dict()
    assert load_recipe(settled, recipe.growth[3].set).recipe == recipe.model_copy(update={"growth": ()})


def test_published_weights_fill_the_backbone_and_only_its_batch_norms_train(published_weights: Path) -> None:
    network, _, before = _two_steps(_small("resnet50-imagenet"))
    with h5py.File(published_weights) as file:
        kernel = np.asarray(file["conv3_block2_2_conv/conv3_block2_2_conv/kernel:0"])
    held = before["resnet50.conv3_block2_2_conv.weight"]
    np.testing.assert_array_equal(held.numpy(), kernel.transpose(3, 2, 0, 1))
    after = network.state_dict()
    assert torch.equal(after["resnet50.conv3_block2_2_conv.weight"], held)
    assert not torch.equal(
        after["resnet50.conv3_block2_2_bn.weight"], before["resnet50.conv3_block2_2_bn.weight"]
    )
    assert not torch.equal(after["logits.weight"], before["logits.weight"])


def test_a_published_file_with_a_layer_missing_here_is_refused(published_weights: Path) -> None:
    with h5py.File(published_weights, "a") as file:
        group = file.create_group("conv6")
        group.attrs["weight_names"] = [b"conv6/kernel:0"]
        group["conv6/kernel:0"] = np.zeros((1, 1, 2, 2), np.float32)
        names = list(file.attrs["layer_names"])
        file.attrs["layer_names"] = np.array([*names, "conv6"], dtype="S32")
    with pytest.raises(HundredError, match="conv6"):
        _two_steps(_small("resnet50-imagenet"))


def test_a_network_starts_from_a_file_that_hundred_wrote(tmp_path: Path) -> None:
    from hundred.interchange.write.save import save_h5

    network, _, before = _two_steps(_small("simple"))
    path = tmp_path / "own.h5"
    save_h5(path, network, mean=[0.0] * 3, std=[1.0] * 3, class_names=few_pictures().fine_names)
    _, _, again = _two_steps(_small("simple", **{"model.weights": str(path), "seed": 9}))
    for name, value in network.state_dict().items():
        if "num_batches" not in name:
            torch.testing.assert_close(again[name], value)
    assert not torch.equal(again["conv1.weight"], before["conv1.weight"])


@pytest.mark.parametrize(
    ("name", "overrides", "said"),
    [
        ("resnet50-imagenet", {}, "--set model.weights=PATH"),
        ("resnet50-imagenet", {"model.weights": ""}, "random weights"),
        ("resnet50", {"model.weights": "nowhere.h5"}, "no such file"),
        ("simple", {"model.weights": "imagenet"}, "resnet50"),
    ],
)
def test_missing_weights_are_told_with_the_way_out(
    name: str, overrides: dict[str, Any], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(UsageError, match=said):
        _two_steps(_small(name, **overrides))


def test_a_limited_dataset_has_the_first_images_of_each_class_and_its_own_digest() -> None:
    dataset = few_pictures(train_per_class=4, test_per_class=2)
    part = subset_per_class(dataset, 2, 1)
    assert torch.equal(part.train.images, dataset.train.images[:6])
    assert torch.equal(part.test.fine, dataset.test.fine[:3])
    assert part.digest != dataset.digest
    assert subset_per_class(dataset, 2, 0).digest not in (part.digest, dataset.digest)
    assert subset_per_class(dataset, 0, 0) is dataset
    assert subset_per_class(dataset, 4, 99) is dataset
