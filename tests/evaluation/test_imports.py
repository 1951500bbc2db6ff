"""Comparing runs starts quickly: the statistics load no torch and no scipy.stats."""

import subprocess
import sys


def test_comparisons_load_neither_torch_nor_scipy_stats() -> None:
    code = (
        "import sys, hundred.evaluation.compare.comparison; "
        "assert not {'torch', 'scipy.stats'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
