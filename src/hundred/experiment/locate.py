"""Finding saved models, runs and repeats by name, and the class names that belong to them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hundred.data.names import COARSE_NAMES, FINE_NAMES, FINE_TO_COARSE
from hundred.errors import HundredError, UsageError
from hundred.files import expand_user
from hundred.runs.layout import MODEL, REPORT, is_run
from hundred.runs.run import Run

RUNS = Path("runs")


def place_of(what: str | Path | Run) -> Path:
    """The path that `what` names: as given, or, where there is no such path, in the folder `runs`."""
    if isinstance(what, Run):
        return what.path
    path = expand_user(what)
    if not path.exists() and len(path.parts) == 1 and (RUNS / path).exists():
        return RUNS / path
    return path


def model_file(what: str | Path | Run) -> Path:
    """The model file that `what` is, or that the run of that name holds.

    Raises UsageError where there is neither, HundredError for a run without a saved network.
    """
    path = place_of(what)
    if is_run(path):
        if not (path / MODEL).is_file():
            raise HundredError(f"{path} has no {MODEL}: the run has not saved its network, or not as that")
        return path / MODEL
    if not path.is_file():
        raise UsageError(f"there is no run and no model file {str(what)!r}")
    return path


def page_path(out: str | Path) -> Path:
    """The page that `out` names: a file that ends in .html, or report.html in that folder.

    Raises UsageError for another ending.
    """
    path = expand_user(out)
    if path.is_dir():
        return path / REPORT
    if path.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--out {path}: a page's name ends in .html")
    return path


@dataclass(frozen=True)
class Names:
    """Fine classes with their superclasses. fine_to_coarse: the superclass number of each fine class.

    coarse and fine_to_coarse are empty where a model's classes are in no known superclasses.
    origin: `file`, `cifar100` (assumed for 100 classes, or for 20 as its superclasses, without names) or
    `numbers`.
    """

    fine: tuple[str, ...]
    coarse: tuple[str, ...]
    fine_to_coarse: tuple[int, ...]
    origin: str


def names_for(class_names: Sequence[str] | None, classes: int) -> Names:
    """The names of a model's `classes` outputs: those in its file, else CIFAR-100's for 100 or 20."""
    if class_names is None and classes == len(COARSE_NAMES):
        return Names(COARSE_NAMES, (), (), "cifar100")
    if class_names is None and classes != len(FINE_NAMES):
        return Names(tuple(f"class {number}" for number in range(classes)), (), (), "numbers")
    fine = tuple(class_names) if class_names is not None else FINE_NAMES
    origin = "cifar100" if class_names is None else "file"
    for known, coarse, to_coarse in _known_sets():
        if set(fine) <= set(known):
            of_name = dict(zip(known, to_coarse, strict=True))
            return Names(fine, coarse, tuple(of_name[name] for name in fine), origin)
    return Names(fine, (), (), origin)


def _known_sets() -> Iterator[tuple[tuple[str, ...], tuple[str, ...], tuple[int, ...]]]:
    yield FINE_NAMES, COARSE_NAMES, FINE_TO_COARSE
    yield sample_names()


def sample_names() -> tuple[tuple[str, ...], tuple[str, ...], tuple[int, ...]]:
    """Fine names, superclass names and superclass numbers of the drawn sample set, without drawing it."""
    from hundred.data.sample.draw import SAMPLE_COARSE_NAMES, SAMPLE_FINE_NAMES

    of_shape = {name: number for number, name in enumerate(SAMPLE_COARSE_NAMES)}
    to_coarse = tuple(of_shape[name.partition(" ")[2]] for name in SAMPLE_FINE_NAMES)
    return SAMPLE_FINE_NAMES, SAMPLE_COARSE_NAMES, to_coarse


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an OSError inside into a HundredError that names `path`."""
    try:
        yield
    except OSError as error:
        raise HundredError(f"cannot write {path}: {error.strerror or error}") from None
