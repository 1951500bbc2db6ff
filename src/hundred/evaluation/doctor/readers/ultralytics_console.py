"""What Ultralytics prints: a line of names and below it one of figures, for training and for validation."""

import re
from typing import Any

# "      Epoch    GPU_mem       loss  Instances       Size", before it in YOLOv5 "gpu_mem  box  obj  cls".
_TRAINING = re.compile(r"[\s#]*Epoch\s+gpu_mem\s+(?P<names>\S.*)", re.IGNORECASE)
_EPOCH = re.compile(r"[\s#]*(?P<epoch>\d+)/\d+\s+\d[\d.]*[GM]?B?\s+(?P<cells>[^:]*)")
_VALIDATION = re.compile(r"[\s#]*class(?:es)?\s+(?P<names>[^:|]*)", re.IGNORECASE)
_ALL = re.compile(r"(?:^|\s)all\s+(?P<cells>[-+\d.eE][-+\d.eEna\s]*)$")
_PERCENT = re.compile(r"\d+%")
_NAMES = {
    "loss": "train/loss", "train_loss": "train/loss", "val_loss": "val/loss", "box_loss": "train/box_loss",
    "cls_loss": "train/cls_loss", "box": "train/box_loss", "cls": "train/cls_loss",
    "top1_acc": "val/accuracy_top1", "mAP50": "val/mAP50", "mAP@.5": "val/mAP50",
    "mAP@0.5": "val/mAP50", "mAP_0.5": "val/mAP50",
}  # fmt: skip


def rows_of(text: str) -> list[dict[str, Any]]:
    """A row an epoch with the figures that the lines give; empty where Ultralytics did not print them."""
    rows: list[dict[str, Any]] = []
    training: list[str] = []
    validation: list[str] = []
    for line in re.split(r"[\r\n]+", text):
        if found := _TRAINING.match(line):
            training = found["names"].split()
        elif training and (found := _EPOCH.match(line)):
            epoch = int(found["epoch"])
            if not rows or rows[-1]["epoch"] != epoch:
                rows.append({"epoch": epoch})
            rows[-1].update(_figures(training, found["cells"].split()))
        elif training and (found := _VALIDATION.match(line)):
            validation = _PERCENT.split(found["names"])[0].replace("Box(P", "P").replace(")", "").split()
        if rows and validation and (found := _ALL.search(line)):
            # The first counts: after the last epoch the best weights are validated once more.
            figures = _figures(validation, found["cells"].split())
            rows[-1] = {**figures, **rows[-1]}
    return rows


def _figures(names: list[str], cells: list[str]) -> dict[str, str]:
    return {_NAMES[name]: cell for name, cell in zip(names, cells, strict=False) if name in _NAMES}
