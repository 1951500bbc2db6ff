"""Pictures named by a saved model: the network's own answers, superclasses by sums, pictures that fail."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from PIL import Image
from torch import nn

import hundred
from hundred.data.names import COARSE_NAMES, FINE_NAMES, FINE_TO_COARSE
from hundred.data.sample.draw import SAMPLE_COARSE_NAMES
from hundred.errors import HundredError, UsageError
from hundred.experiment.predict import Failed, Prediction, Predictor, as_probabilities, picture_paths
from hundred.interchange.write.save import save_h5
from hundred.runs.run import Run
from tests.making.finished import Finished


@pytest.fixture
def pictures(finished: Finished, tmp_path: Path) -> Path:
    """Five of the run's own test images as PNG files, in a folder."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(5):
        image = images_of_test(finished)[number].permute(1, 2, 0).numpy()
        Image.fromarray(image).save(folder / f"{number}.png")
    return folder


def images_of_test(finished: Finished) -> Any:
    from hundred.data.subset import subset_per_class

    return subset_per_class(finished.data, 4, 2).test.images


def softmax(logits: np.ndarray) -> np.ndarray:
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def own_file(path: Path, classes: int, names: tuple[str, ...] | None = None) -> Path:
    """A small untrained classifier as our file; without names none are recorded."""
    network = nn.Sequential(nn.AvgPool2d(8), nn.Flatten(), nn.Linear(48, classes))
    save_h5(path, network, mean=(0.5,) * 3, std=(0.25,) * 3, class_names=names)
    return path


def test_pictures_get_the_probabilities_of_the_runs_own_predictions(
    finished: Finished, pictures: Path
) -> None:
    stored = softmax(Run(finished.a).predictions()["test_logits"][:5])
    found = hundred.predict(Run(finished.a), pictures)
    assert [each.image for each in found] == [pictures / f"{number}.png" for number in range(5)]
    for each, row in zip(found, stored, strict=True):
        best = np.argsort(-row)[:5]
        assert [ranked.name for ranked in each.classes] == [finished.data.fine_names[i] for i in best]
        assert [ranked.probability for ranked in each.classes] == pytest.approx(row[best], abs=1e-5)


def test_a_superclass_has_the_sum_of_its_fine_classes(finished: Finished, pictures: Path) -> None:
    row = softmax(Run(finished.a).predictions()["test_logits"][0])
    sums = np.zeros(20)
    for fine, coarse in enumerate(finished.data.fine_to_coarse.tolist()):
        sums[coarse] += row[fine]
    [found] = hundred.predict(finished.a, pictures / "0.png")
    best = np.argsort(-sums)[:5]
    assert [each.name for each in found.superclasses] == [SAMPLE_COARSE_NAMES[i] for i in best]
    assert [each.probability for each in found.superclasses] == pytest.approx(sums[best], abs=1e-5)


def test_a_broken_picture_gets_a_line_and_the_others_are_still_named(
    finished: Finished, pictures: Path
) -> None:
    (pictures / "1.png").write_bytes(b"no picture")
    found = list(Predictor(finished.a).each(picture_paths([pictures])))
    assert [isinstance(each, Prediction) for each in found] == [True, False, True, True, True]
    assert isinstance(found[1], Failed)
    assert found[1].why == "not a picture that can be read here"
    with pytest.raises(HundredError, match=r"1\.png: not a picture"):
        hundred.predict(finished.a, pictures)


def test_more_pictures_than_one_batch_keep_their_order(
    finished: Finished, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = hundred.predict(finished.a, pictures)
    monkeypatch.setattr("hundred.experiment.predict.BATCH", 2)
    assert [each.classes[0].name for each in hundred.predict(finished.a, pictures)] == [
        each.classes[0].name for each in at_once
    ]


def test_a_hundred_classes_without_names_are_taken_for_those_of_cifar_100_and_it_is_said(
    tmp_path: Path, pictures: Path
) -> None:
    predictor = Predictor(own_file(tmp_path / "m.h5", 100))
    assert "CIFAR-100's are shown" in " ".join(predictor.notes)
    [found] = predictor.each([pictures / "0.png"])
    assert isinstance(found, Prediction)
    assert found.classes[0].name in FINE_NAMES
    assert found.superclasses[0].name in COARSE_NAMES


def test_names_in_the_file_come_before_those_of_cifar_100_and_may_stand_in_any_order(
    tmp_path: Path, pictures: Path
) -> None:
    shuffled = FINE_NAMES[::-1]
    named = Predictor(own_file(tmp_path / "m.h5", 100, shuffled))
    assert named.names.fine == shuffled
    assert named.names.fine_to_coarse == FINE_TO_COARSE[::-1]
    assert named.notes == ()


def test_other_classes_have_their_own_names_or_numbers_and_no_superclass(
    tmp_path: Path, pictures: Path
) -> None:
    names = ("cat", "dog", "fly")
    [found] = hundred.predict(own_file(tmp_path / "named.h5", 3, names), pictures / "0.png")
    assert {each.name for each in found.classes} == set(names)
    assert sum(each.probability for each in found.classes) == pytest.approx(1)
    assert found.superclasses == ()
    assert found.as_dict()["superclass"] is None
    [found] = hundred.predict(own_file(tmp_path / "bare.h5", 3), pictures / "0.png")
    assert {each.name for each in found.classes} == {"class 0", "class 1", "class 2"}


def test_a_given_scale_wins_over_the_layers_and_not_over_a_record(tmp_path: Path, pictures: Path) -> None:
    ours = own_file(tmp_path / "ours.h5", 3)
    [expected] = hundred.predict(ours, pictures / "0.png")
    foreign = tmp_path / "foreign.h5"
    foreign.write_bytes(ours.read_bytes())
    with h5py.File(foreign, "r+") as file:
        del file.attrs["hundred"]
    [raw] = hundred.predict(foreign, pictures / "0.png")  # its own Rescaling shows that it takes 0-255
    [wrong] = hundred.predict(foreign, pictures / "0.png", scale="0-1")
    assert raw.classes[0].probability == pytest.approx(expected.classes[0].probability, abs=1e-5)
    assert wrong.classes[0].probability != pytest.approx(expected.classes[0].probability, abs=1e-3)
    # Our own file records its scale; --scale is for others beside it.
    [again] = hundred.predict(ours, pictures / "0.png", scale="0-1")
    assert again.classes == expected.classes


@pytest.mark.filterwarnings("ignore::DeprecationWarning:keras")  # Keras' own use of NumPy
def test_a_keras_model_of_another_size_sees_what_keras_sees(tmp_path: Path) -> None:
    import keras

    keras.utils.set_random_seed(0)
    layers = [keras.layers.Input((28, 28, 3)), keras.layers.Flatten(), keras.layers.Dense(10, "softmax")]
    model = keras.Sequential(layers)
    model.save(tmp_path / "other.keras")
    image = Image.effect_mandelbrot((28, 28), (-2, -1.5, 1, 1.5), 50).convert("RGB")
    image.save(tmp_path / "p.png")
    row = np.asarray(model.predict(np.asarray(image, np.float32)[None] / 255, verbose=0))[0]
    [found] = hundred.predict(tmp_path / "other.keras", tmp_path / "p.png")
    assert [each.name for each in found.classes] == [f"class {number}" for number in np.argsort(-row)[:5]]
    assert [each.probability for each in found.classes] == pytest.approx(np.sort(row)[::-1][:5], abs=1e-5)


def test_probabilities_stay_as_they_are_and_logits_get_a_softmax() -> None:
    already = np.array([[0.25, 0.75], [1.0, 0.0]])
    assert as_probabilities(already) == pytest.approx(already)
    assert as_probabilities([[1.0, 3.0]]) == pytest.approx(softmax(np.array([[1.0, 3.0]])))
    assert as_probabilities([[1e4, -1e4]]) == pytest.approx(np.array([[1.0, 0.0]]))
    with pytest.raises(HundredError, match="not finite"):
        as_probabilities([[np.nan, 0.0]])


def test_a_folder_gives_its_pictures_sorted_and_an_empty_one_is_refused(tmp_path: Path) -> None:
    for name in ("b.png", "inner/a.jpg", "notes.txt", ".hidden.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert picture_paths([tmp_path]) == [tmp_path / "b.png", tmp_path / "inner/a.jpg"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"no pictures in .*empty"):
        picture_paths([tmp_path / "empty"])
    with pytest.raises(UsageError, match="at least one picture"):
        picture_paths([])


def test_what_is_neither_run_nor_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no run and no model file 'nothing-of-that-name'"):
        Predictor("nothing-of-that-name")


def test_a_model_of_pictures_that_are_not_square_is_refused(tmp_path: Path) -> None:
    network = nn.Sequential(nn.AvgPool2d(8), nn.Flatten(), nn.Linear(24, 3))
    path = tmp_path / "wide.h5"
    save_h5(path, network, mean=(0.5,) * 3, std=(0.25,) * 3, class_names=None, image_size=(16, 32))
    with pytest.raises(HundredError, match="16x32x3: pictures are made square"):
        Predictor(path)


def test_turned_and_animated_pictures_are_named_as_what_is_seen(tmp_path: Path) -> None:
    """By EXIF, and the first frame; in predictions as in a folder of data."""
    pixels = np.random.default_rng(3).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    seen = Image.fromarray(pixels).quantize(64).convert("RGB")  # as a GIF can have it
    turn = Image.Exif()
    turn[0x0112] = 6
    for name in ("a", "b"):
        (tmp_path / "data" / name).mkdir(parents=True)
    seen.save(tmp_path / "upright.png")
    seen.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.png", exif=turn)
    later = Image.new("RGB", (32, 32), "red")
    seen.save(tmp_path / "moving.webp", save_all=True, append_images=[later], lossless=True)
    paths = [tmp_path / name for name in ("upright.png", "turned.png", "moving.webp")]
    found = hundred.predict(own_file(tmp_path / "model.h5", 3), paths)
    values = [{ranked.name: ranked.probability for ranked in each.classes} for each in found]
    for each in values[1:]:
        assert each == pytest.approx(values[0], abs=1e-6)
    for number, path in enumerate(paths):
        for name in ("a", "b"):
            (tmp_path / "data" / name / f"{number}{path.suffix}").write_bytes(path.read_bytes())
    opened = hundred.open_dataset(tmp_path / "data")
    images = np.concatenate([opened.train.images.numpy(), opened.test.images.numpy()])
    assert (images == np.asarray(seen).transpose(2, 0, 1)).all()
