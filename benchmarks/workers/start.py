"""How long a command takes before it does anything: `--backend` is hundred, torch or keras."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.workers.common import arguments

COMMANDS = {
    "hundred": [str(Path(sys.executable).with_name("hundred")), "--help"],
    "torch": [sys.executable, "-c", "import torch"],
    "keras": [sys.executable, "-c", "import keras"],
}


def main() -> None:
    """The quickest of three, in starts per second, so that more is better as in all other comparisons."""
    options = arguments()
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
    seconds = []
    for _ in range(3):
        begin = time.perf_counter()
        subprocess.run(COMMANDS[options.backend], check=True, capture_output=True, env=environment)
        seconds.append(time.perf_counter() - begin)
    print(json.dumps({"per_second": 1 / min(seconds)}))


if __name__ == "__main__":
    main()
