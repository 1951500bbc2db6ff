"""Small files that would cost gigabytes or minutes are refused before the work; so are pipes and devices."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from hundred.cli.main import main
from hundred.data.files.pictures import read_picture
from hundred.data.opening.open import find_dataset
from hundred.errors import HundredError
from hundred.reading import parse_toml, read_bytes, read_npz
from hundred.runs.run import Run
from hundred.runs.trackers.content import parameters
from hundred.runs.trackers.mlflow.state import read_state
from hundred.training.checkpoint import load_checkpoint

# Run in a process of its own: prints the megabytes that it took.
MEASURE = """
import sys
{code}
print(int(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0]) // 1024)
"""


def cost(code: str, *arguments: Path) -> int:
    """Megabytes that `code` takes, imports included."""
    command = [sys.executable, "-c", MEASURE.format(code=code), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout)


def test_an_npz_that_unpacks_to_gigabytes_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "predictions.npz"
    zeros = bytes(10_000_000)
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("test_logits.npy", "w") as file,
    ):
        np.lib.format.write_array_header_1_0(
            file, {"descr": "<f4", "fortran_order": False, "shape": (1_500_000, 100)}
        )
        for _ in range(60):
            file.write(zeros)
    assert path.stat().st_size < 1_000_000
    with pytest.raises(HundredError, match=r"unpacks to 600,0.* bytes, more than the 512,000,000"):
        Run(tmp_path).predictions()


def test_an_array_that_announces_more_than_there_is_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as archive, archive.open("a.npy", "w") as file:
        np.lib.format.write_array_header_2_0(
            file, {"descr": "|u1", "fortran_order": False, "shape": (10**12,)}
        )
        file.write(bytes(100))
    with pytest.raises(ValueError, match="announces"):
        read_npz(path)


@pytest.mark.parametrize(
    "key", ["a." * 100_000 + "b", '"a b".' * 40 + "c", "a . 'b' . " * 30 + "c", "[" + "x." * 99]
)
def test_a_key_of_very_many_parts_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="more than 32 parts"):
        parse_toml(f"{key} = 1")


def test_ordinary_toml_is_read_as_by_the_standard_library() -> None:
    text = 'a.b.c = 1.5\nd = [0.1, 0.2, 1.25]\ne = "www.example.org/a.b.c.d.e.f"\n[f.g]\nh = 2020-01-02\n'
    assert parse_toml(text)["a"] == {"b": {"c": 1.5}}
    assert parse_toml(text)["d"] == [0.1, 0.2, 1.25]


def test_a_picture_of_too_many_pixels_is_refused_unread(tmp_path: Path) -> None:
    Image.new("L", (10_000, 6_000)).save(tmp_path / "p.png")
    with pytest.raises(HundredError, match="refused as absurdly large"):
        read_picture(tmp_path / "p.png")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not tell the memory used")
@pytest.mark.parametrize("mode", ["RGBA", "I;16", "F"])
def test_the_largest_picture_takes_less_than_a_gigabyte(mode: str, tmp_path: Path) -> None:
    path = tmp_path / ("p.tiff" if mode == "F" else "p.png")
    Image.new(mode, (8_000, 6_000), (1, 2, 3, 4) if mode == "RGBA" else 3).save(path)
    code = "from hundred.data.files.pictures import read_picture; read_picture(sys.argv[1])"
    megabytes = cost(code, path)
    assert 0 < megabytes < 1000


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not tell the memory used")
def test_a_history_of_a_hundred_thousand_epochs_is_judged_in_bounded_memory(tmp_path: Path) -> None:
    rows = (f"{n},{2 / n**0.3},{1 - n**-0.2},{2 / n**0.25},{0.9 - n**-0.2}" for n in range(1, 100_001))
    path = tmp_path / "h.csv"
    path.write_text("epoch,loss,accuracy,val_loss,val_accuracy\n" + "\n".join(rows))
    assert path.stat().st_size < 10_000_000
    megabytes = cost("from hundred.evaluation.doctor.diagnosis import doctor; doctor(sys.argv[1])", path)
    assert 0 < megabytes < 1000


def test_a_table_of_very_many_columns_is_refused(tmp_path: Path) -> None:
    names = ",".join(f"c{n}" for n in range(50_000))
    (tmp_path / "h.csv").write_text(f"epoch,loss,{names}\n1,2,{'1,' * 50_000}\n")
    with pytest.raises(SystemExit) as ended:
        main(["doctor", str(tmp_path / "h.csv")])
    assert ended.value.code == 1


def test_a_picture_is_not_given_to_another_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow starts Ghostscript for an EPS."""
    path = tmp_path / "p.eps"
    Image.new("RGB", (8, 8)).save(path)
    monkeypatch.setattr("subprocess.Popen", lambda *_, **__: pytest.fail("a program was started"))
    with pytest.raises(HundredError, match="not a picture that can be read"):
        read_picture(path)


READERS: dict[str, Callable[[Path], object]] = {
    "data": find_dataset,
    "checkpoint": lambda path: load_checkpoint(path, torch.device("cpu")),
    "picture": read_picture,
    "bytes": read_bytes,
    "npz": read_npz,
}


@pytest.mark.parametrize("reader", READERS)
def test_pipes_and_devices_are_refused_at_once(reader: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        with pytest.raises(
            (HundredError, OSError), match=r"regular file|directory|folder|no (images|checkpoint)"
        ):
            READERS[reader](path)


PIPES = ("history.csv", "events.jsonl", "environment.json", "predictions.npz", "mlflow.json", "recipe.toml")


@pytest.fixture
def run_of_pipes(tmp_path: Path) -> Path:
    """A run directory with pipes where files should be, as an archive can hold them."""
    run = tmp_path / "run"
    run.mkdir()
    (run / "result.json").write_text('{"name": "run"}')
    for name in PIPES:
        os.mkfifo(run / name)
    return run


def test_a_run_directory_with_pipes_in_it_does_not_hang(run_of_pipes: Path) -> None:
    run = Run(run_of_pipes)
    parts: list[Callable[[], object]] = [
        lambda: run.history,
        lambda: run.events,
        lambda: run.environment,
        lambda: run.recipe_text,
        run.predictions,
        lambda: parameters(run_of_pipes),
    ]
    for part in parts:
        with pytest.raises(HundredError, match="not a regular file"):
            part()
    assert "not a regular file" in repr(run)
    assert read_state(run_of_pipes).tracking_uri == ""


@pytest.mark.slow
@pytest.mark.parametrize("command", ["doctor", "report", "compare", "test", "show", "sync", "runs"])
def test_no_command_hangs_on_a_run_directory_with_pipes_in_it(command: str, run_of_pipes: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hundred", command, "run"],
        cwd=run_of_pipes.parent,
        capture_output=True,
        timeout=100,
        check=False,
    )
    assert done.returncode in (0, 1, 2)
    assert b"Traceback" not in done.stderr
