"""Judging trained networks: predictions, figures, tables by class, comparisons, suspected label errors.

Names are imported when first used, so that `import hundred.evaluation` is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hundred.evaluation.changes import class_changes
    from hundred.evaluation.classes import class_table, superclass_table
    from hundred.evaluation.comparison import Comparison, compare
    from hundred.evaluation.confusion import confused_pairs, confusion_matrix, superclass_order
    from hundred.evaluation.contender import Contender
    from hundred.evaluation.cost import cost_table, pareto_front
    from hundred.evaluation.duplicates import near_duplicates
    from hundred.evaluation.images import confident_mistakes, easiest_images, hardest_images, image_table
    from hundred.evaluation.intervals import Summary, summarize, wilson_interval
    from hundred.evaluation.labels import suspected_label_errors
    from hundred.evaluation.learning_rates import RateReading, read_range_test
    from hundred.evaluation.metrics import Metrics, evaluate
    from hundred.evaluation.predict import predict_logits
    from hundred.evaluation.significance import holm, mcnemar, paired_bootstrap, seeds_to_settle
    from hundred.evaluation.tables import tables_to_csv

_HOME = {
    "Comparison": "comparison",
    "Contender": "contender",
    "Metrics": "metrics",
    "RateReading": "learning_rates",
    "Summary": "intervals",
    "class_changes": "changes",
    "class_table": "classes",
    "compare": "comparison",
    "confident_mistakes": "images",
    "confused_pairs": "confusion",
    "confusion_matrix": "confusion",
    "cost_table": "cost",
    "easiest_images": "images",
    "evaluate": "metrics",
    "hardest_images": "images",
    "holm": "significance",
    "image_table": "images",
    "mcnemar": "significance",
    "near_duplicates": "duplicates",
    "paired_bootstrap": "significance",
    "pareto_front": "cost",
    "predict_logits": "predict",
    "read_range_test": "learning_rates",
    "seeds_to_settle": "significance",
    "summarize": "intervals",
    "superclass_order": "confusion",
    "superclass_table": "classes",
    "suspected_label_errors": "labels",
    "tables_to_csv": "tables",
    "wilson_interval": "intervals",
}

__all__ = [
    "Comparison",
    "Contender",
    "Metrics",
    "RateReading",
    "Summary",
    "class_changes",
    "class_table",
    "compare",
    "confident_mistakes",
    "confused_pairs",
    "confusion_matrix",
    "cost_table",
    "easiest_images",
    "evaluate",
    "hardest_images",
    "holm",
    "image_table",
    "mcnemar",
    "near_duplicates",
    "paired_bootstrap",
    "pareto_front",
    "predict_logits",
    "read_range_test",
    "seeds_to_settle",
    "summarize",
    "superclass_order",
    "superclass_table",
    "suspected_label_errors",
    "tables_to_csv",
    "wilson_interval",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
