"""Pictures of the user's own: any size and mode, turned upright, over white; one line for what is none."""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hundred.data.files.pictures import picture_size, pictures_in, read_picture
from hundred.errors import HundredError

RED, WHITE = [255, 0, 0], [255, 255, 255]


def _middle(path: Path, size: int = 32) -> list[int]:
    picture = read_picture(path, size)
    assert picture.shape == (3, size, size)
    assert picture.dtype == np.uint8
    return picture[:, size // 2, size // 2].tolist()


@pytest.mark.parametrize("suffix", ["png", "bmp", "gif", "webp", "tiff", "ppm", "jpg"])
@pytest.mark.parametrize("size", [(1, 1), (32, 32), (500, 30), (31, 700)])
def test_formats_and_sizes(tmp_path: Path, suffix: str, size: tuple[int, int]) -> None:
    Image.new("RGB", size, (255, 0, 0)).save(tmp_path / f"p.{suffix}")
    red, green, blue = _middle(tmp_path / f"p.{suffix}")
    assert red > 250
    assert green < 5
    assert blue < 5


def test_a_picture_of_the_right_size_keeps_its_pixels(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "p.png")
    assert np.array_equal(read_picture(tmp_path / "p.png").transpose(1, 2, 0), pixels)


@pytest.mark.parametrize(
    ("mode", "colour", "wanted"),
    [
        ("L", 100, [100] * 3),
        ("1", 1, WHITE),
        ("LA", (0, 0), WHITE),
        ("RGBA", (255, 0, 0, 255), RED),
        ("RGBA", (255, 0, 0, 0), WHITE),
        ("CMYK", (0, 255, 255, 0), RED),
        ("I;16", 100 * 257, [100] * 3),
        ("F", 100.0, [100] * 3),
        ("F", 0.5, [127.5] * 3),
    ],
)
def test_modes_become_rgb_over_white(
    tmp_path: Path, mode: str, colour: int | tuple[int, ...], wanted: list[int]
) -> None:
    Image.new(mode, (40, 40), colour).save(tmp_path / "p.tiff")
    assert np.allclose(_middle(tmp_path / "p.tiff"), wanted, atol=2)


def test_a_palette_with_a_transparent_colour_shows_white(tmp_path: Path) -> None:
    picture = Image.new("P", (40, 40), 1)
    picture.putpalette([0, 0, 0, 255, 0, 0])
    picture.save(tmp_path / "a.png")
    assert _middle(tmp_path / "a.png") == RED
    picture.save(tmp_path / "b.png", transparency=1)
    assert _middle(tmp_path / "b.png") == WHITE


def test_the_camera_s_rotation_is_undone(tmp_path: Path) -> None:
    pixels = np.zeros((32, 32, 3), np.uint8)
    pixels[:8] = 255  # a white bar on top
    Image.fromarray(pixels).save(tmp_path / "upright.png")
    turned = Image.fromarray(pixels).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # "turn clockwise by 90 degrees to view"
    turned.save(tmp_path / "turned.png", exif=exif)
    assert np.array_equal(read_picture(tmp_path / "turned.png"), read_picture(tmp_path / "upright.png"))


# What is to be seen of stored pixels [rows, columns, 3], by EXIF orientation (EXIF 2.3, tag 0x0112).
SHOWN: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda stored: stored,
    2: np.fliplr,
    3: lambda stored: np.rot90(stored, 2),
    4: np.flipud,
    5: lambda stored: stored.transpose(1, 0, 2),
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: np.rot90(stored.transpose(1, 0, 2), 2),
    8: np.rot90,
}


@pytest.mark.parametrize("kind", ["png", "tiff", "webp", "jpg"])
@pytest.mark.parametrize("orientation", SHOWN)
def test_each_orientation_is_shown_as_the_camera_meant(tmp_path: Path, kind: str, orientation: int) -> None:
    stored = np.zeros((32, 32, 3), np.uint8)
    stored[:8], stored[8:, :8] = (255, 0, 0), (0, 255, 0)  # no turn or flip of it is another
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"webp": {"lossless": True}, "jpg": {"quality": 100, "subsampling": 0}}.get(kind, {})
    Image.fromarray(stored).save(tmp_path / f"a.{kind}", exif=exif, **options)
    found = read_picture(tmp_path / f"a.{kind}").transpose(1, 2, 0).astype(int)
    assert np.abs(found - SHOWN[orientation](stored)).max() <= (0 if kind != "jpg" else 20)


def test_a_wide_picture_that_is_turned_is_measured_as_it_is_shown(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (64, 48)).save(tmp_path / "a.jpg", exif=exif)
    assert picture_size(tmp_path / "a.jpg") == (48, 64)


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_turns_nothing(tmp_path: Path, value: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = value
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(read_picture(tmp_path / "a.png").transpose(1, 2, 0), pixels)


@pytest.mark.parametrize("kind", ["gif", "webp", "png", "tiff"])
def test_of_an_animation_the_first_frame_is_taken(tmp_path: Path, kind: str) -> None:
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "lime", "blue")]
    options = {"lossless": True} if kind == "webp" else {}
    frames[0].save(tmp_path / f"a.{kind}", save_all=True, append_images=frames[1:], **options)
    with Image.open(tmp_path / f"a.{kind}") as file:
        assert getattr(file, "n_frames", 1) == 3
    assert np.array_equal(np.unique(read_picture(tmp_path / f"a.{kind}")[0]), [255])
    assert read_picture(tmp_path / f"a.{kind}")[1:].max() == 0


def test_the_middle_square_is_kept(tmp_path: Path) -> None:
    pixels = np.zeros((64, 192, 3), np.uint8)
    pixels[:, 64:128] = (255, 0, 0)
    Image.fromarray(pixels).save(tmp_path / "p.png")
    assert read_picture(tmp_path / "p.png")[0, 4:-4, 4:-4].min() == 255


def test_what_is_no_picture_gives_one_line(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("hello")
    (tmp_path / "empty.png").write_bytes(b"")
    cases = {
        "text.png": "not a picture",
        "empty.png": "not a picture",
        "none.png": "no such file",
        ".": "folder",
    }
    for name, words in (cases | {".": "folder"}).items():
        with pytest.raises(HundredError, match=words):
            read_picture(tmp_path / name)


def test_a_decompression_bomb_is_refused_unread(tmp_path: Path) -> None:
    Image.new("1", (20_000, 20_000)).save(tmp_path / "bomb.png")
    with pytest.raises(HundredError, match=r"20000x20000 pixels are refused|absurdly large"):
        read_picture(tmp_path / "bomb.png")


def test_damaged_pictures_load_or_give_one_line(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    contents = {}
    for suffix in ("png", "jpg", "gif", "webp", "tiff", "bmp"):
        Image.fromarray(pixels).save(tmp_path / f"p.{suffix}")
        contents[suffix] = (tmp_path / f"p.{suffix}").read_bytes()
    failed = 0
    for seed in range(600):
        draw = random.Random(seed)
        suffix = draw.choice(sorted(contents))
        data = bytearray(contents[suffix])
        for _ in range(draw.randrange(1, 8)):
            data[draw.randrange(min(len(data), draw.choice((60, len(data)))))] = draw.randrange(256)
        path = tmp_path / f"x.{suffix}"
        path.write_bytes(data[: draw.randrange(len(data))] if draw.random() < 0.3 else data)
        try:
            read_picture(path)
        except HundredError as error:
            line = str(error)
            failed += 1
        else:
            continue
        assert "\n" not in line
    assert 50 < failed < 550


def test_the_pictures_of_a_folder_come_sorted_and_alone(tmp_path: Path) -> None:
    for name in ("b.png", "a.JPG", "deep/c.webp", "notes.txt", ".hidden.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert [path.name for path in pictures_in(tmp_path)] == ["a.JPG", "b.png", "c.webp"]
