"""Do Hundred's files open in other Kerases, and do theirs open in Hundred? Each in an environment of its own.

    python tests/compat/run.py [--folder DIR] [--only WORD ...] [--models N] [--python PATH ...] [--fresh]

Installs each version of `VERSIONS` that the package index has for the Pythons at hand, which takes minutes
and gigabytes the first time and is kept in the folder. Then every built-in network and every small network of
`tests/interchange/networks.py` is written as .h5 (and .keras, for Keras 3), opened and run there; so are
random models and those of `user_models.py`, once Hundred has read them from the Keras at hand. And random
models and those of `user_models.py`, saved there, are read here. Exits with 1 if anything disagrees.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
os.environ.setdefault("KERAS_BACKEND", "torch")

from compat import random_models, user_models  # noqa: E402
from interchange import networks  # noqa: E402
from interchange.references import MEAN, STD, References  # noqa: E402

from hundred import models  # noqa: E402
from hundred.errors import HundredError  # noqa: E402
from hundred.interchange.read.layers.images import PadAvgPool2d  # noqa: E402
from hundred.interchange.read.load import load  # noqa: E402
from hundred.interchange.read.model import Model  # noqa: E402
from hundred.interchange.write.save import save_h5, save_keras  # noqa: E402


def say(text: str) -> None:
    """Print at once: a run takes an hour."""
    sys.stdout.write(text)
    sys.stdout.flush()


@dataclass(frozen=True)
class Version:
    """What to install. `borrows_torch`: Keras 3 on the torch that runs this script."""

    name: str
    packages: tuple[str, ...]
    borrows_torch: bool = False
    keras_3: bool = True


def _tensorflow(version: str) -> Version:
    keras_3 = int(version.split(".")[1]) >= 16
    more = () if keras_3 else ("numpy<2", "protobuf<5" if version != "2.10" else "protobuf<3.20")
    return Version(f"tensorflow-{version}", (f"tensorflow-cpu=={version}.*", *more), keras_3=keras_3)


VERSIONS = [
    *(_tensorflow(version) for version in ("2.10", "2.11", "2.12", "2.13", "2.14", "2.15", "2.18")),
    *(
        Version(f"keras-3.{minor}", (f"keras==3.{minor}.*",), borrows_torch=True)
        for minor in (0, 1, 2, 3, 4, 6, 8, 10, 12, 14)
    ),
    Version("keras-newest", ("keras",), borrows_torch=True),
]
#: What no file of Hundred can change, by words in a file's name. GroupNormalization came with Keras 2.11. On
#: torch, Keras counts repeated edges in means under uneven padding; before 3.10 it resizes bilinearly with
#: torchvision alone, and mistakes rows for columns in the padding of pools that are not square.
EDGE_MEANS, BILINEAR, OBLONG_POOLS = "_edge_means", "_bilinear", "_oblong_pools"
_BEFORE_3_10 = (EDGE_MEANS, BILINEAR, OBLONG_POOLS, "upsampling")
KNOWN = {
    "tensorflow-2.10": ("group_norm", "functions_with_weights"),
    **dict.fromkeys([f"keras-3.{minor}" for minor in (0, 1, 2, 3, 4, 6, 8)], _BEFORE_3_10),
    **dict.fromkeys(["keras-3.10", "keras-3.12", "keras-3.14", "keras-newest"], (EDGE_MEANS,)),
}


def environment(version: Version, folder: Path, pythons: list[str]) -> Path | None:
    """The Python of an environment with `version`, made if it is not there; None where none can be had."""
    place = folder / version.name
    python = place / "bin" / "python"
    if (place / "complete").exists():
        return python
    for interpreter in pythons:
        shutil.rmtree(place, ignore_errors=True)
        if interpreter == sys.executable:
            venv.create(place, with_pip=True)
        else:
            subprocess.run([interpreter, "-m", "venv", place], check=True)
        install = [
            python,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            *version.packages,
        ]
        if subprocess.run(install, check=False, stderr=subprocess.DEVNULL).returncode:
            continue
        if version.borrows_torch:
            site = next(place.glob("lib/python*/site-packages"))
            # Read after the environment's own packages, so that its Keras wins.
            (site / "zz_borrowed.pth").write_text(str(Path(torch.__file__).parents[1]))
        (place / "complete").touch()
        return python
    shutil.rmtree(place, ignore_errors=True)
    return None


def write_ours(folder: Path) -> list[str]:
    """Every built-in and test network as .h5 and .keras with images and logits beside it; the names."""
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    names = []
    for name in [*networks.NETWORKS, *models.names()]:
        network: nn.Module = (
            networks.build(name) if name in networks.NETWORKS else networks.shaken(models.build(name))
        )
        expected = References().torch(network, pixels)
        ends = name == "ends in a softmax"
        for suffix, save in (("h5", save_h5), ("keras", save_keras)):
            path = folder / f"{name.replace(' ', '_')}.{suffix}"
            save(path, network, mean=MEAN, std=STD, class_names=None, softmax=ends)
            np.savez(
                f"{path}.npz",
                images=pixels.astype(np.float32),
                expected=expected,
                parameters=load(path).parameters,
            )
        names.append(name.replace(" ", "_"))
    return names


def _marks(network: nn.Module) -> str:
    """The words of `KNOWN` that a network's files shall have in their names."""
    found = set()
    for layer in network.modules():
        if isinstance(layer, PadAvgPool2d) and any(side % 2 == 0 for side in layer.kernel_size):
            found.add(EDGE_MEANS)
        if isinstance(layer, nn.Upsample) and layer.mode == "bilinear":
            found.add(BILINEAR)
        if (
            isinstance(layer, nn.MaxPool2d)
            and isinstance(layer.padding, tuple)
            and len(set(layer.padding)) > 1
        ):
            found.add(OBLONG_POOLS)
    return "".join(sorted(found))


def write_again(folder: Path, random: int) -> list[str]:
    """Write `random` random models and those of `user_models.py`, read from the Keras at hand; the names."""
    names = []
    with References().keras() as keras:
        makers = {f"random_{seed}": partial(random_models.build, seed=seed) for seed in range(random)}
        for number, (name, make) in enumerate({**makers, **user_models.MODELS}.items()):
            made = make(keras)
            random_models.shake(made, number)
            made.save(folder / "theirs.keras")
            model = load(folder / "theirs.keras")
            if not isinstance(model, Model) or model.input_shape[2] != 3:
                continue
            pixels = np.random.default_rng(number).integers(0, 256, (2, *model.input_shape), dtype=np.uint8)
            written = f"again_{name}{_marks(model.network)}"
            settings = {"mean": [0] * 3, "std": [1] * 3, "class_names": None, "softmax": model.softmax}
            for suffix, save in (("h5", save_h5), ("keras", save_keras)):
                path = folder / f"{written}.{suffix}"
                save(path, model.network, image_size=model.input_shape[:2], **settings)
                again = load(path)
                np.savez(
                    f"{path}.npz",
                    images=pixels.astype(np.float32),
                    expected=model.predict_images(pixels),
                    parameters=again.parameters,
                )
            names.append(written)
    return names


def _script(python: Path, name: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a script of this folder in another environment, which chooses the backend of its Keras itself."""
    environ = {key: value for key, value in os.environ.items() if key != "KERAS_BACKEND"}
    command = [python, HERE / name, *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environ)


def check_ours(version: Version, python: Path, folder: Path, names: list[str]) -> bool:
    """Whether this Keras opens what Hundred wrote and agrees."""
    suffixes = ("h5", "keras") if version.keras_3 else ("h5",)
    files = [f"{folder}/{name}.{suffix}" for name in names for suffix in suffixes]
    known = KNOWN.get(version.name, ())
    files = [file for file in files if not any(word in Path(file).stem for word in known)]
    done = _script(python, "check_keras_file.py", *files)
    lines = done.stdout.splitlines()
    good = sum(line.startswith("ok ") for line in lines)
    which = lines[0] if lines else done.stderr[-300:]
    say(f"{version.name} ({which}): {good} of {len(files)} of our files agree\n")
    for line in lines:
        if line.startswith("FAILED"):
            say(f"  {line}\n")
    return good == len(files)


def check_theirs(version: Version, python: Path, count: int) -> bool:
    """Whether Hundred reads what this Keras saves, natively, and agrees."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        done = _script(python, "write_keras_files.py", str(folder), str(count))
        files = sorted(path.with_suffix("") for path in folder.glob("*.npz"))
        wrong = [line for line in map(_disagreement, files) if line]
        good = len(files) - len(wrong)
        say(f"{version.name}: {good} of {len(files)} of its files are read natively and agree\n")
        beyond = [
            line for line in done.stderr.splitlines() if " is not saved: " in line or " be made: " in line
        ]
        for line in [*wrong, *beyond]:
            say(f"  {line[:200]}\n")
    return bool(files) and not wrong


def _disagreement(path: Path) -> str | None:
    with np.load(f"{path}.npz") as beside:
        images, expected, parameters = beside["images"], beside["expected"], int(beside["parameters"])
    try:
        model = load(path)
    except HundredError as error:
        return str(error)
    difference = float(np.abs(model.predict(images) - expected).max())
    tolerance = 1e-2 if "half" in path.name else 1e-4
    close = difference < tolerance * max(1, float(np.abs(expected).max()))
    if isinstance(model, Model) and close and model.parameters == parameters:
        return None
    counts = f"{model.parameters} of {parameters} parameters"
    return f"{path.name}: {model.origin}, differs by {difference:.1e}, {counts}"


def _chosen(words: list[str]) -> list[Version]:
    """The versions whose names hold one of `words`, in the order of these."""
    chosen = {version.name: version for word in words for version in VERSIONS if word in version.name}
    return list(chosen.values())


def main() -> int:
    """Run over all versions; 0 if all agree."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "hundred-compat")
    parser.add_argument("--only", action="append", help="versions whose name contains this, in this order")
    parser.add_argument("--models", type=int, default=40, help="how many random models each way")
    parser.add_argument("--python", action="append", default=[], help="another Python, for old versions")
    parser.add_argument("--fresh", action="store_true", help="make the environments anew")
    arguments = parser.parse_args()
    if arguments.fresh:
        shutil.rmtree(arguments.folder, ignore_errors=True)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    good, tried = True, 0
    with tempfile.TemporaryDirectory() as name:
        written = write_ours(Path(name)) + write_again(Path(name), arguments.models)
        for version in _chosen(arguments.only or [""]):
            python = environment(version, arguments.folder, [sys.executable, *arguments.python])
            if python is None:
                say(f"{version.name}: the index has none for these Pythons\n")
                continue
            tried += 1
            good &= check_ours(version, python, Path(name), written)
            if not version.borrows_torch:  # old Kerases on torch misread their own models
                good &= check_theirs(version, python, arguments.models)
    say(f"{tried} versions tried: {'all agree' if good and tried else 'NOT all agree'}\n")
    return 0 if good and tried else 1


if __name__ == "__main__":
    sys.exit(main())
