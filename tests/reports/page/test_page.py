"""The page as text: complete, self-contained, small, and every name escaped."""

import json
import re
from collections import Counter
from dataclasses import fields, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hundred.reports.figures.mosaic import Shot
from hundred.reports.page import render
from hundred.reports.page.data import Gallery, ReportData, RunReport
from hundred.reports.page.images import data_uri
from hundred.reports.page.matrix import confusion_svg
from hundred.reports.page.render import render_page, write_page
from hundred.reports.page.text import to_json

PARTS = [field.name for field in fields(RunReport) if field.name not in ("result", "interval_note")]
EVIL = "<img src=x onerror=alert(1)>'\"&{{ 7*7 }}</script>"


class Seen(HTMLParser):
    """Tags with their attributes, and the visible text, of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.scripts: list[str] = []
        self._in = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in = tag

    def handle_endtag(self, tag: str) -> None:
        self._in = ""

    def handle_data(self, data: str) -> None:
        (self.scripts if self._in in ("script", "style") else self.text).append(data)


@pytest.fixture(scope="module")
def page(run_report: RunReport) -> str:
    """The page of one run."""
    return render_page(ReportData([run_report], made_by="1.2.3"))


@pytest.fixture(scope="module")
def pair_page(pair_data: ReportData) -> str:
    """The page of two runs."""
    return render_page(pair_data)


def _embedded_result(page: str) -> str:
    found = re.search(r'<script type="application/json" class="result"[^>]*>(.*?)</script>', page)
    assert found is not None
    return found[1]


def _headings(page: str) -> list[str]:
    return re.findall(r"<h2[^>]*>([^<]*)</h2>", page)


def test_a_run_has_every_section(page: str) -> None:
    assert _headings(page) == [
        "Doctor",
        "Curves",
        "Recipe",
        "Network",
        "Fine classes",
        "Superclasses",
        "Confusions",
        "Worst and best classes",
        "Single images",
        "Reliability",
        "Suspected label errors",
        "Environment and how to repeat it",
    ]


def test_sections_without_data_are_left_out(result: dict[str, Any]) -> None:
    bare = render_page(ReportData([RunReport(result)]))
    assert _headings(bare) == []
    assert "57.12%" in bare


@pytest.mark.parametrize("part", PARTS)
def test_any_single_part_may_be_missing(run_report: RunReport, part: str) -> None:
    empty = () if part in ("worst", "best", "galleries", "repeat") else None
    assert "57.12%" in render_page(ReportData([replace(run_report, **{part: empty})]))


def test_headline_figures_equal_the_result(page: str, result: dict[str, Any]) -> None:
    shown = {attrs["data-figure"]: attrs["value"] for tag, attrs in Seen(page).tags if tag == "data"}
    assert {key: float(value or "nan") for key, value in shown.items()} == {
        key: result[key]
        for key in (
            "test_accuracy", "test_top5_accuracy", "test_coarse_accuracy", "val_accuracy", "test_loss",
            "calibration_error", "parameters", "epochs", "train_seconds",
        )
    }  # fmt: skip
    assert {"57.12%", "84.31%", "69.15%", "58.12%", "4.12%", "1.618", "4,899,044", "30 min 34 s"} <= set(
        Seen(page).text
    )


def test_the_result_is_in_the_page_for_machines(page: str, result: dict[str, Any]) -> None:
    assert json.loads(_embedded_result(page)) == result


def test_the_page_refers_to_nothing_outside_itself(page: str, pair_page: str) -> None:
    for text in (page, pair_page):
        seen = Seen(text)
        links = [
            value
            for _, attrs in seen.tags
            for key, value in attrs.items()
            if key in ("src", "href") and value
        ]
        assert all(link.startswith(("#", "data:")) for link in links)
        assert not re.search(r"https?://|//cdn|@import|url\(", text)


def test_links_within_the_page_lead_somewhere_and_ids_are_unique(page: str, pair_page: str) -> None:
    for text in (page, pair_page):
        tags = Seen(text).tags
        ids = Counter(attrs["id"] for _, attrs in tags if "id" in attrs)
        assert max(ids.values()) == 1
        targets = {attrs["href"] for tag, attrs in tags if tag == "a"}
        assert {target.removeprefix("#") for target in targets if target} <= set(ids)


def test_only_our_own_script_may_run(page: str) -> None:
    policy = next(attrs["content"] for _, attrs in Seen(page).tags if attrs.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert re.search(r"script-src 'sha256-[A-Za-z0-9+/=]{44}'", policy)


@pytest.mark.parametrize("page_of", ["one", "two"])
def test_every_printed_name_is_escaped(run_report: RunReport, pair_data: ReportData, page_of: str) -> None:
    evil = replace(
        run_report,
        result={**run_report.result, "name": EVIL, "recipe": EVIL, "model": EVIL, "device": EVIL},
        recipe_text=EVIL,
        parent=EVIL,
        environment={EVIL: EVIL},
        repeat=[EVIL],
        doctor={
            "verdict": EVIL,
            "findings": [{"name": EVIL, "confidence": 1.0, "evidence": EVIL, "try": EVIL}],
        },
        galleries=[Gallery(EVIL, (Shot(np.zeros((3, 32, 32), np.uint8), EVIL, EVIL, 0.5),), EVIL)],
        classes=None if run_report.classes is None else run_report.classes.replace("bear", EVIL),
        layers=[type("Row", (), {"name": EVIL, "kind": EVIL, "output_shape": (1,), "parameters": 1})()],
    )
    data = (
        ReportData([evil], made_by=EVIL) if page_of == "one" else replace(pair_data, runs=[evil, run_report])
    )
    seen = Seen(render_page(data))
    assert not [attrs for tag, attrs in seen.tags if tag == "img" and attrs.get("src") == "x"]
    assert any(EVIL in text for text in seen.text)
    assert json.loads(_embedded_result(render_page(data)))["name"] == EVIL


def test_the_curves_mark_where_a_finding_of_the_doctor_begins(page: str) -> None:
    marks = [attrs for tag, attrs in Seen(page).tags if tag == "i" and attrs.get("class") == "mark finding"]
    assert len(marks) == 3  # accuracy, loss and learning rate
    assert {attrs["title"] for attrs in marks} == {"stopped early, since epoch 17"}


def test_every_image_is_described_and_keeps_its_pixels(page: str, made: Any) -> None:
    images = [attrs for tag, attrs in Seen(page).tags if tag == "img"]
    assert len(images) == 4 + 4 + 12 + 2
    assert all(attrs["alt"] for attrs in images)
    assert images[0]["alt"] == "Test image 0: is apple, predicted as apple with 90%"
    assert images[-1]["alt"] == "Test image 2: labelled apple, looks like baby with 90%"
    assert images[0]["src"] == data_uri(made.images[0].transpose(1, 2, 0))


def test_a_data_uri_gives_back_the_image(images: np.ndarray) -> None:
    import base64
    import io

    from PIL import Image

    image = images[0].transpose(1, 2, 0)
    png = base64.b64decode(data_uri(image).removeprefix("data:image/png;base64,"))
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(png))), image)


def test_marks_stand_by_the_figures_of_a_sample_run(run_report: RunReport) -> None:
    marked = replace(
        run_report, result={**run_report.result, "data": "sample", "protocol": "test-as-validation"}
    )
    text = render_page(ReportData([marked]))
    # At the title, and at each section with figures: all but recipe, network and environment.
    assert text.count(">sample set<") == text.count(">test set used as validation<") == 1 + 9
    assert "which flatters these figures" in text
    assert "not of CIFAR-100" in text


def test_several_runs_say_which_of_them_carries_a_mark(pair_page: str) -> None:
    assert ">sample set: school-3<" in pair_page
    assert ">sample set<" in pair_page


def test_several_runs_share_comparison_curves_settings_and_gains(pair_page: str) -> None:
    assert _headings(pair_page) == [
        "Which is better",
        "Figures side by side",
        "Curves",
        "Settings that differ",
        "Gains and losses by class",
        "school-2",
        "school-3",
    ]


def test_the_comparison_is_quoted(pair_page: str, pair_data: ReportData) -> None:
    assert pair_data.comparison is not None
    text = "".join(Seen(pair_page).text)
    assert pair_data.comparison.verdict in text
    assert f"{pair_data.comparison.difference * 100:.1f} points" in text


def test_a_page_of_many_runs_stays_small_and_says_what_it_lacks(run_report: RunReport) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (1000, 3, 32, 32), dtype=np.uint8)
    shots = tuple(Shot(image, "apple", "bear") for image in noise)
    full = replace(run_report, galleries=[Gallery("Many", shots)])
    text = render_page(ReportData([full, replace(run_report, result={**run_report.result, "name": "other"})]))
    assert len(text.encode()) < 5_000_000
    assert re.search(r"it leaves out \d+% of the images", text)


@pytest.mark.parametrize(
    ("share", "lacks"),
    [
        (0.9, "all images"),
        (0.5, "all images, networks and confusion matrices"),
        (0.05, "all but the figures of each run"),
    ],
)
def test_what_does_not_fit_is_left_out_step_by_step(
    run_report: RunReport, page: str, monkeypatch: pytest.MonkeyPatch, share: float, lacks: str
) -> None:
    monkeypatch.setattr(render, "MOST_BYTES", int(len(page) * share))
    assert f"it leaves out {lacks};" in render_page(ReportData([run_report]))


def test_a_page_of_one_run_says_nothing_of_leaving_out(page: str) -> None:
    assert "leaves out" not in page


def test_write_page_writes_the_file(run_report: RunReport, tmp_path: Path) -> None:
    path = write_page(tmp_path / "report.html", ReportData([run_report]))
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_report_without_a_run_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one run"):
        render_page(ReportData([]))


def test_the_confusion_svg_has_a_cell_for_each_count(run_report: RunReport) -> None:
    assert run_report.confusion is not None
    drawn = confusion_svg(run_report.confusion)
    counts = np.asarray(run_report.confusion.matrix)
    assert sum(layer.path.count("M") for layer in drawn.layers) == (counts > 0).sum()
    assert drawn.right == np.trace(counts)
    coarse = np.asarray(run_report.confusion.fine_to_coarse)
    within = counts[coarse[:, None] == coarse[None, :]].sum() - np.trace(counts)
    assert drawn.within == within


def test_json_in_the_page_cannot_end_its_script_and_has_no_nan() -> None:
    text = to_json(
        {"a": "</script><!--", "b": float("nan"), "c": np.float32(0.5), "d": [np.int64(3), None, True]}
    )
    assert "<" not in text
    assert json.loads(text) == {"a": "</script><!--", "b": None, "c": 0.5, "d": [3, None, True]}
