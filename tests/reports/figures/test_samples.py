"""Images in pictures keep their pixels, names and predictions."""

import numpy as np
import pytest

from hundred.data.names import COARSE_NAMES, FINE_NAMES, FINE_TO_COARSE
from hundred.reports.figures.balance import draw_balance
from hundred.reports.figures.mosaic import Shot, paste, pixels
from hundred.reports.figures.samples import draw_augmented, draw_sample_grid, draw_shots
from hundred.reports.figures.style import board, new_figure

from .looking import rendered, texts


def test_pasted_images_come_out_pixel_for_pixel(images: np.ndarray) -> None:
    figure = new_figure(200, 120, "")
    first, second = pixels(images[:2])
    paste(board(figure), [first, second], [(10, 20), (80, 61)])
    seen = rendered(figure)
    for image, (x, y) in ((first, (10, 20)), (second, (80, 61))):
        tile = seen[2 * y : 2 * y + 96, 2 * x : 2 * x + 96]
        np.testing.assert_array_equal(tile, image.repeat(3, axis=0).repeat(3, axis=1))


def test_images_are_taken_with_channels_first_or_last(images: np.ndarray) -> None:
    last = pixels(images)
    np.testing.assert_array_equal(last, images.transpose(0, 2, 3, 1))
    np.testing.assert_array_equal(pixels(last), last)


@pytest.mark.parametrize(
    "wrong", [np.zeros((2, 3, 32, 32)), np.zeros((3, 32, 32), np.uint8), np.zeros((2, 4, 32, 32), np.uint8)]
)
def test_other_arrays_are_refused(wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match="uint8"):
        pixels(wrong)


def test_the_grid_names_all_classes_and_superclasses(images: np.ndarray) -> None:
    shown = set(texts(draw_sample_grid(images, FINE_NAMES, COARSE_NAMES, FINE_TO_COARSE)))
    assert {name.replace("_", " ") for name in (*FINE_NAMES, *COARSE_NAMES)} <= shown


def test_augmented_images_stand_to_the_right_of_their_original(images: np.ndarray) -> None:
    figure = draw_augmented(images[:2], images[2:8].reshape(2, 3, 3, 32, 32), ["bear", "fox"])
    canvas = figure.axes[0].images[0].get_array()
    np.testing.assert_array_equal(canvas[:96:3, :96:3, :3], pixels(images[:1])[0])
    augmented_left = 2 * (48 + 16)
    np.testing.assert_array_equal(
        canvas[:96:3, augmented_left : augmented_left + 96 : 3, :3], pixels(images[2:3])[0]
    )


def test_a_gallery_says_what_each_image_is_and_was_taken_for(images: np.ndarray) -> None:
    shots = [
        Shot(images[0], "bear", "seal", 0.97),
        Shot(images[1], "fox", "fox", 0.5),
        Shot(images[2], "otter"),
    ]
    shown = texts(draw_shots(shots, title="Mistakes"))
    assert {"bear", "→ seal", "97%", "fox", "✓ right", "50%", "otter"} <= set(shown)


def test_an_empty_gallery_is_drawn() -> None:
    assert texts(draw_shots([], title="Mistakes")) == ["Mistakes"]


def test_class_balance_counts_every_split() -> None:
    figure = draw_balance({"train": [450] * 100, "validation": [50] * 99 + [49]}, FINE_NAMES)
    shown = texts(figure)
    assert "train: 45,000 images, 450 each · validation: 4,999 images, 49 to 50 each" in shown
    assert shown.count("500") == 99
    assert shown.count("499") == 1
