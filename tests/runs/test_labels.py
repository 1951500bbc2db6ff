"""Tags and notes: kept in labels.json, and sent along by the trackers."""

from pathlib import Path
from typing import Any

import pytest

from hundred.errors import HundredError, UsageError
from hundred.runs.labels import Labels, add_labels, labels_of, read_labels, write_labels
from hundred.runs.trackers import content
from hundred.runs.trackers.wandb import WeightsAndBiases


def test_labels_are_read_back_and_leave_no_file_where_there_are_none(tmp_path: Path) -> None:
    labels = Labels(("a", "b:1"), "größer", archived=True)
    write_labels(tmp_path, labels)
    assert read_labels(tmp_path) == labels
    write_labels(tmp_path, Labels())
    assert list(tmp_path.iterdir()) == []
    assert read_labels(tmp_path) == Labels()


def test_tags_are_kept_once_and_in_order() -> None:
    assert Labels(("b",)).with_tags(add=["a", "b", "c"], remove=["a"]).tags == ("b", "c")


@pytest.mark.parametrize("tag", ["", "two words", "a,b", "x" * 61])
def test_a_tag_is_one_word(tag: str) -> None:
    with pytest.raises(UsageError, match="cannot be a tag"):
        Labels().with_tags(add=[tag])


@pytest.mark.parametrize("text", ["[]", '{"tags": "a"}', '{"note": 1}', '{"archived": "no"}', "{"])
def test_a_damaged_file_is_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "labels.json").write_text(text)
    with pytest.raises(HundredError, match="is damaged"):
        read_labels(tmp_path)


def test_a_note_has_a_limit(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="4,001"):
        write_labels(tmp_path, Labels(note="x" * 4001))


def test_mlflow_gets_tags_and_note(tmp_path: Path) -> None:
    write_labels(tmp_path, Labels(("best",), "the one"))
    tags = content.tags(tmp_path)
    assert tags["tag.best"] == "true"
    assert tags["mlflow.note.content"] == "the one"
    write_labels(tmp_path, Labels())
    assert {"tag.best", "mlflow.note.content"}.isdisjoint(content.tags(tmp_path))


def test_weights_and_biases_gets_tags_and_note(tmp_path: Path) -> None:
    class Module:
        options: dict[str, Any]

        def init(self, **options: Any) -> None:
            self.options = options

    write_labels(tmp_path, Labels(("best",), "the one"))
    module = Module()
    WeightsAndBiases(tmp_path, module=module).on_run_started(None)  # type: ignore[arg-type]
    assert (module.options["tags"], module.options["notes"]) == (["best"], "the one")


def test_labels_are_added_to_those_that_are_there(tmp_path: Path) -> None:
    add_labels(tmp_path, labels_of(["a"], "first"))
    add_labels(tmp_path, labels_of(["b", "a"]))
    assert read_labels(tmp_path) == Labels(("a", "b"), "first")
    add_labels(tmp_path / "nowhere", Labels())  # nothing to write
    with pytest.raises(UsageError, match="cannot be a tag"):
        labels_of(["two words"])
    with pytest.raises(UsageError, match=r"at most 4,000 characters"):
        labels_of(note="x" * 4001)
