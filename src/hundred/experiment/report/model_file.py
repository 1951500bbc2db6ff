"""The report of a model file: everything that needs no history, from its outputs on the test images."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hundred.experiment.build.data import open_data
from hundred.experiment.report.contents import TestOutputs, parts_of_outputs
from hundred.experiment.saved.labels import require_labels
from hundred.experiment.saved.open import OpenOptions, open_saved
from hundred.experiment.test import test
from hundred.interchange.read.model import Model
from hundred.models.summary import summarize
from hundred.reports.page.data import RunReport


def file_report(path: Path, name: str, data: Any, notes: list[str], opening: Mapping[str, Any]) -> RunReport:
    """Test the model in `path` on `data`, and report it as `name`. `notes` gets what a user should know.

    opening: how the file is opened, as for `hundred.test`.

    Raises as `hundred.test` does.
    """
    dataset = open_data(data)
    found = test(path, data=dataset, **opening)
    labels = require_labels(dataset, found.logits.shape[1] if found.logits is not None else 0, path)
    outputs = TestOutputs(
        found.logits, labels.of(dataset.test).numpy(), labels.names, labels.coarse_names,
        labels.fine_to_coarse.numpy(),
    )  # fmt: skip
    notes += [f"{name}: {note}" for note in (*found.notes, found.remark) if note]
    result = {
        "name": name,
        "model": f"{path.name} ({found.origin}, pixels {found.scale})",
        "parameters": found.parameters,
        "data": found.data,
        "data_digest": found.data_digest,
        **found.metrics.as_dict("test_"),
        "calibration_error": found.metrics.calibration_error,
        "model_bytes": path.stat().st_size,
    }
    where = f" --data {shlex.quote(str(data))}" if isinstance(data, str | Path) else ""
    return RunReport(
        result=result,
        layers=_layers(path, opening),
        repeat=[f"hundred test {shlex.quote(str(path))}{where}"],
        **parts_of_outputs(outputs, dataset, len(dataset.test)),
    )


def _layers(path: Path, opening: Mapping[str, Any]) -> Any:
    """The layers of a native network, for the diagram; None where they cannot be listed."""
    options = {key: value for key, value in opening.items() if value is not None}
    try:
        model = open_saved(path, OpenOptions(**options))
        if not isinstance(model, Model):
            return None
        rows, columns, channels = model.input_shape
        return summarize(model.network.cpu(), (channels, rows, columns))
    except Exception:  # whatever a network of another kind does there, the page is good without its diagram
        return None
