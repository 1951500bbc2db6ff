"""Callbacks: what looks at each epoch and acts (cuts the learning rate, stops, restores the best weights)."""

from hundred.training.callbacks.base import Callback
from hundred.training.callbacks.best_weights import BestWeights
from hundred.training.callbacks.custom import CustomCallback, load_custom
from hundred.training.callbacks.early_stopping import EarlyStopping
from hundred.training.callbacks.monitor import Monitor, check_monitors, validate_monitor
from hundred.training.callbacks.plateau import ReduceOnPlateau
from hundred.training.callbacks.registry import CALLBACKS, build_callback
from hundred.training.callbacks.stop_at import StopAt

__all__ = [
    "CALLBACKS",
    "BestWeights",
    "Callback",
    "CustomCallback",
    "EarlyStopping",
    "Monitor",
    "ReduceOnPlateau",
    "StopAt",
    "build_callback",
    "check_monitors",
    "load_custom",
    "validate_monitor",
]
