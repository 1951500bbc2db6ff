"""Report pages from run directories: the figures of result.json, what differs, what is missing."""

import html
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import hundred
from hundred.errors import HundredError, UsageError
from hundred.experiment.report.contents import run_report
from hundred.experiment.report.page import write_report, write_run_report
from hundred.files import write_text
from hundred.runs.run import Run
from tests.making.finished import Finished


def embedded(page: Path) -> list[dict[str, Any]]:
    """The results that the page carries for scripts."""
    pattern = r'<script type="application/json" class="result"[^>]*>(.*?)</script>'
    return [json.loads(text) for text in re.findall(pattern, page.read_text(), re.DOTALL)]


def test_the_page_in_the_run_directory_has_the_figures_of_its_result(copied: Path) -> None:
    page = write_run_report(Run(copied))
    assert page == copied / "report.html"
    [shown] = embedded(page)
    for key, value in Run(copied).result.items():
        assert key == "name" or shown[key] == value
    assert f"{Run(copied).result['test_accuracy']:.2%}" in page.read_text()


def test_a_run_under_way_has_a_page_of_its_curves(copied: Path) -> None:
    for name in ("result.json", "predictions.npz", "model.h5"):
        (copied / name).unlink()
    page = write_run_report(Run(copied))
    assert embedded(page)[0]["name"] == "copied"
    report = run_report(Run(copied))
    assert report.history is not None
    assert report.classes is None


def test_findings_of_the_doctor_are_on_the_page(finished: Finished, tmp_path: Path) -> None:
    page = write_report(
        finished.a,
        out=tmp_path / "p.html",
        data=finished.data,
        doctor=lambda run: {"verdict": f"{run.name} is well"},
    )
    assert "a is well" in page.read_text()


def test_runs_side_by_side_are_compared_and_their_differing_settings_listed(
    finished: Finished, tmp_path: Path
) -> None:
    notes: list[str] = []
    page = write_report(finished.a, finished.b, out=tmp_path / "both.html", data=finished.data, notes=notes)
    text = page.read_text()
    assert notes == []
    assert [shown["name"] for shown in embedded(page)] == ["a", "b"]
    assert hundred.compare(finished.a, finished.b).verdict in html.unescape(text)
    settings = text[text.index('id="settings-table"') :].partition("</table>")[0]
    words = re.sub(r"<[^>]*>", " ", settings.partition("<tbody>")[2]).split()
    assert words == ["seed", "0", "1"]


def test_a_setting_missing_from_an_older_run_has_its_default_beside_a_newer_one(
    finished: Finished, tmp_path: Path
) -> None:
    for name, clip in (("a", "gradient_clip = 2.5\n"), ("b", "")):
        shutil.copytree(getattr(finished, name), tmp_path / name)
        text = (tmp_path / name / "recipe.toml").read_text()
        assert "gradient_clip = 0.0\n" in text
        write_text(tmp_path / name / "recipe.toml", text.replace("gradient_clip = 0.0\n", clip))

    def settings_row() -> str:
        text = write_report(tmp_path / "a", tmp_path / "b", out=tmp_path / "p.html", data=finished.data)
        table = text.read_text().partition('id="settings-table"')[2].partition("</table>")[0]
        return " ".join(re.sub(r"<[^>]*>", " ", table).split())

    assert "training.gradient_clip 2.5 0.0 " in f"{settings_row()} "
    (tmp_path / "b" / "recipe.toml").unlink()
    assert "training.gradient_clip 2.5 not set" in settings_row()


def test_repeats_are_shown_run_by_run_in_their_folder(finished: Finished, tmp_path: Path) -> None:
    shutil.copytree(finished.pair, tmp_path / "pair")
    page = write_report(tmp_path / "pair", data=finished.data)
    assert page == tmp_path / "pair" / "report.html"
    assert [shown["name"] for shown in embedded(page)] == ["pair/seed-0", "pair/seed-1"]


def test_several_runs_share_a_page_in_the_folder_of_the_first(finished: Finished, tmp_path: Path) -> None:
    for name in ("a", "b"):
        shutil.copytree(finished.runs / name, tmp_path / name)
    assert write_report(tmp_path / "a", tmp_path / "b", data=finished.data) == tmp_path / "report.html"


def test_other_images_than_the_runs_are_not_shown_with_a_note(finished: Finished, tmp_path: Path) -> None:
    notes: list[str] = []
    other = replace(finished.data, digest="another")
    write_report(finished.a, out=tmp_path / "p.html", data=other, notes=notes)
    assert len(notes) == 1
    assert "a was tested on other images" in notes[0]


def test_absent_images_are_not_downloaded_with_one_note(
    finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        shutil.copytree(finished.runs / name, tmp_path / name)
        text = (tmp_path / name / "environment.json").read_text().replace('"sample"', '"cifar100"')
        (tmp_path / name / "environment.json").write_text(text)

    def nothing(where: object = None, *, download: bool = True, **options: object) -> None:
        assert not download
        raise HundredError("nothing here")

    monkeypatch.setattr("hundred.experiment.build.data.open_dataset", nothing)
    notes: list[str] = []
    write_report(tmp_path / "a", tmp_path / "b", out=tmp_path / "p.html", notes=notes)
    assert [note.partition(",")[0] for note in notes] == ["the images are not on this machine"]


def test_other_file_types_and_other_inputs_than_runs_are_refused(finished: Finished, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"name ends in \.html"):
        write_report(finished.a, out=tmp_path / "photo.png")
    with pytest.raises(UsageError, match="at least one run"):
        write_report()


def test_a_page_with_galleries_is_not_replaced_by_one_without(finished: Finished, tmp_path: Path) -> None:
    shutil.copytree(finished.a, tmp_path / "a")
    page = write_report(tmp_path / "a", data=finished.data)
    before = page.read_bytes()
    assert b'<section id="images"' in before
    other = replace(finished.data, digest="another")
    notes: list[str] = []
    assert write_report(tmp_path / "a", data=other, notes=notes) == page
    assert page.read_bytes() == before
    assert "left as it is, since a new page would lack: Worst and best classes, Single images" in notes[-1]
    elsewhere = write_report(tmp_path / "a", data=other, out=tmp_path / "p.html", notes=notes)
    assert b'<section id="images"' not in elsewhere.read_bytes()
    write_text(tmp_path / "a" / "events.jsonl", "")
    write_report(tmp_path / "a", data=finished.data)
    assert b'<section id="images"' in page.read_bytes()
