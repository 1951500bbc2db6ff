"""What holds for every picture: marks, legible texts, files."""

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from hundred.data.names import COARSE_NAMES, FINE_NAMES, FINE_TO_COARSE
from hundred.errors import UsageError
from hundred.reports.figures.architecture import draw_architecture, draw_layer_table
from hundred.reports.figures.balance import draw_balance
from hundred.reports.figures.calibration import draw_reliability
from hundred.reports.figures.classes import draw_class_changes, draw_class_errors, draw_superclass_errors
from hundred.reports.figures.confusion import draw_confusion
from hundred.reports.figures.curves import compare_curves, draw_curves
from hundred.reports.figures.mosaic import Shot
from hundred.reports.figures.pareto import draw_pareto
from hundred.reports.figures.samples import (
    ClassGallery,
    draw_augmented,
    draw_class_galleries,
    draw_sample_grid,
    draw_shots,
)
from hundred.reports.figures.style import Provenance, as_bytes, save
from hundred.reports.milestones import milestones

from .looking import covered, cut_off, lay_out, texts

NAMES = (FINE_NAMES, COARSE_NAMES, FINE_TO_COARSE)
MARKED = Provenance("sample", "test-as-validation")
AugmentRng = Callable[..., Figure]


def _shots(images: np.ndarray) -> tuple[Shot, ...]:
    names = ("sweet_pepper", "aquarium_fish", "lawn_mower", "chimpanzee")
    return tuple(Shot(images[place], names[0], name, 0.93) for place, name in enumerate(names))


def _gallery(images: np.ndarray) -> list[ClassGallery]:
    return [ClassGallery("sweet_pepper", "large_omnivores_and_herbivores", 0.5, _shots(images))]


def _changes(classes: pd.DataFrame) -> pd.DataFrame:
    return classes.assign(first=classes["error"], second=0.5)


def _five_each(images: np.ndarray) -> np.ndarray:
    return images[:10].reshape(2, 5, 3, 32, 32)


def _pareto() -> pd.DataFrame:
    names = ["school", "school-revisited", "simple", "resnet50", "a-run-with-a-rather-long-name-of-its-own"]
    return pd.DataFrame(
        {
            "name": names,
            "accuracy": [0.57, 0.575, 0.572, 0.72, 0.569],
            "train_seconds": [600, 610, 590, 7200, 605],
            "pareto": [False, True, True, True, False],
        }
    )


PICTURES: dict[str, Callable[..., Figure]] = {
    "curves": lambda f, **k: draw_curves(f.history, milestones(f.history, stopped="early-stopping"), **k),
    "compared curves": lambda f, **k: compare_curves(
        {f"run-{n}-with-a-long-name": f.history for n in range(9)}, **k
    ),
    "class errors": lambda f, **k: draw_class_errors(f.classes, **k),
    "superclass errors": lambda f, **k: draw_superclass_errors(f.superclasses, f.classes, **k),
    "class changes": lambda f, **k: draw_class_changes(_changes(f.classes), ("after", "before"), **k),
    "confusion": lambda f, **k: draw_confusion(f.matrix, *NAMES, **k),
    "reliability": lambda f, **k: draw_reliability(f.reliability, 0.04, **k),
    "sample grid": lambda f, **k: draw_sample_grid(f.images, *NAMES, **k),
    "augmented": lambda f, **k: draw_augmented(f.images[:2], _five_each(f.images), FINE_NAMES, **k),
    "galleries": lambda f, **k: draw_class_galleries(_gallery(f.images), _gallery(f.images), **k),
    "shots": lambda f, **k: draw_shots(_shots(f.images), **{"title": "Most confident mistakes", **k}),
    "balance": lambda f, **k: draw_balance({"train": [450] * 100, "test": range(100)}, FINE_NAMES, **k),
    "architecture": lambda f, **k: draw_architecture(f.layers, **k),
    "layer table": lambda f, **k: draw_layer_table(f.layers, **k),
    "pareto": lambda f, **k: draw_pareto(_pareto(), **k),
}


@pytest.fixture(scope="module", params=sorted(PICTURES))
def draw(request: pytest.FixtureRequest, made: SimpleNamespace) -> AugmentRng:
    """Each picture in turn, as a function of title and provenance."""
    return partial(PICTURES[request.param], made)


@pytest.fixture(scope="module")
def marked(draw: AugmentRng) -> Figure:
    """The picture of a run on the sample set whose validation set was its test set."""
    return draw(provenance=MARKED)


def test_marks_of_the_data_and_the_protocol_are_on_the_picture(marked: Figure) -> None:
    assert {"sample set", "test set used as validation"} <= set(texts(marked))


def test_real_data_and_a_holdout_carry_no_mark(draw: AugmentRng) -> None:
    assert not {"sample set", "test set used as validation"} & set(texts(draw()))


def test_no_text_covers_another_or_reaches_over_the_edge(marked: Figure) -> None:
    lay_out(marked)
    assert covered(marked) == []
    assert cut_off(marked) == []


def test_a_picture_leaves_matplotlibs_settings_alone(draw: AugmentRng) -> None:
    before = dict(mpl.rcParams)
    draw()
    assert dict(mpl.rcParams) == before


def test_a_png_file_has_the_figures_size(marked: Figure, tmp_path: Path) -> None:
    path = save(marked, tmp_path / "picture.png")
    with Image.open(path) as image:
        image.load()
        assert image.size == tuple(round(side * 144) for side in marked.get_size_inches())


def test_long_titles_and_dollar_signs_are_shown_as_they_are(draw: AugmentRng) -> None:
    figure = draw(title="$\\frac{1}{ <b> " + "x" * 300, provenance=MARKED)
    assert any(text.startswith("$\\frac{1}") and text.endswith("…") for text in texts(figure))
    lay_out(figure)
    assert cut_off(figure) == []


def test_a_name_in_another_script_is_drawn_without_a_warning(history: pd.DataFrame) -> None:
    assert as_bytes(draw_curves(history, title="漢字"), "png")


@pytest.mark.parametrize("suffix", ["svg", "SVG"])
def test_an_svg_file_is_drawing_not_pixels(history: pd.DataFrame, tmp_path: Path, suffix: str) -> None:
    text = save(draw_curves(history), tmp_path / f"curves.{suffix}").read_text()
    assert "<svg" in text
    assert "<image" not in text


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_the_same_figures_make_the_same_bytes(history: pd.DataFrame, kind: str) -> None:
    assert as_bytes(draw_curves(history), kind) == as_bytes(draw_curves(history), kind)


def test_another_suffix_is_refused_with_the_way_out(history: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"curves\.bmp.*\.png or \.svg"):
        save(draw_curves(history), tmp_path / "curves.bmp")
    assert list(tmp_path.iterdir()) == []


def test_drawing_never_loads_pyplot() -> None:
    code = (
        "import sys\n"
        "from hundred.reports.figures import architecture, confusion, curves, samples\n"
        "sys.exit('matplotlib.pyplot' in sys.modules or 'torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
