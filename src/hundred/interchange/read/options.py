"""How a file is opened."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class LoadOptions:
    """How a file is opened, as `load` takes it."""

    scale: str | None = None
    output: str | None = None
    custom_objects: dict[str, Any] = field(default_factory=dict)
    allow_lambda: bool = False
