"""The names of the callbacks, as recipes write them."""

from collections.abc import Callable
from typing import Any

from hundred.errors import UsageError, nearest
from hundred.training.callbacks.base import Callback
from hundred.training.callbacks.best_weights import BestWeights
from hundred.training.callbacks.custom import load_custom
from hundred.training.callbacks.early_stopping import EarlyStopping
from hundred.training.callbacks.plateau import ReduceOnPlateau
from hundred.training.callbacks.stop_at import StopAt

CALLBACKS: dict[str, Callable[..., Callback]] = {
    "reduce-on-plateau": ReduceOnPlateau,
    "early-stopping": EarlyStopping,
    "best-weights": BestWeights,
    "stop-at": StopAt,
}


def build_callback(name: str, **options: Any) -> Callback:
    """The callback `name`, one of CALLBACKS or a user's own as "package.module:Class".

    Raises UsageError for a name or option that does not exist.
    """
    if ":" in name:
        return load_custom(name, **options)
    if name not in CALLBACKS:
        raise UsageError(
            f"there is no callback {name!r}{nearest(name, CALLBACKS)}: "
            f"known are {', '.join(CALLBACKS)}, and your own as 'package.module:Class'"
        )
    try:
        return CALLBACKS[name](**options)
    except TypeError as error:
        raise UsageError(f"the callback {name} does not take these options: {error}") from error
