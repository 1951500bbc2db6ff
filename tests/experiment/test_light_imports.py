"""Comparing runs takes what stands in their directories: nothing that trains or draws is loaded for it."""

import subprocess
import sys

from tests.making.finished import Finished

HEAVY = {"torch", "matplotlib", "jinja2", "scipy.stats", "keras", "mlflow", "pydantic"}


def loaded_by(code: str) -> set[str]:
    code += "\nimport sys; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return HEAVY & set(done.stdout.splitlines())


def test_a_comparison_of_runs_loads_neither_torch_nor_matplotlib(finished: Finished) -> None:
    # The sample set has names of its own, which stand beside the code that draws it with torch.
    code = (
        "import hundred.experiment.compare as c; c._fine_names = lambda *_: None; "
        f"c.compare({str(finished.a)!r}, {str(finished.b)!r})"
    )
    assert loaded_by(code) == set()
