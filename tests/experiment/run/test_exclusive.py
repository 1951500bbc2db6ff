"""One training at a time in a process, and one that works in a forked process."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from hundred.errors import UsageError
from tests.experiment.conftest import Train, rows


def test_a_second_training_in_another_thread_is_refused_and_the_first_is_as_it_was_alone(
    train: Train,
) -> None:
    refused: list[str] = []

    class Second:
        def on_epoch_ended(self, event: object) -> None:
            def run() -> None:
                with pytest.raises(UsageError) as caught:
                    train(epochs=1, name="second")
                refused.append(str(caught.value))

            thread = threading.Thread(target=run)
            thread.start()
            thread.join()

    first = train(epochs=2, name="first", listeners=[Second()])
    assert [text.splitlines()[0][:45] for text in refused] == [
        "another training is under way in this process"
    ] * 2
    assert rows(first) == rows(train(epochs=2, name="alone"))


FORK = """
import os, signal, sys
import torch
torch.set_num_threads(2)
import hundred
from hundred.data.sample.draw import draw_sample
from hundred.data.subset import subset_per_class
from tests.making.recipes import SMALL
data = subset_per_class(draw_sample(), 4, 2)
def train(name):
    hundred.train("sprint", data=data, epochs=1, name=name, runs=sys.argv[1], figures=False, quiet=True,
    set=SMALL)
train("parent")
child = os.fork()
if child == 0:
    signal.alarm(120)
    train("child")
    os._exit(0)
sys.exit(os.waitpid(child, 0)[1])
"""


@pytest.mark.slow
def test_a_forked_process_can_train_after_its_parent_has(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", FORK, str(tmp_path)], cwd=root, check=False)
    assert done.returncode == 0
    assert (tmp_path / "child" / "result.json").is_file()
