"""Layer rows grouped into stages, and in each a few boxes, as in a paper's diagram.

An activation joins the layer before it, repeated blocks of a stage become one box, and a stage ends where
the picture shrinks. Both the drawn diagram and the page's use it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from hundred.formatting import plural

if TYPE_CHECKING:
    from hundred.models.summary import LayerRow

Shape = tuple[int, ...] | None

ACTIVATIONS = frozenset(
    [
        "ReLU",
        "ReLU6",
        "LeakyReLU",
        "PReLU",
        "ELU",
        "SELU",
        "GELU",
        "SiLU",
        "Mish",
        "Hardswish",
        "Tanh",
        "Sigmoid",
    ]
)
_MOST_BOXES = 9
# The part of a dotted path that names a repeated block: up to its last numbered component that holds others
# (stages.0.1 of stages.0.1.conv1), or Keras' conv2_block1.
_NUMBERED = re.compile(r"^((?:.*\.)?\d+)\.")
_KERAS_BLOCK = re.compile(r"^(.+block\d+)_[^.]*$")


@dataclass(frozen=True)
class Box:
    """One box of the diagram.

    title: what it is, such as `Conv2d + ReLU` or `3 blocks`. detail: what several layers are, or ''.
    family: `convolution`, `dense`, `norm`, `pool`, `dropout`, `block` or `other`, for its colour.
    output_shape: without the batch; None where it is not known. parameters: of all its layers.
    """

    title: str
    detail: str
    family: str
    output_shape: Shape
    parameters: int


@dataclass(frozen=True)
class FoldedRow:
    """A block, or a layer with its activation, with the fields of a layer row."""

    name: str
    kind: str
    output_shape: Shape
    parameters: int


@dataclass(frozen=True)
class Stage:
    """Boxes that work at one image size, with their parameters together."""

    title: str
    boxes: tuple[Box, ...]

    @property
    def parameters(self) -> int:
        """The parameters of all boxes."""
        return sum(box.parameters for box in self.boxes)


def stages(rows: Sequence["LayerRow"]) -> list[Stage]:
    """The stages of a network from its layer rows (`hundred.models.summary.summarize`), in forward order."""
    groups = _by_size(_pieces(rows))
    titles = _titles(groups)
    return [Stage(title, tuple(_boxes(group))) for title, group in zip(titles, groups, strict=True)]


def folded(rows: Sequence["LayerRow"]) -> list["FoldedRow"]:
    """The layers with each repeated block as one row, for the table of a deep network."""
    return [
        FoldedRow(piece.key, _kinds(piece.rows), piece.shape, _cost(piece.rows))
        if piece.key
        else FoldedRow(
            piece.rows[0].name, " + ".join(row.kind for row in piece.rows), piece.shape, _cost(piece.rows)
        )
        for piece in _pieces(rows)
    ]


def shape_text(shape: Shape) -> str:
    """A shape as `128 × 28 × 28` (channels, height, width); a dash where it is not known."""
    return " × ".join(f"{side:,}" for side in shape) if shape else "–"


@dataclass(frozen=True)
class _Piece:
    """Rows drawn as one box: a repeated block with its key, or one layer with its activation (key '')."""

    key: str
    rows: tuple["LayerRow", ...]

    @property
    def shape(self) -> Shape:
        return next((row.output_shape for row in reversed(self.rows) if row.output_shape), None)


def _pieces(rows: Iterable["LayerRow"]) -> list[_Piece]:
    pieces: list[_Piece] = []
    for key, members in groupby(rows, key=lambda row: _block(row.name)):
        if key:
            pieces.append(_Piece(key, tuple(members)))
            continue
        for row in members:
            if row.kind in ACTIVATIONS and pieces and not pieces[-1].key:
                pieces[-1] = _Piece("", (*pieces[-1].rows, row))
            else:
                pieces.append(_Piece("", (row,)))
    return pieces


def _block(name: str) -> str:
    match = _KERAS_BLOCK.match(name) or _NUMBERED.match(name)
    return match[1] if match else ""


def _by_size(pieces: list[_Piece]) -> list[list[_Piece]]:
    """Cut before weights or a block that follow a pooling, at another size, and before the head."""
    groups: list[list[_Piece]] = []
    for piece in pieces:
        if not groups or _starts_stage(groups[-1], piece):
            groups.append([])
        groups[-1].append(piece)
    return groups


def _starts_stage(group: list[_Piece], piece: _Piece) -> bool:
    before = group[-1]
    if bool(piece.key) != bool(before.key):
        return len(group) > 0 and not _is_trailing(piece)
    if piece.key:
        return piece.shape != before.shape
    became_flat = piece.shape is not None and len(piece.shape) == 1
    if became_flat and before.shape is not None and len(before.shape) != 1:
        return not any(_family(row.kind) == "pool" and "Adaptive" in row.kind for row in before.rows)
    weighted = _family(piece.rows[0].kind) in ("convolution", "dense")
    pooled = any(_family(row.kind) == "pool" for earlier in group for row in earlier.rows)
    return weighted and pooled and not became_flat


def _is_trailing(piece: _Piece) -> bool:
    return False if piece.key else _family(piece.rows[0].kind) == "dropout"


def _boxes(group: list[_Piece]) -> list[Box]:
    if group[0].key:
        blocks = sum(1 for piece in group if piece.key)
        rows = [row for piece in group for row in piece.rows]
        return [Box(plural(blocks, "block"), _kinds(rows), "block", group[-1].shape, _cost(rows))]
    if len(group) > _MOST_BOXES:
        rows = [row for piece in group for row in piece.rows]
        return [Box(plural(len(rows), "layer"), _kinds(rows), "block", group[-1].shape, _cost(rows))]
    return [
        Box(
            " + ".join(row.kind for row in piece.rows),
            "",
            _family(piece.rows[0].kind),
            piece.shape,
            _cost(piece.rows),
        )
        for piece in group
    ]


def _titles(groups: list[list[_Piece]]) -> list[str]:
    titles, number = [], 0
    for index, group in enumerate(groups):
        flat = group[-1].shape is not None and len(group[-1].shape) == 1
        any_blocks = any(piece.key for other in groups for piece in other)
        if flat and index == len(groups) - 1 and index:
            titles.append("Head")
        elif any_blocks and index == 0 and not group[0].key:
            titles.append("Stem")
        else:
            number += 1
            titles.append(f"Stage {number}")
    return titles


def _family(kind: str) -> str:
    for part, family in (
        ("Conv", "convolution"),
        ("Linear", "dense"),
        ("Norm", "norm"),
        ("Pool", "pool"),
        ("Drop", "dropout"),
    ):
        if part in kind:
            return family
    return "other"


def _kinds(rows: Sequence["LayerRow"]) -> str:
    counts = Counter(row.kind for row in rows)
    return ", ".join(f"{count} {kind}" for kind, count in counts.most_common())


def _cost(rows: Iterable["LayerRow"]) -> int:
    return sum(row.parameters for row in rows)
