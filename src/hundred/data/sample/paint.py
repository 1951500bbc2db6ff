"""How a silhouette of the sample set becomes a picture: pose, pattern, colours, light, clutter, noise.

Shapes: n pictures, planes float32 [n, 32, 32], one random figure a picture float32 [n, 1, 1]. Only arithmetic
that IEEE 754 defines to the last bit is used (no sine, no exponential), see `sample.py`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hundred.data.sample.shapes import Plane, Silhouette

SIZE = 32
Colour = NDArray[Any]  # float32 [n, 3, 1, 1], 0 to 1


class SampleRng:
    """Random figures from PCG64's raw stream."""

    def __init__(self, seed: int) -> None:
        self._bits = np.random.PCG64(seed)

    def unit(self, count: int) -> NDArray[np.float64]:
        """float64 [count], uniform in [0, 1)."""
        raw: NDArray[np.uint64] = self._bits.random_raw(count)
        return (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def between(self, low: float, high: float, count: int) -> Plane:
        """float32 [count, 1, 1], uniform between `low` and `high`."""
        return (low + (high - low) * self.unit(count)).astype(np.float32)[:, None, None]

    def happens(self, share: float, count: int) -> NDArray[np.bool_]:
        """bool [count, 1, 1], true in about `share` of them."""
        return (self.unit(count) < share)[:, None, None]

    def order(self, count: int) -> NDArray[np.intp]:
        """A random order of `count` things."""
        return np.argsort(self._bits.random_raw(count), kind="stable")

    def noise(self, *shape: int) -> NDArray[Any]:
        """float32 of `shape`, triangular between -1 and 1 (the sum of two random bytes)."""
        count = int(np.prod(shape))
        raw = self._bits.random_raw((2 * count + 7) // 8).astype("<u8").view(np.uint8)
        total = raw[:count].astype(np.int16) + raw[count : 2 * count]
        return ((total - 255).astype(np.float32) * np.float32(1 / 255)).reshape(shape)


@dataclass(frozen=True)
class Pose:
    """Where the drawing sits: u, v [n, 32, 32], its own coordinates; pixels [n, 1, 1], its unit in pixels."""

    u: Plane
    v: Plane
    pixels: Plane


def wave(turns: Plane) -> Plane:
    """A sine-like wave of `turns`, period 1, between -1 and 1, made of parabolas."""
    t = turns - np.floor(turns)  # 0 to 1
    half = t - np.float32(0.5)
    return half * (np.abs(half) * 16 - 8)


def direction(turns: Plane) -> tuple[Plane, Plane]:
    """The unit vector (x, y) at an angle of `turns`, to within the error of `wave`, exactly of length 1."""
    x, y = wave(turns + np.float32(0.25)), wave(turns)
    length = np.sqrt(x * x + y * y)
    return x / length, y / length


def pixel_grid() -> tuple[Plane, Plane]:
    """x (right) and y (up) of each pixel's centre, float32 [1, 32, 32], -1 to 1."""
    at = ((np.arange(SIZE) + 0.5) / (SIZE / 2) - 1.0).astype(np.float32)
    x = np.broadcast_to(at[None, None, :], (1, SIZE, SIZE))
    y = np.broadcast_to(-at[None, :, None], (1, SIZE, SIZE))
    return x, y


def place(draws: SampleRng, n: int) -> Pose:
    """Random position, size, angle, stretch and mirror image, and a slight bend of every line."""
    x, y = pixel_grid()
    scale = draws.between(0.5, 0.85, n)
    room = np.float32(1.05) - scale
    x = x - draws.between(-1, 1, n) * room
    y = y - draws.between(-1, 1, n) * room
    cos, sin = direction(draws.between(-0.085, 0.085, n))  # up to 30 degrees to either side
    stretch = draws.between(0.85, 1.18, n)
    u = (cos * x + sin * y) / (scale * stretch)
    v = (cos * y - sin * x) / scale * stretch
    u = np.where(draws.happens(0.5, n), -u, u)
    bend = draws.between(0.02, 0.09, n)
    u, v = (
        u + bend * wave(v * 0.4 + draws.between(0, 1, n)),
        v + bend * wave(u * 0.4 + draws.between(0, 1, n)),
    )
    return Pose(u, v, scale * (SIZE / 2))


def pattern_plane(kind: NDArray[np.intp], pose: Pose, draws: SampleRng) -> Plane:
    """How much of the second colour is where, 0 to 1, [n, 32, 32]. kind [n]: index into PATTERNS."""
    n = len(kind)
    cos, sin = direction(draws.between(0, 1, n))
    frequency = pose.pixels / draws.between(4.6, 6.2, n)  # periods a unit; a period is 4.6 to 6.2 pixels
    a = (cos * pose.u + sin * pose.v) * frequency + draws.between(0, 1, n)
    b = (cos * pose.v - sin * pose.u) * frequency + draws.between(0, 1, n)
    result = np.empty_like(a)
    for number, draw in enumerate((_checkered, _plain, _ringed, _spotted, _striped)):
        mine = kind == number
        result[mine] = draw(a[mine], b[mine])
    return result


def _edge(value: Plane) -> Plane:
    return np.clip(value * np.float32(1.6) + np.float32(0.5), 0, 1)


def _checkered(a: Plane, b: Plane) -> Plane:
    return _edge(wave(a * 0.75) * wave(b * 0.75) * 2)


def _plain(a: Plane, _: Plane) -> Plane:
    return np.zeros_like(a)


def _ringed(a: Plane, b: Plane) -> Plane:
    a, b = a - np.floor(a[:, 16:17, 16:17]), b - np.floor(b[:, 16:17, 16:17])
    return _edge(wave(np.sqrt(a * a + b * b)))


def _spotted(a: Plane, b: Plane) -> Plane:
    a, b = a - np.floor(a) - np.float32(0.5), b - np.floor(b) - np.float32(0.5)
    return _edge((np.float32(0.31) - np.sqrt(a * a + b * b)) * 4)


def _striped(a: Plane, _: Plane) -> Plane:
    return _edge(wave(a))


def colour(hue: Plane, saturation: Plane, value: Plane) -> Colour:
    """Red, green, blue [n, 3, 1, 1] of hue (in turns), saturation and value [n, 1, 1]."""
    parts = []
    for shift in (0.0, 2 / 3, 1 / 3):
        t = hue + np.float32(shift)
        t = t - np.floor(t)
        ramp = np.clip(np.abs(t * 6 - 3) - 1, 0, 1)
        parts.append(value * (1 - saturation * (1 - ramp)))
    return np.stack(parts, axis=1)


def mix(below: NDArray[Any], above: NDArray[Any], share: Plane) -> NDArray[Any]:
    """`above` laid over `below` (both broadcast to [n, 3, 32, 32]) where `share` [n, 32, 32] is 1."""
    return below + (above - below) * share[:, None]


def backdrop(draws: SampleRng, n: int) -> NDArray[Any]:
    """Backgrounds [n, 3, 32, 32]: a slope between two colours, soft waves, and in half of them a pattern."""
    x, y = pixel_grid()
    hue = draws.between(0, 1, n)
    first = colour(hue, draws.between(0.1, 0.65, n), draws.between(0.25, 0.95, n))
    second = colour(
        hue + draws.between(-0.2, 0.2, n), draws.between(0.1, 0.65, n), draws.between(0.25, 0.95, n)
    )
    cos, sin = direction(draws.between(0, 1, n))
    slope = (cos * x + sin * y) * np.float32(0.45) + np.float32(0.5)
    rough = wave(x * draws.between(0.3, 1.2, n) + y * draws.between(-1.2, 1.2, n) + draws.between(0, 1, n))
    rough = rough + wave(
        y * draws.between(0.3, 1.4, n) - x * draws.between(-1, 1, n) + draws.between(0, 1, n)
    )
    share = slope + rough * draws.between(0.0, 0.2, n)
    unit = np.ones((n, 1, 1), np.float32)
    pose = Pose(x * unit, y * unit, unit * (SIZE // 2))
    decoy = pattern_plane((draws.unit(n) * 5).astype(np.intp), pose, draws)
    share = share + (decoy - np.float32(0.5)) * np.where(
        draws.happens(0.5, n), draws.between(0.15, 0.5, n), 0
    )
    return mix(first, second, np.clip(share, 0, 1))


def in_front(picture: NDArray[Any], draws: SampleRng) -> NDArray[Any]:
    """Lay a bar or a disc of a random colour over half of the pictures [n, 3, 32, 32]."""
    n = len(picture)
    x, y = pixel_grid()
    x, y = x - draws.between(-0.7, 0.7, n), y - draws.between(-0.7, 0.7, n)
    cos, sin = direction(draws.between(0, 1, n))
    bar = np.abs(cos * x + sin * y) - draws.between(0.06, 0.13, n)
    disc = np.sqrt(x * x + y * y) - draws.between(0.15, 0.32, n)
    distance = np.where(draws.happens(0.5, n), bar, disc) * np.float32(SIZE / 2)
    share = np.clip(np.float32(0.5) - distance, 0, 1) * draws.happens(0.5, n)
    paint = colour(draws.between(0, 1, n), draws.between(0.1, 0.8, n), draws.between(0.2, 1, n))
    return mix(picture, paint, share)


def paint(silhouette: Silhouette, kinds: NDArray[np.intp], draws: SampleRng) -> NDArray[np.uint8]:
    """Pictures uint8 [n, 3, 32, 32] of `silhouette`, each with its pattern (`kinds` [n], into PATTERNS)."""
    n = len(kinds)
    pose = place(draws, n)
    distance = silhouette(pose.u, pose.v) * pose.pixels  # in pixels
    picture = backdrop(draws, n)
    hue = draws.between(0, 1, n)
    dark, light = draws.between(0.2, 0.6, n), draws.between(0.75, 1.0, n)
    swap = draws.happens(0.5, n)
    first = colour(hue, draws.between(0.45, 1, n), np.where(swap, dark, light))
    second_hue = hue + draws.between(0.12, 0.88, n)
    second = colour(second_hue, draws.between(0.15, 0.9, n), np.where(swap, light, dark))
    filling = mix(first, second, pattern_plane(kinds, pose, draws))
    cos, sin = direction(draws.between(0, 1, n))
    lit = 1 + (cos * pose.u + sin * pose.v) * draws.between(0.05, 0.3, n)
    rim = 1 - np.clip(distance + np.float32(1.6), 0, 1) * draws.between(0.0, 0.7, n)
    filling = filling * (lit * rim)[:, None]
    picture = mix(picture, filling, np.clip(np.float32(0.5) - distance, 0, 1))
    picture = in_front(picture, draws)
    picture = picture * draws.between(0.8, 1.1, n)[:, None] + draws.between(-0.06, 0.08, n)[:, None]
    grain = draws.between(0.02, 0.12, n)[:, None]
    picture = picture + draws.noise(n, 3, SIZE, SIZE) * grain
    return np.clip(picture * 255 + np.float32(0.5), 0, 255).astype(np.uint8)
