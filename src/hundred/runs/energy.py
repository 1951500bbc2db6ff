"""The energy that the processor takes, from its RAPL counters, where the system lets them be read.

Linux shows them as /sys/class/powercap/intel-rapl:N (Intel, and AMD from family 17h on), in microjoules since
some moment, readable by root only on most systems. They count whole processors, with everything else that
runs on them. https://www.kernel.org/doc/html/latest/power/powercap/powercap.html
"""

from contextlib import suppress
from pathlib import Path

POWERCAP = Path("/sys/class/powercap")


class EnergyMeter:
    """Adds up the joules of all processor packages since it was made. A counter that has wrapped around
    counts once more, so `update` must be called more often than that happens (some tens of minutes)."""

    def __init__(self, root: Path = POWERCAP) -> None:
        """Finds the packages; `joules` stays None where none can be read."""
        self._ranges: dict[Path, int] = {}
        self._last: dict[Path, int] = {}
        self.joules: float | None = None
        for zone in sorted(root.glob("intel-rapl:*")):
            if ":" in zone.name.removeprefix("intel-rapl:"):
                continue  # a part of a package, which the package counts already
            with suppress(OSError, ValueError):
                self._last[zone] = _read(zone / "energy_uj")
                self._ranges[zone] = _read(zone / "max_energy_range_uj")
                self.joules = 0.0

    def update(self) -> None:
        """Read the counters."""
        for zone, before in self._last.items():
            with suppress(OSError, ValueError):
                now = _read(zone / "energy_uj")
                spent = now - before + (self._ranges.get(zone, 0) if now < before else 0)
                self._last[zone] = now
                self.joules = (self.joules or 0.0) + spent / 1e6


def _read(file: Path) -> int:
    return int(file.read_text(encoding="ascii"))
