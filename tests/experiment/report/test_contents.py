"""What a report shows of a run: the parts that its directory gives, and nothing where it does not."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hundred.evaluation.metrics import evaluate
from hundred.experiment.report.contents import run_report
from hundred.files import write_text
from hundred.recipe.load import load_recipe
from hundred.recipe.write import to_toml
from hundred.reports.page.data import RunReport
from hundred.runs.run import Run
from tests.making.finished import Finished


def with_recipe(run: Path, recipe: str, **values: Any) -> Run:
    """`run` as if it had followed the built-in recipe with `values`."""
    write_text(run / "recipe.toml", to_toml(load_recipe(recipe, values).recipe))
    return Run(run)


def test_every_part_of_a_finished_run_is_there(full: RunReport, finished: Finished) -> None:
    run = Run(finished.a)
    arrays = run.predictions()
    metrics = evaluate(arrays["test_logits"], arrays["test_labels"], finished.data.fine_to_coarse)
    assert full.accuracy_interval == metrics.accuracy_interval
    assert full.classes is not None
    assert 1 - full.classes["error"].mean() == pytest.approx(run.result["test_accuracy"])
    assert full.confusion is not None
    assert full.confusion.matrix.sum() == len(arrays["test_labels"])
    assert full.layers is not None
    assert sum(row.parameters for row in full.layers) == run.result["parameters"]
    assert full.environment == run.environment
    assert full.repeat[0].endswith("recipe.toml --data sample")
    assert len(full.worst) == len(full.best) == 5
    assert {len(gallery.shots) for gallery in full.galleries} == {24}


def test_galleries_show_the_images_of_the_table(full: RunReport, finished: Finished) -> None:
    arrays = Run(finished.a).predictions()
    wrong = arrays["test_logits"].argmax(1) != arrays["test_labels"]
    mistakes = full.galleries[0]
    assert mistakes.title == "Most confident mistakes"
    for shot in mistakes.shots:
        assert shot.index is not None
        assert wrong[shot.index]
        assert shot.true == finished.data.fine_names[arrays["test_labels"][shot.index]]
    assert full.label_errors is not None
    for shot in full.label_errors.shots:
        assert shot.predicted != shot.true


def test_without_images_there_are_tables_but_no_galleries(finished: Finished) -> None:
    bare = run_report(Run(finished.a))
    assert bare.classes is not None
    assert set(bare.classes["class"]) == set(finished.data.fine_names)
    assert not bare.galleries
    assert not bare.worst
    assert bare.label_errors is None


def test_a_run_whose_logits_are_not_finite_keeps_the_rest_of_its_page(copied: Path) -> None:
    arrays = Run(copied).predictions()
    arrays["test_logits"] = np.full_like(arrays["test_logits"], np.nan)
    np.savez(copied / "predictions.npz", **arrays)
    report = run_report(Run(copied))
    assert report.classes is None
    assert report.layers


def test_a_users_network_is_described_from_its_file_and_its_code_is_not_run(copied: Path) -> None:
    run = with_recipe(copied, "sprint", **{"model.name": "no_such_module:build"})
    layers = run_report(run).layers
    assert layers is not None
    assert sum(row.parameters for row in layers) == run.result["parameters"]
