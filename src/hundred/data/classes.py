"""The classes of a set of any kind: their names in order, their superclasses, and CIFAR-100's known again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hundred.data.formats.folder_layout import spelling
from hundred.data.names import COARSE_NAMES, FINE_NAMES, FINE_TO_COARSE, plain_name
from hundred.errors import HundredError


@dataclass(frozen=True)
class ClassNames:
    """Class names in label order.

    coarse: superclass names, () where there are none. to_coarse: the superclass of each class (0 without).
    notes: one line each.
    """

    fine: tuple[str, ...]
    coarse: tuple[str, ...] = ()
    to_coarse: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    _numbers: Mapping[tuple[str, str], tuple[int, int]] = field(default_factory=dict, repr=False)

    def labels(self, name: str, superclass: str = "") -> tuple[int, int]:
        """Class and superclass number of an image labelled `name` within `superclass`."""
        return self._numbers[_key(name, superclass)]


def name_classes(splits: Mapping[str, Sequence[tuple[str, str]]], what: str) -> ClassNames:
    """Number the classes that the splits have, each given as (name, superclass or "").

    Names that are all whole numbers are ordered as numbers, others as text. A hundred names that are
    CIFAR-100's in any spelling get its numbers and superclasses. Training names decide the spelling.

    Raises HundredError, beginning with `what`, for a class that is in a test or validation split alone, and
    for a single class.
    """
    order = sorted(splits, key=lambda split: split not in ("train", "all"))
    spelled: dict[tuple[str, str], tuple[str, str]] = {}
    for split in order:
        for name, superclass in splits[split]:
            key = _key(name, superclass)
            if key not in spelled and split in ("test", "validation") and "train" in splits:
                raise HundredError(
                    f"{what}: class {name!r} is in {split} but not in train: add it there, or remove it"
                )
            spelled.setdefault(key, (name, superclass))
    if len(spelled) < 2:
        raise HundredError(
            f"{what} has one class, {next(iter(spelled.values()))[0]!r}: at least two are needed"
        )
    cifar = _as_cifar100(spelled)
    if cifar is not None:
        return cifar
    return _numbered(spelled)


def _numbered(spelled: Mapping[tuple[str, str], tuple[str, str]]) -> ClassNames:
    names = [name for name, _ in spelled.values()]
    twice = {name for name in names if names.count(name) > 1}
    shown = {
        key: f"{superclass}/{name}" if name in twice else name for key, (name, superclass) in spelled.items()
    }
    numeric = all(name.removeprefix("-").isdecimal() for name in shown.values())
    keys = sorted(shown, key=lambda key: (int(shown[key]), "") if numeric else (0, shown[key]))
    coarse = tuple(sorted({superclass for _, superclass in spelled.values() if superclass}))
    to_coarse = tuple(coarse.index(spelled[key][1]) if coarse else 0 for key in keys)
    numbers = {key: (number, to_coarse[number]) for number, key in enumerate(keys)}
    return ClassNames(tuple(shown[key] for key in keys), coarse, to_coarse, _nearly_cifar100(names), numbers)


def _as_cifar100(spelled: Mapping[tuple[str, str], tuple[str, str]]) -> ClassNames | None:
    known = {plain_name(name): number for number, name in enumerate(FINE_NAMES)}
    known_coarse = {plain_name(name): number for number, name in enumerate(COARSE_NAMES)}
    plain = {key: plain_name(name) for key, (name, _) in spelled.items()}
    if set(plain.values()) != set(known) or len(plain) != len(known):
        return None
    numbers = {}
    for key, (_, superclass) in spelled.items():
        fine = known[plain[key]]
        if superclass and plain_name(superclass) not in known_coarse:
            return None
        # The folder around a class is believed; a check says where it is not CIFAR-100's.
        coarse = known_coarse[plain_name(superclass)] if superclass else FINE_TO_COARSE[fine]
        numbers[key] = (fine, coarse)
    return ClassNames(FINE_NAMES, COARSE_NAMES, FINE_TO_COARSE, (), numbers)


def _nearly_cifar100(names: Sequence[str]) -> tuple[str, ...]:
    """A note where a set seems meant to be CIFAR-100 and is not."""
    known = {plain_name(name): name for name in FINE_NAMES}
    plain = {plain_name(name): name for name in names}
    missing, other = sorted(set(known) - set(plain)), sorted(set(plain) - set(known))
    if not (missing or other) or len(missing) > 10 or len(other) > 10:
        return ()
    parts = [f"lacks {', '.join(known[name] for name in missing)}"] * bool(missing)
    parts += [f"has {', '.join(plain[name] for name in other)}"] * bool(other)
    return (f"this is not CIFAR-100: it {' and '.join(parts)}; its superclasses are not used",)


def _key(name: str, superclass: str) -> tuple[str, str]:
    return spelling(superclass), spelling(name)
