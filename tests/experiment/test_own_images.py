"""Sets of other classes and sizes through the commands: trained, resumed, tested, reported without --data."""

import json
import shutil
from pathlib import Path
from typing import Any

import h5py
import onnx
import pytest
import torch
from making.pictures import write_folders
from torch import Tensor, nn

import hundred
from hundred.data.dataset import Dataset
from hundred.data.formats.raw import Raw, RawSplit
from hundred.data.names import COARSE_NAMES, FINE_NAMES
from hundred.data.opening.open import open_dataset
from hundred.data.subset import subset_per_class
from hundred.errors import HundredError, UsageError
from hundred.experiment.build.image_size import at_image_size
from hundred.experiment.describe_data import describe_data
from hundred.recipe.load import load_recipe
from hundred.runs.run import Run
from tests.making.archives import write_official, write_pictures

SMALL: dict[str, Any] = {
    **{f"model.width{place}": 8 for place in (1, 2, 3)},
    "training.batch_size": 16,
    "training.precision": "float32",
    "training.batch_threads": 1,
    "tracking.mlflow": False,
}


def train(data: Any, folder: Path, **options: Any) -> Run:
    given = {"epochs": 1, "seed": 1, "quiet": True, "figures": False, **options}
    settings = {**SMALL, **given.pop("set", {})}
    run = hundred.train("sprint", data=data, runs=folder, set=settings, **given)
    assert isinstance(run, Run)
    return run


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes of pictures of several sizes, with a validation split."""
    root = tmp_path_factory.mktemp("sets") / "photos"
    names = ("un chat", "hund", "鳥")
    return write_folders(
        root, {"train": 14, "val": 4, "test": 5}, names, ((60, 70), (64, 64), (90, 61)), "jpg"
    )


@pytest.fixture(scope="module")
def trained(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(photos, tmp_path_factory.mktemp("runs"), name="photos", figures=True)


def test_a_run_on_64_pixels_and_three_classes_has_all_figures(trained: Run, photos: Path) -> None:
    result = trained.result
    assert result["data"] == "photos"
    assert result["test_accuracy"] is not None
    assert result["test_coarse_accuracy"] is None
    assert result["test_top5_accuracy"] is None
    predictions = trained.predictions()
    assert predictions["test_logits"].shape == (15, 3)
    assert predictions["val_indices"].tolist() == list(range(42, 54))
    assert (trained.path / "report.html").is_file()
    environment = trained.environment
    assert environment["data_source"] == str(photos)
    assert environment["data_form"] == "folder of pictures"
    assert (environment["data_classes"], environment["data_image_size"]) == (3, 64)
    assert environment["data_split"] == "train, validation and test as given"


def test_tested_audited_and_reported_without_naming_the_data(trained: Run) -> None:
    from hundred.experiment.report.page import write_report

    result = hundred.test(trained.path)
    assert result.metrics.accuracy == trained.result["test_accuracy"]
    assert result.data_digest == trained.result["data_digest"]
    assert dict(hundred.audit(trained.path, quiet=True).judged) == {"test": 15, "train": 12}
    page = trained.path / "report.html"
    before = page.stat().st_size
    write_report(trained.path)
    assert page.stat().st_size > 0.9 * before  # with its galleries


def test_predictions_have_the_names_of_the_classes(trained: Run, photos: Path) -> None:
    (found,) = hundred.predict(trained.path, [photos / "test" / "hund" / "p0.jpg"])
    assert {ranked.name for ranked in found.classes} == {"un chat", "hund", "鳥"}
    assert found.superclasses == ()


def test_pictures_are_made_square_as_those_of_the_run_were(photos: Path, tmp_path: Path) -> None:
    run = train(photos, tmp_path, set={"data.fit": "pad"})
    exported = hundred.export(run.path, "keras", out=tmp_path / "elsewhere.keras").path
    graph = onnx.load(hundred.export(run.path, "onnx", out=tmp_path / "elsewhere.onnx").path)
    carried = json.loads(graph.metadata_props[0].value)
    assert (carried["class_names"], carried["metadata"]["fit"]) == (["hund", "un chat", "鳥"], "pad")
    assert [each.dim_value for each in graph.graph.input[0].type.tensor_type.shape.dim][1:] == [64, 64, 3]
    earlier = shutil.copytree(run.path, tmp_path / "earlier")  # its file records no fit, the recipe does
    with h5py.File(earlier / "model.h5", "r+") as file:
        record = json.loads(file.attrs["hundred"])
        del record["metadata"]["fit"]
        file.attrs["hundred"] = json.dumps(record)
    stored = torch.from_numpy(run.predictions()["test_logits"]).softmax(1).numpy()
    for what in (run.path, exported, earlier):
        found = hundred.predict(what, photos / "test")
        best = [each.classes[0].probability for each in found]
        assert best == pytest.approx(stored.max(axis=1), abs=1e-5)
    cropped = shutil.copy(earlier / "model.h5", tmp_path / "unknown.h5")
    best = [each.classes[0].probability for each in hundred.predict(cropped, photos / "test")]
    assert best != pytest.approx(stored.max(axis=1), abs=1e-5)


@pytest.mark.real_data
def test_cifar_100_as_numbered_folders_trains_to_the_same_bits(real_data: Path, tmp_path: Path) -> None:
    part = subset_per_class(open_dataset(real_data), 20, 5)
    splits = [
        RawSplit(*(each.numpy() for each in (split.images, split.fine, split.coarse)))
        for split in (part.train, part.test)
    ]
    raw = Raw(*splits)
    pickles = open_dataset(write_official(tmp_path / "cifar-100-python", raw))
    nested = write_pictures(tmp_path / "nested", raw, lambda f, c: f"{COARSE_NAMES[c]}/{FINE_NAMES[f]}")
    flat = write_pictures(tmp_path / "flat", raw)
    runs = []
    for number, place in enumerate((tmp_path / "cifar-100-python", nested, flat)):
        dataset = open_dataset(place)
        assert (dataset.digest, dataset.name) == (pickles.digest, "cifar100-part")
        assert dataset.train.images.equal(part.train.images)
        assert dataset.test.coarse.equal(part.test.coarse)
        runs.append(train(place, tmp_path / "runs", name=str(number), set={"training.batch_size": 100}))
    histories = [run.history.drop(columns=["seconds", "images_per_second"]) for run in runs]
    logits = [run.predictions()["test_logits"].tobytes() for run in runs]
    assert histories[0].equals(histories[1])
    assert histories[0].equals(histories[2])
    assert logits[0] == logits[1] == logits[2]


def test_an_unfinished_run_goes_on_with_its_own_data(photos: Path, tmp_path: Path) -> None:
    whole = train(photos, tmp_path, name="whole", epochs=2)
    part = train(photos, tmp_path, name="part", epochs=2, keep_checkpoint=True)
    for file in ("result.json", "finished.pt"):
        (part.path / file).unlink(missing_ok=True)
    resumed = hundred.train(runs=tmp_path, name="part", resume=True, quiet=True, figures=False)
    assert isinstance(resumed, Run)
    assert resumed.result["test_loss"] == whole.result["test_loss"]


def test_data_that_has_moved_or_changed_is_said(trained: Run, photos: Path, tmp_path: Path) -> None:
    run = shutil.copytree(trained.path, tmp_path / "run")
    environment = json.loads((run / "environment.json").read_text())
    environment["data_source"] = str(tmp_path / "gone")
    (run / "environment.json").write_text(json.dumps(environment))
    with pytest.raises(UsageError, match=r"was in .*gone, which is gone: name its place with --data"):
        hundred.test(run)
    assert hundred.test(run, data=photos).metrics.accuracy == trained.result["test_accuracy"]
    moved = shutil.copytree(photos, tmp_path / "moved")
    assert hundred.test(run, data=moved).data_digest == trained.result["data_digest"]
    (moved / "test" / "hund" / "p0.jpg").replace(moved / "test" / "hund" / "p1.jpg")
    with pytest.raises(HundredError, match="was made with other images"):
        hundred.audit(run, data=moved, quiet=True)


def test_data_from_python_has_to_be_given_again(tmp_path: Path) -> None:
    draws = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (80, 32, 32, 3), dtype=torch.uint8, generator=draws)
    labels = torch.arange(80) % 4
    run = train((images, labels), tmp_path)
    with pytest.raises(UsageError, match="came from Python objects: give it again as data="):
        hundred.test(run.path)
    assert hundred.test(run.path, data=(images, labels)).metrics.images == 8


def test_a_harder_variant_is_trained_and_tested_again(tmp_path: Path, small_data: Dataset) -> None:
    settings = {
        "data.classes": ["plain star", "plain crown", "spotted star", "spotted crown"],
        "data.label_noise": 0.25,
        "data.validation_per_class": 1,
    }
    run = train(small_data, tmp_path, set=settings)
    assert run.result["data"] == "sample-4-classes-noise-0.25"
    again = hundred.test(run.path, data=small_data)
    assert again.metrics.accuracy == run.result["test_accuracy"]
    assert again.data_digest == run.result["data_digest"]


# A step is tried before the run directory is made.


class Twice(nn.Module):
    """Two outputs while training in a list, which no loss takes; one while testing."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.layer = nn.Sequential(nn.AvgPool2d(8), nn.Flatten(), nn.LazyLinear(classes))

    def forward(self, images: Tensor) -> Any:
        logits = self.layer(images)
        return [logits, logits] if self.training else logits


class Fixed(nn.Module):
    """Takes images of 32 pixels only."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.layer = nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, classes))

    def forward(self, images: Tensor) -> Tensor:
        return self.layer(images)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("model", "named"),
    [(Twice, "gives a list of 2 while training, not one tensor of logits"), (Fixed, r"\[2, 3, 64, 64\]")],
)
def test_a_network_that_does_not_fit_leaves_no_run_directory(
    photos: Path, tmp_path: Path, model: Any, named: str
) -> None:
    with pytest.raises(UsageError, match=named) as caught:
        train(
            photos,
            tmp_path / "runs",
            model=model,
            set={"training.resolutions": [], "training.optimizer": "sgd"},
        )
    assert "\n" not in str(caught.value)
    assert not list((tmp_path / "runs").glob("*")) or not (tmp_path / "runs").exists()


def test_what_a_recipe_says_in_pixels_goes_with_the_size() -> None:
    recipe = load_recipe("sprint").recipe
    assert at_image_size(recipe, 32) is recipe
    at_64 = at_image_size(recipe, 64)
    sides = [side for _, side in recipe.training.resolutions]
    assert [side for _, side in at_64.training.resolutions] == [2 * side for side in sides]
    assert at_64.augment.crop_padding == 2 * recipe.augment.crop_padding
    assert at_64.model == recipe.model
    for size, times in ((28, 7), (32, 7), (64, 4), (224, 1)):
        assert at_image_size(load_recipe("resnet50").recipe, size).model.options["upsample"] == times


def test_hundred_data_counts_and_draws(photos: Path, tmp_path: Path) -> None:
    found = describe_data(photos, tmp_path / "classes.png")
    assert found.classes[["train", "validation", "test"]].to_numpy().tolist() == [[14, 4, 5]] * 3
    assert found.largest_to_smallest == 1.0
    assert found.picture.read_bytes().startswith(b"\x89PNG")
    assert "3 classes" in found.summary
    json.dumps(found.as_dict())
