"""`hundred data download` says where the images are already, and downloads them where they are not."""

from pathlib import Path

import pytest

from hundred.cli.main import main
from hundred.data.formats.raw import Raw
from hundred.data.opening.cache import cache_folder
from tests.making.archives import write_official


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_is_whole: None) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HUNDRED_DATA", raising=False)
    monkeypatch.setenv("HUNDRED_URL", "http://127.0.0.1:9/")  # no network


@pytest.fixture
def fetched(small: Raw, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Where downloads went: instead of the network, the official form is written into the folder."""
    folders: list[Path] = []

    def write(folder: Path, **_: object) -> Path:
        folders.append(folder)
        return write_official(folder / "cifar-100-python", small)

    monkeypatch.setattr("hundred.data.opening.open.download_archive", write)
    return folders


def download(*options: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(["data", "download", *options])
    return int(stop.value.code or 0)


def test_what_is_here_already_is_named_and_not_downloaded_again(
    small: Raw, fetched: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    here = write_official(Path("cifar-100-python"), small).absolute()
    assert download() == 0
    out, err = capsys.readouterr()
    assert err.splitlines() == [
        f"CIFAR-100 is here already, as cifar-100-python: {here} (--force downloads it all the same)"
    ]
    assert str(here) in out
    assert fetched == []


def test_force_downloads_all_the_same(
    small: Raw, fetched: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    write_official(Path("cifar-100-python"), small)
    assert download("--force") == 0
    assert fetched == [cache_folder()]
    assert str(cache_folder()) in capsys.readouterr().out


def test_a_machine_without_the_images_downloads_them_even_where_the_sample_set_is_named(
    fetched: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert download() == 0
    monkeypatch.setenv("HUNDRED_DATA", "sample")
    assert download() == 0
    assert fetched == [cache_folder()] * 2
