"""What an opened set of images is in memory: one uint8 tensor of images per split, labels and names."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from torch import Tensor


@dataclass(frozen=True)
class Split:
    """Images with their labels.

    images: uint8 [n, 3, size, size], RGB, 0 to 255.
    fine: int64 [n], class 0 to classes - 1.
    coarse: int64 [n], superclass; 0 where there are none.
    """

    images: Tensor
    fine: Tensor
    coarse: Tensor

    def __len__(self) -> int:
        return len(self.images)

    def take(self, indices: Tensor) -> "Split":
        """The images at `indices` (int64 [m]), in that order, as a copy."""
        return Split(self.images[indices], self.fine[indices], self.coarse[indices])


@dataclass(frozen=True)
class Dataset:
    """A training and a test split with the names of their classes.

    name: `cifar100`, `sample`, or the set's own name; shown beside every figure.
    fine_names: class names in label order; coarse_names: those of superclasses, () where there are none.
    fine_to_coarse: int64 [classes], the superclass of each class, all 0 where there are none.
    digest: SHA-256 (hex) over images and labels, to distinguish sets.
    source: where it was read from, as text; opening that again gives the same.
    validation_indices: int64, which training images the set itself keeps for validation; None leaves that
        to the recipe.
    form: in which form it was found. split: how it is split. notes: what a user should know, one line each.
    variant: which variant of the set it has been made, '' for itself; see `hundred.data.variants`.
    """

    name: str
    train: Split
    test: Split
    fine_names: tuple[str, ...]
    coarse_names: tuple[str, ...]
    fine_to_coarse: Tensor
    digest: str
    source: str
    validation_indices: Tensor | None = None
    form: str = ""
    split: str = "as published"
    notes: tuple[str, ...] = ()
    variant: str = ""

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return len(self.fine_names)

    @property
    def image_size(self) -> int:
        """The side of an image in pixels."""
        return int(self.train.images.shape[-1])

    @property
    def has_superclasses(self) -> bool:
        """Whether classes belong to superclasses."""
        return len(self.coarse_names) > 1

    @property
    def superclass_names(self) -> tuple[str, ...]:
        """One name for each number in `fine_to_coarse`: where there are no superclasses, one without a
        name."""
        return self.coarse_names or ("",)

    @classmethod
    def from_arrays(
        cls,
        train: Any,
        test: Any = None,
        *,
        class_names: Any = None,
        superclasses: Any = None,
        image_size: int = 0,
        fit: str = "crop",
        name: str = "arrays",
    ) -> "Dataset":
        """A set from arrays in memory.

        train, test: (images, labels) each; without `test`, a tenth of each class is drawn for it and another
            for validation. images: [n, h, w, 3] or [n, 3, h, w], or grey [n, h, w], [n, h, w, 1] or
            [n, 1, h, w]; uint8, or float in 0..1 or 0..255. labels: whole numbers [n] or [n, 1], one-hot
            [n, classes], or strings.
        class_names: in label order; default the strings, or the numbers. superclasses: the name of the
            superclass of each class, by class name or in label order.
        image_size, fit: as in a recipe's `[data]` table; 0 keeps square images of 28 pixels or more as they
        are.

        Raises UsageError in one line for arrays that do not fit together.
        """
        # By name: that module makes datasets, and would import this one in a circle.
        made: Dataset = import_module("hundred.data.opening.from_python").dataset_from_arrays(
            train,
            test,
            class_names=class_names,
            superclasses=superclasses,
            image_size=image_size,
            fit=fit,
            name=name,
        )
        return made
