"""What all tables of a recipe share: strict, frozen, without unknown keys; and the types of their values.

The text below a key is its description: `hundred show --explain KEY` and docs/recipe.md show it.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
NotNegative = Annotated[float, Field(ge=0.0)]
Monitor = Literal["val_loss", "val_accuracy", "loss", "accuracy"]
Mode = Literal["auto", "min", "max"]
Range = tuple[float, float]


class Section(BaseModel):
    """A table of a recipe: frozen, without unknown keys, and with types as written (no '3' for 3)."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        validate_default=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
    )
