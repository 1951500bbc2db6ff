"""Galleries of test images: the worst and best classes, single images, and images with doubtful labels."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from hundred.evaluation.images import confident_mistakes, easiest_images, hardest_images, image_table
from hundred.evaluation.labels import can_doubt_labels, suspected_label_errors
from hundred.formatting import plural
from hundred.reports.figures.mosaic import Shot
from hundred.reports.figures.samples import ClassGallery
from hundred.reports.page.data import Gallery

CLASSES = 5
IMAGES_OF_A_CLASS = 8
SINGLE_IMAGES = 24

_SINGLE = (
    ("Most confident mistakes", confident_mistakes, "Wrong, with the highest probability."),
    ("Hardest images", hardest_images, "Highest loss: the true class got the lowest probability."),
    ("Easiest images", easiest_images, "Lowest loss: the true class got the highest probability."),
)


def galleries(
    logits: Any, labels: Any, fine_names: Sequence[str], classes: pd.DataFrame, images: Any
) -> dict[str, Any]:
    """The fields worst, best, galleries and label_errors of a `RunReport`.

    logits: float [n, classes]; labels: int [n]; classes: of `class_table`; images: uint8 [n, 3, h, w].
    """
    table = image_table(logits, labels, fine_names)
    ranked = classes.dropna(subset=["error"]).sort_values("error", ascending=False, kind="stable")
    worst = min(CLASSES, -(-len(ranked) // 2))  # of few classes, each is in one of the two
    best = min(CLASSES, len(ranked) - worst)
    return {
        "worst": [_class_gallery(row, table, images) for row in ranked.head(worst).to_dict("records")],
        "best": [_class_gallery(row, table, images) for row in ranked[::-1].head(best).to_dict("records")],
        "galleries": [
            Gallery(title, _shots(choose(logits, labels, SINGLE_IMAGES, fine_names=fine_names), images), note)
            for title, choose, note in _SINGLE
        ],
        "label_errors": _label_errors(logits, labels, fine_names, images),
    }


def _label_errors(logits: Any, labels: Any, fine_names: Sequence[str], images: Any) -> Gallery:
    suspects = suspected_label_errors(logits, labels, fine_names=fine_names)
    accuracy = float((np.asarray(logits).argmax(axis=1) == np.asarray(labels)).mean())
    if not can_doubt_labels(accuracy, len(fine_names)):
        return Gallery(
            "",
            (),
            f"Not shown: this network is right on {accuracy:.0%} of the images, too few to doubt labels. It "
            f"would doubt {len(suspects):,} of {len(labels):,}, most of them for its own mistakes.",
        )
    shots = _shots(suspects.head(SINGLE_IMAGES), images, "given_name", "suggested_name")
    return Gallery("", shots, _label_error_note(len(suspects), accuracy))


def _class_gallery(row: Mapping[Any, Any], table: pd.DataFrame, images: Any) -> ClassGallery:
    own = table[table["true_name"] == row["class"]].head(IMAGES_OF_A_CLASS)
    return ClassGallery(row["class"], row.get("superclass", ""), float(row["error"]), _shots(own, images))


def _shots(
    table: pd.DataFrame, images: Any, true: str = "true_name", predicted: str = "predicted_name"
) -> tuple[Shot, ...]:
    probability = "probability" if "probability" in table else "suggested_probability"
    return tuple(
        Shot(images[row["index"]].numpy(), row[true], row[predicted], row[probability], row["index"])
        for row in table.to_dict("records")
    )


def _label_error_note(count: int, accuracy: float) -> str:
    if not count:
        return "No test image looks mislabelled to this network."
    shown = f"; the {SINGLE_IMAGES} most doubtful are shown" if count > SINGLE_IMAGES else ""
    verb = "looks" if count == 1 else "look"
    return (
        f"{plural(count, 'test image')} {verb} mislabelled to this network, by confident learning{shown}. "
        f"These are suspicions: the network itself is right on {accuracy:.0%} of the images."
    )
