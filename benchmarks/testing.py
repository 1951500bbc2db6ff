"""How much longer `hundred test` takes than the network itself: `python -m benchmarks.testing [--rounds 3]`.

The school network (4,899,044 parameters) is written as .h5 and tested on the test images: the whole command,
from the start of Python to its answer, against one bare forward pass of the same images through the same
network (float32, batches of 256, eval and inference mode), in turns. The lines after that say where the
command's time goes.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from hundred.data.dataset import Dataset
from hundred.data.opening.open import open_dataset
from hundred.evaluation.metrics import evaluate
from hundred.interchange.read.load import load
from hundred.interchange.read.model import Model
from hundred.interchange.write.save import save_h5
from hundred.models.registry import build

BATCH = 256


def seconds(work: Callable[[], object]) -> float:
    """How long `work` takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def bare_pass(network: nn.Module, images: Tensor) -> None:
    """One forward pass of uint8 [n, 3, 32, 32], divided by 255 beforehand."""
    batches = [batch.float() / 255 for batch in images.split(BATCH)]
    with torch.inference_mode():
        for batch in batches:
            network(batch)


def command(file: Path, data: str) -> None:
    """`hundred test`, as a user starts it."""
    code = "from hundred.cli.main import main; main()"
    arguments = ["test", str(file), "--data", data, "--device", "cpu", "--json"]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"hundred test failed:\n{done.stderr[-2000:]}")


def parts(file: Path, data: str, images: int) -> dict[str, float]:
    """Seconds of each part of the command."""
    found: dict[str, object] = {}

    def keep(name: str, make: Callable[[], object]) -> float:
        return seconds(lambda: found.update({name: make()}))

    imports = "import hundred.experiment.test, hundred.interchange.read.load, hundred.evaluation.metrics"
    times = {
        "starting Python and importing": seconds(
            lambda: subprocess.run([sys.executable, "-c", imports], check=True)
        )
    }
    times["opening the data"] = keep("data", lambda: open_dataset(data))
    times["reading the file"] = keep("model", lambda: load(file))
    dataset, model = found["data"], found["model"]
    assert isinstance(dataset, Dataset)
    assert isinstance(model, Model)
    test = dataset.test
    shown, labels = test.images[:images], test.fine[:images]
    times["scaling and forward pass"] = keep("logits", lambda: model.logits_of_images(shown))
    times["metrics"] = seconds(lambda: evaluate(found["logits"], labels, dataset.fine_to_coarse))
    return times


def main() -> None:
    """Print ratios and parts."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data", default=os.environ.get("HUNDRED_DATA", "sample"))
    options = parser.parse_args()
    network = build("school").eval()
    test = open_dataset(options.data).test
    print(f"{len(test.images):,} test images of {options.data}, {torch.get_num_threads()} threads")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "school.h5"
        save_h5(file, network, mean=[0.0] * 3, std=[1.0] * 3, class_names=None)
        ratios = []
        for number in range(options.rounds):
            bare = seconds(lambda: bare_pass(network, test.images))
            whole = seconds(lambda: command(file, options.data))
            ratios.append(whole / bare)
            print(
                f"round {number + 1}: bare {bare:.2f} s, hundred test {whole:.2f} s, {ratios[-1]:.2f} times"
            )
        print(f"median {statistics.median(ratios):.2f} times one bare forward pass")
        for name, took in parts(file, options.data, len(test.images)).items():
            print(f"  {took:7.2f} s  {name}")


if __name__ == "__main__":
    main()
