"""Checks of network options; each raises UsageError in one line."""

from collections.abc import Collection, Sequence

from hundred.errors import UsageError, nearest


def at_least(least: int, **value: int) -> None:
    """Refuse values below `least`, as in `at_least(1, width=width)`."""
    for name, number in value.items():
        if number < least:
            raise UsageError(f"model option {name} must be {least} or more, not {number}")


def dropout_rate(**value: float) -> None:
    """Refuse rates outside 0 <= rate < 1, as in `dropout_rate(dropout=dropout)`. Refuses NaN too."""
    for name, rate in value.items():
        if not 0 <= rate < 1:
            raise UsageError(
                f"model option {name} is a fraction from 0 up to but not including 1, not {rate}"
            )


def one_of(allowed: Sequence[object], **value: object) -> None:
    """Refuse values that are not among `allowed`, as in `one_of(range(1, 8), upsample=upsample)`."""
    for name, given in value.items():
        if given not in allowed:
            known = ", ".join(str(choice) for choice in allowed)
            raise UsageError(f"model option {name} must be one of {known}, not {given!r}")


def unknown_option(model: str, option: str, known: Collection[str]) -> UsageError:
    """What to raise for an `option` that `model` has not: the nearest that it has, and all of them."""
    hint = nearest(option, known) or "."
    takes = f"it takes {', '.join(known)}" if known else "it takes none"
    return UsageError(f"model {model} has no option {option!r}{hint} Options: {takes}")


def flattened_side(name: str, image_size: int, side: int) -> int:
    """`side`, of the features that a network flattens. Raises UsageError where nothing is left of an
    image."""
    if side < 1:
        raise UsageError(
            f"{name} leaves nothing of images of {image_size}x{image_size}: choose a larger "
            f"data.image_size, or "
            "another network such as resnet18"
        )
    return side
