"""`hundred show --augment`: a picture of originals beside augmented images, from any recipe."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from hundred.errors import UsageError
from hundred.experiment.report.augmentation import draw_augmentation
from tests.making.datasets import few_pictures


def test_a_recipe_s_augmentation_is_drawn_and_another_one_looks_different(tmp_path: Path) -> None:
    data = few_pictures()
    drawn = [
        draw_augmentation(name, tmp_path / f"{name}.png", data=data)
        for name in ("school", "school-revisited")
    ]
    sizes = {Image.open(path).convert("RGB").size for path in drawn}
    assert all(width > 500 and height > 500 for width, height in sizes)
    assert drawn[0].read_bytes() != drawn[1].read_bytes()


def test_the_picture_can_be_svg_and_nothing_else_but_png(tmp_path: Path) -> None:
    path = draw_augmentation("initial", tmp_path / "a.svg", data=few_pictures())
    assert path.read_text("utf-8").startswith("<?xml")
    with pytest.raises(UsageError, match=r"a\.gif: a picture is a \.png or \.svg file"):
        draw_augmentation("initial", tmp_path / "a.gif", data=few_pictures())


def test_the_command_offers_it() -> None:
    from hundred.cli.commands.recipes import show

    shown = CliRunner().invoke(show, ["--help"]).output
    assert "--augment" in shown
    assert "--out" in shown


def test_the_study_is_a_command_that_names_the_nearest_system() -> None:
    from hundred.cli.commands.study import study

    assert "--quick" in CliRunner().invoke(study, ["--help"]).output
    found = CliRunner().invoke(study, ["--only", "shool"])
    assert isinstance(found.exception, UsageError)
    assert "did you mean 'school'" in str(found.exception)
