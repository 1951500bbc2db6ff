"""Choose exact versions anew, with the hashes of their files: `make lock`, in an environment with pip-tools.

Torch stands apart, in torch.txt: each index has other builds of one version (CPU, CUDA, ROCm), whose hashes
cannot all be known. Everything else is installed by hash, or not at all.
"""

import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
COMPILE = (
    *(sys.executable, "-m", "piptools", "compile", "-q", "--strip-extras", "--allow-unsafe"),
    *("--no-emit-find-links", "--no-emit-index-url", "--no-header", "--no-annotate"),
)
HASHED = {"dev": ("--extra", "dev", "pyproject.toml"), "bench": ("requirements/bench.in",)}
# Of everything that developers have, what a person needs who only uses Hundred.
PARTS = {"run": ("--extra", "transfer", "pyproject.toml")}
HEAD = "# Written by `make lock`. Torch comes from torch.txt.\n"


def main() -> None:
    chosen = blocks(compiled(HASHED["dev"], "torch.txt", "--generate-hashes"))
    write("dev", chosen)
    pins = HERE / "pins.tmp"
    # TensorFlow wants an older h5py than the rest may have.
    fixed = [pin for package, (pin, _) in chosen.items() if package != "h5py"]
    pins.write_text("\n".join([*fixed, (HERE / "torch.txt").read_text()]))
    try:
        for name, source in PARTS.items():
            wanted = blocks(compiled(source, pins.name))
            write(name, {package: chosen[package] for package in wanted})
        more = blocks(compiled(HASHED["bench"], pins.name, "--generate-hashes"))
        write("bench", {package: block for package, block in more.items() if chosen.get(package) != block})
    finally:
        pins.unlink()


def compiled(source: tuple[str, ...], constraints: str, *options: str) -> str:
    """What pip-compile writes for `source`, with the versions that `constraints` fixes."""
    output = HERE / "output.tmp"
    try:
        command = [*COMPILE, *options, "-c", str(HERE / constraints), "-o", str(output), *source]
        subprocess.run(command, check=True, cwd=HERE.parent)  # noqa: S603 (its own words)
        return output.read_text()
    finally:
        output.unlink(missing_ok=True)


def blocks(text: str) -> dict[str, tuple[str, str]]:
    """(pin, lines with its hashes) of each package in `text` but torch."""
    found = re.findall(r"^(([\w.-]+)==\S+)((?:.*\\\n)*.*)$", text, re.MULTILINE)
    return {name: (pin, pin + rest) for pin, name, rest in found if name != "torch"}


def write(name: str, chosen: dict[str, tuple[str, str]]) -> None:
    """requirements/NAME.txt, by package."""
    lines = [chosen[package][1] for package in sorted(chosen)]
    (HERE / f"{name}.txt").write_text(HEAD + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
