"""All tables of one network's test, and how they are written as CSV files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from hundred.evaluation.class_tables import class_table, superclass_table
from hundred.evaluation.confusion import confused_pairs, confusion_matrix, superclass_order
from hundred.evaluation.images import confident_mistakes, easiest_images, hardest_images
from hundred.evaluation.metrics import evaluate
from hundred.files import write_text
from hundred.formatting import csv_safe


def tables(
    logits: Any,
    labels: Any,
    fine_names: Sequence[str],
    coarse_names: Sequence[str],
    fine_to_coarse: Any,
    *,
    images: int = 100,
) -> dict[str, pd.DataFrame]:
    """All tables by name: metrics, classes, superclasses, confused-pairs, confusion-matrix (in superclass
    order, true classes as rows), reliability, hardest-images, easiest-images, confident-mistakes.
    Without superclasses (at most one name in `coarse_names`) there is no table of them.

    logits: float [n, classes]; labels: int [n]; images: rows in the tables of single images.
    """
    metrics = evaluate(logits, labels, fine_to_coarse)
    classes = class_table(logits, labels, fine_names, coarse_names, fine_to_coarse)
    order = superclass_order(fine_to_coarse)
    ordered_names = [fine_names[label] for label in order]
    confusion = pd.DataFrame(confusion_matrix(logits, labels, order=order), columns=ordered_names)
    confusion.insert(0, "true", ordered_names)
    return {
        "metrics": pd.DataFrame([metrics.as_dict()]),
        "classes": classes,
        **({"superclasses": superclass_table(classes)} if "superclass" in classes else {}),
        "confused-pairs": confused_pairs(logits, labels, fine_names, None),
        "confusion-matrix": confusion,
        "reliability": metrics.reliability,
        "hardest-images": hardest_images(logits, labels, images, fine_names=fine_names),
        "easiest-images": easiest_images(logits, labels, images, fine_names=fine_names),
        "confident-mistakes": confident_mistakes(logits, labels, images, fine_names=fine_names),
    }


def tables_to_csv(folder: Path | str, frames: Mapping[str, pd.DataFrame]) -> dict[str, Path]:
    """Write each of `frames` (such as `tables` returns) to `folder`/NAME.csv.

    `folder` is made where absent; the one above it must be there. Returns the paths by name.
    Frames' indices are not written.
    """
    Path(folder).mkdir(exist_ok=True)
    written = {}
    for name, frame in frames.items():
        written[name] = Path(folder) / f"{name}.csv"
        safe = frame.map(csv_safe).rename(columns=csv_safe)
        write_text(written[name], safe.to_csv(index=False, lineterminator="\n"))
    return written
