"""A newcomer's first sitting: twelve commands, and every command and link that they print, as pasted.

Each is its own process, typed in one folder; runs, folders and pictures have names that a shell needs
quotes for.
"""

import html
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest
from PIL import Image

from hundred.data.sample.draw import draw_sample

SMALL = [
    *("--set", "data.train_per_class=6", "--set", "data.test_per_class=2", "--set", "training.batch_size=64"),
    *("--set", "data.validation_per_class=1"),
]
RUN = "my runs/the first"


class Sitting:
    """Commands in one folder, and what they printed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = f"{self._bin()}:{os.environ['PATH']}"
        self.environment = {**os.environ, "OMP_NUM_THREADS": "1", "PATH": path}

    def _bin(self) -> Path:
        """A folder with `hundred` in it."""
        place = self.folder.parent / "bin"
        place.mkdir()
        program = place / "hundred"
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m hundred "$@"\n')
        program.chmod(0o755)
        return place

    def type(self, line: str, folder: Path | None = None) -> str:
        """What the command line printed; it must have worked."""
        done = subprocess.run(
            ["sh", "-c", line],
            check=False,
            cwd=folder or self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, (line, done.stderr)
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def paste_all(self, printed: str) -> list[str]:
        """Run every next command that was printed, and open every link; return the commands."""
        links = re.findall(r"file://\S+", printed)
        for link in links:
            assert "<html" in Path(unquote(urlparse(link).path)).read_text(encoding="utf-8"), link
        pasted = re.findall(r"^(?:  |.*try: )?(hundred .+)$", printed, re.MULTILINE)
        for line in pasted:
            words = shlex.split(line)
            assert words[0] == "hundred", line
            if words[1] not in ("ui", "train"):  # one serves until Ctrl-C, one takes minutes
                self.type(line)
        return pasted


@pytest.fixture
def sitting(tmp_path: Path) -> Sitting:
    folder = tmp_path / "it's a lab"
    pictures = folder / "my photos"
    sample = draw_sample()
    for name, label in (("a bell", 0), ("a boat", 25)):
        (pictures / name).mkdir(parents=True)
        chosen = sample.train.images[(sample.train.fine == label).nonzero().flatten()[:20]]
        for number, image in enumerate(chosen):
            Image.fromarray(image.permute(1, 2, 0).numpy()).resize((48, 40)).save(
                pictures / name / f"IMG {number}.png"
            )
    return Sitting(folder)


@pytest.mark.slow
def test_twelve_commands_and_all_that_they_print_work_as_pasted(sitting: Sitting) -> None:
    call = ["train", "--data", "sample", *SMALL, "--epochs", "2", "--runs", "my runs"]
    printed = sitting.type(shlex.join(["hundred", *call, "--name", "the first", "--tag", "paper"]))
    pasted = sitting.paste_all(printed)
    assert [line.split()[1] for line in pasted] == ["doctor", "runs", "ui"]
    assert (sitting.folder / RUN / "mlflow.json").is_file()
    sitting.type(shlex.join(["hundred", *call, "--name", "second", "--no-figures", "--seed", "1"]))
    assert "paper" in sitting.type("hundred runs --runs 'my runs' --columns name,tags")
    assert "test accuracy" in sitting.type(f"hundred test '{RUN}'")
    assert "points" in sitting.type("hundred compare 'the first' second --runs 'my runs'")
    sitting.type("hundred doctor second --runs 'my runs'")
    sitting.type(f"hundred predict '{RUN}' 'my photos/a bell/IMG 0.png'")
    sitting.type(f"hundred predict '{RUN}' 'my photos'")
    assert "read back" in sitting.type(f"hundred export '{RUN}' --to keras")
    sitting.paste_all(sitting.type(f"hundred report '{RUN}' 'my runs/second' --out 'side by side.html'"))
    sitting.type(f"hundred audit '{RUN}'")
    sweep = ["sweep", "--data", "sample", *SMALL, "--epochs", "1", "--trials", "2", "--seeds", "1"]
    sweep += ["--vary", "training.learning_rate=0.02..0.5:log", "--runs", "my runs", "--name", "a sweep"]
    sitting.paste_all(sitting.type(shlex.join(["hundred", *sweep])))
    sitting.paste_all(sitting.type("hundred study --quick --only initial --epochs 1 --runs 'my runs'"))
    found = sitting.type("hundred runs --runs 'my runs'")
    assert all(name in found for name in ("the first", "second", "a sweep", "study-quick"))


@pytest.mark.slow
def test_a_run_on_ones_own_pictures_is_repeated_as_its_report_says_from_anywhere(
    sitting: Sitting, tmp_path: Path
) -> None:
    train = "hundred train --data 'my photos' --epochs 1 --name 'of mine' --set data.image_size=32"
    sitting.paste_all(sitting.type(train))
    sitting.type("hundred train 'runs/of mine' --name again --no-figures")  # finds the data of that run
    page = (sitting.folder / "runs" / "of mine" / "report.html").read_text(encoding="utf-8")
    repeat = [html.unescape(line) for line in re.findall(r"hundred t(?:rain|est) [^<\n]+", page)]
    assert [line.split()[1] for line in repeat] == ["train", "train", "test"]  # first that of the recipe
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for line in repeat:
        sitting.type(line, elsewhere)
    head = (sitting.folder / "runs" / "of mine" / "recipe.toml").read_text(encoding="utf-8")
    again = re.search(r"Again: (.+)", head)
    assert again is not None
    sitting.type(f"{again[1]} --name third --no-figures", elsewhere)
