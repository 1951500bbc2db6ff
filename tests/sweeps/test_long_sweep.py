"""A long sweep holds no more memory and no more files than a short one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TRIALS = 200
WARM = 40  # trials after which caches are filled
# Measured: 10. The images of a trial alone, kept, would be 150.
MEGABYTES = 60.0


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")
def test_two_hundred_trials_keep_memory_and_file_handles(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.making.long_sweep", str(tmp_path), str(TRIALS)],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "MALLOC_ARENA_MAX": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    seen = json.loads(done.stdout)
    assert seen[-1][1] <= seen[WARM][1]
    assert seen[-1][0] - seen[WARM][0] < MEGABYTES, seen[::20]
