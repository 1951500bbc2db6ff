"""One resampling, held against Keras' ImageDataGenerator: same parameters, same pixels; same settings, same
draws."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from hundred.data.augment.geometry import FILLS, Geometry, Motion, move
from hundred.errors import UsageError

from .batches import random_images, rng_for

Pixels = NDArray[np.float32]

# Keras calls SciPy by a name that SciPy has deprecated.
scipy_name = pytest.mark.filterwarnings("ignore:Please import `affine_transform`:DeprecationWarning")


def keras_generator(**settings: object) -> object:
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    return ImageDataGenerator(data_format="channels_last", interpolation_order=1, **settings)


STILL = {"theta": 0, "tx": 0, "ty": 0, "shear": 0, "zx": 1, "zy": 1, "flip_horizontal": 0, "flip_vertical": 0}


def motion_of(drawn: list[dict[str, float]]) -> Motion:
    def column(name: str) -> torch.Tensor:
        return torch.tensor([float(each[name]) for each in drawn])

    return Motion(
        *(column(name) for name in ("theta", "tx", "ty", "shear", "zx", "zy")),
        *(column(name).bool() for name in ("flip_horizontal", "flip_vertical")),
    )


def through_keras(generator: object, images: torch.Tensor, drawn: list[dict[str, float]]) -> Pixels:
    rows = [
        generator.apply_transform(image.transpose(1, 2, 0).astype("float32"), each)
        for image, each in zip(images.numpy(), drawn, strict=True)
    ]
    return np.stack(rows).transpose(0, 3, 1, 2)


SETTINGS = {
    "everything": {
        "rotation_range": 40,
        "width_shift_range": 0.3,
        "height_shift_range": 0.2,
        "shear_range": 25,
        "zoom_range": 0.4,
        "horizontal_flip": True,
        "vertical_flip": True,
    },
    "far outside": {
        "rotation_range": 180,
        "width_shift_range": 90.0,
        "height_shift_range": 70.0,
        "zoom_range": (0.5, 4.0),
    },
    "whole pixels": {"width_shift_range": 9, "height_shift_range": 5, "horizontal_flip": True},
    "school": {"rotation_range": 15, "width_shift_range": 0.2, "height_shift_range": 0.2, "shear_range": 0.2},
    "zoom alone": {"zoom_range": (0.3, 1.9)},
    "shear alone": {"shear_range": 60},
}


@scipy_name
@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("size", [(32, 32), (17, 24)])
def test_same_parameters_give_the_pixels_of_keras(fill: str, setting: str, size: tuple[int, int]) -> None:
    n = 24
    images = random_images(n, *size)
    generator = keras_generator(fill_mode=fill, cval=77.0, **SETTINGS[setting])
    np.random.seed(3)
    drawn = [generator.get_random_transform((*size, 3)) for _ in range(n)]
    expected = through_keras(generator, images, drawn)
    ours = move(images, motion_of(drawn), fill, 77.0).numpy()
    difference = np.abs(ours - expected)
    # Coordinates are float32 here and float64 in SciPy: values may differ by 255 levels times a few 1e-5
    # pixels, and a point within that of the border may be inside for one and outside for the other.
    far = difference > 0.05
    assert far.mean() <= (2e-4 if fill in ("constant", "wrap") else 0), difference.max()
    assert np.abs(expected - images.numpy()).mean() > 10  # and it did move


@scipy_name
def test_whole_pixel_shifts_are_exact() -> None:
    images = random_images(5)
    moves = [(0, 0, True), (3, 0, False), (0, -7, True), (31, 1, False), (-40, 2, True)]
    drawn = [
        STILL | {"tx": tx, "ty": ty, "flip_horizontal": flip, "flip_vertical": not flip}
        for tx, ty, flip in moves
    ]
    for fill in FILLS:
        expected = through_keras(keras_generator(fill_mode=fill), images, drawn)
        assert np.array_equal(move(images, motion_of(drawn), fill).numpy(), expected)


def test_drawn_parameters_have_the_distributions_of_keras() -> None:
    from scipy import stats

    n, shape = 4000, (32, 48, 3)
    cases = [
        (
            {
                "rotation_range": 15,
                "width_shift_range": 0.2,
                "height_shift_range": 0.1,
                "shear_range": 5,
                "zoom_range": 0.3,
            },
            Geometry(rotation=15, width_shift=0.2, height_shift=0.1, shear=5, zoom=0.3),
        ),
        (
            {
                "width_shift_range": 4,
                "height_shift_range": 3.5,
                "zoom_range": (0.5, 0.9),
                "horizontal_flip": True,
            },
            Geometry(width_shift=4, height_shift=3.5, zoom=(0.5, 0.9), horizontal_flip=True),
        ),
    ]
    np.random.seed(1)
    for settings, geometry in cases:
        generator = keras_generator(**settings)
        theirs = [generator.get_random_transform(shape) for _ in range(n)]
        motion = geometry.draw_motion(torch.empty(n, 3, 32, 48), rng_for(n))
        for name in ("theta", "tx", "ty", "shear", "zx", "zy", "flip_horizontal", "flip_vertical"):
            ours = getattr(motion, name).double().numpy()
            keras = np.array([float(each[name]) for each in theirs])
            if np.ptp(keras) == 0:
                assert np.array_equal(ours, keras), name
            else:
                assert stats.ks_2samp(ours, keras).pvalue > 1e-3, name
                assert abs(np.corrcoef(ours[:-1], ours[1:])[0, 1]) < 0.06, name


def test_parameters_of_an_image_are_independent_of_one_another() -> None:
    geometry = Geometry(
        rotation=9,
        width_shift=0.2,
        height_shift=0.2,
        shear=9,
        zoom=0.2,
        horizontal_flip=True,
        vertical_flip=True,
    )
    motion = geometry.draw_motion(torch.empty(4000, 3, 32, 32), rng_for(4000))
    table = np.stack([column.double().numpy() for column in vars(motion).values()])
    assert np.abs(np.corrcoef(table) - np.eye(8)).max() < 0.06


def test_each_image_moves_its_own_way() -> None:
    images = random_images(1).expand(64, -1, -1, -1)
    moved = Geometry(rotation=20, width_shift=0.2)(images, rng_for(64))
    assert len({image.numpy().tobytes() for image in moved}) == 64


def test_one_seed_gives_one_result_and_another_seed_another() -> None:
    images, geometry = random_images(8), Geometry(rotation=20, zoom=0.2)
    assert torch.equal(geometry(images, rng_for(8, seed=5)), geometry(images, rng_for(8, seed=5)))
    assert not torch.equal(geometry(images, rng_for(8, seed=5)), geometry(images, rng_for(8, seed=6)))


def test_zero_settings_return_the_images_untouched() -> None:
    images = random_images(4)
    assert Geometry()(images, rng_for(4)) is images


def test_a_motion_of_nothing_is_the_identity_to_the_bit() -> None:
    for size in ((32, 32), (24, 24), (20, 20), (7, 13)):
        images = random_images(3, *size)
        still = [
            {
                "theta": 0,
                "tx": 0,
                "ty": 0,
                "shear": 0,
                "zx": 1,
                "zy": 1,
                "flip_horizontal": 0,
                "flip_vertical": 0,
            }
        ] * 3
        moved = move(images, motion_of(still))
        assert torch.allclose(moved, images.float(), atol=1e-3)
        if size == (32, 32):
            assert torch.equal(moved, images.float())


def test_flips_alone_keep_bytes_and_show_all_four_sides() -> None:
    images = random_images(1).expand(64, -1, -1, -1)
    flipped = Geometry(horizontal_flip=True, vertical_flip=True)(images, rng_for(64))
    assert flipped.dtype == torch.uint8
    sides = [images[0], images[0].flip(2), images[0].flip(1), images[0].flip(1).flip(2)]
    seen = [[torch.equal(image, side) for side in sides].index(True) for image in flipped]
    assert set(seen) == {0, 1, 2, 3}


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("size", [(32, 32), (1, 1), (5, 40)])
def test_values_stay_in_range_on_any_size_and_dtype(fill: str, size: tuple[int, int]) -> None:
    images = random_images(16, *size)
    geometry = Geometry(rotation=90, width_shift=0.9, height_shift=50.0, shear=40, zoom=(0.2, 3), fill=fill)
    for given in (images, images.float(), images.contiguous(memory_format=torch.channels_last)):
        before = given.clone()
        moved = geometry(given, rng_for(16))
        assert moved.shape == images.shape
        assert moved.dtype == torch.float32
        assert moved.is_contiguous()
        assert torch.isfinite(moved).all()
        assert moved.min() >= 0
        assert moved.max() <= 255
        assert torch.equal(given, before)


def test_fill_value_shows_where_the_image_has_gone() -> None:
    images = random_images(2)
    gone = [
        {
            "theta": 0,
            "tx": 100,
            "ty": 0,
            "shear": 0,
            "zx": 1,
            "zy": 1,
            "flip_horizontal": 0,
            "flip_vertical": 0,
        }
    ] * 2
    assert (move(images, motion_of(gone), "constant", 9.0) == 9).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rotation": -1}, "rotation is -1"),
        ({"width_shift": float("nan")}, "width_shift is nan"),
        ({"zoom": 1.5}, "zoom is 1.5"),
        ({"zoom": (1.2, 0.8)}, r"zoom is \(1.2, 0.8\)"),
        ({"zoom": (1, 2, 3)}, r"zoom is \(1, 2, 3\)"),
        ({"fill": "neares"}, "did you mean 'nearest'"),
        ({"fill_value": 300}, "fill_value is 300"),
    ],
)
def test_wrong_settings_are_named(settings: dict[str, float], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Geometry(**settings)
