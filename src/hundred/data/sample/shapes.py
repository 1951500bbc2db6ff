"""The twenty silhouettes of the drawn sample set, as signed distances.

Each takes coordinates u (right) and v (up), float32 [n, 32, 32], in which the drawing fills about the unit
disc, and returns the distance to its edge, negative inside. They are put together from circles, half-planes
and capsules with min and max only; every operation is exact in IEEE arithmetic, so that the same pixels come
out on every machine.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[Any]  # float32; NumPy's annotations lose that at the first product with a number
Silhouette = Callable[[Plane, Plane], Plane]


def union(*parts: Plane) -> Plane:
    """Inside any of `parts`."""
    result = parts[0]
    for part in parts[1:]:
        result = np.minimum(result, part)
    return result


def common(*parts: Plane) -> Plane:
    """Inside all of `parts`."""
    result = parts[0]
    for part in parts[1:]:
        result = np.maximum(result, part)
    return result


def cut(whole: Plane, *holes: Plane) -> Plane:
    """Inside `whole` but outside each of `holes`."""
    return common(whole, *(-hole for hole in holes))


def disc(u: Plane, v: Plane, x: float, y: float, radius: float) -> Plane:
    """A disc about (x, y)."""
    du, dv = u - x, v - y
    return np.sqrt(du * du + dv * dv) - radius


def oval(u: Plane, v: Plane, centre: tuple[float, float], half: tuple[float, float]) -> Plane:
    """An ellipse about `centre` with half axes `half` (off its edge the distance is approximate)."""
    du, dv = (u - centre[0]) / half[0], (v - centre[1]) / half[1]
    return (np.sqrt(du * du + dv * dv) - 1.0) * min(half)


def block(u: Plane, v: Plane, centre: tuple[float, float], half: tuple[float, float]) -> Plane:
    """A rectangle about `centre` with half sides `half`."""
    return np.maximum(np.abs(u - centre[0]) - half[0], np.abs(v - centre[1]) - half[1])


def polygon(u: Plane, v: Plane, *corners: tuple[float, float]) -> Plane:
    """A convex polygon, corners anticlockwise."""
    sides = []
    for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True):
        dx, dy = bx - ax, by - ay
        length = math.sqrt(dx * dx + dy * dy)
        nx, ny = dy / length, -dx / length
        sides.append(u * nx + v * ny - (ax * nx + ay * ny))
    return common(*sides)


def stroke(u: Plane, v: Plane, start: tuple[float, float], end: tuple[float, float], width: float) -> Plane:
    """A line from `start` to `end` with round ends, `width` to either side."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    du, dv = u - start[0], v - start[1]
    along = np.clip((du * dx + dv * dy) / (dx * dx + dy * dy), 0.0, 1.0)
    du, dv = du - along * dx, dv - along * dy
    return np.sqrt(du * du + dv * dv) - width


def bell(u: Plane, v: Plane) -> Plane:
    dome = common(oval(u, v, (0, 0.05), (0.55, 0.8)), -v - 0.35)
    rim = polygon(u, v, (-0.85, -0.6), (0.85, -0.6), (0.5, -0.1), (-0.5, -0.1))
    return union(dome, rim, disc(u, v, 0, -0.68, 0.2), disc(u, v, 0, 0.88, 0.14))


def boat(u: Plane, v: Plane) -> Plane:
    hull = polygon(u, v, (-0.6, -0.85), (0.6, -0.85), (0.98, -0.35), (-0.98, -0.35))
    sail = polygon(u, v, (0.08, -0.22), (0.85, -0.22), (0.08, 0.98))
    jib = polygon(u, v, (-0.72, -0.22), (-0.08, -0.22), (-0.08, 0.7))
    return union(hull, sail, jib, block(u, v, (0, 0.2), (0.06, 0.75)))


def bolt(u: Plane, v: Plane) -> Plane:
    upper = polygon(u, v, (-0.62, -0.12), (0.15, -0.12), (0.55, 1.0), (-0.1, 1.0))
    lower = polygon(u, v, (-0.3, -1.0), (0.68, 0.28), (-0.1, 0.28), (-0.2, -0.12))
    return union(upper, lower)


def butterfly(u: Plane, v: Plane) -> Plane:
    side = np.abs(u)
    upper = common(
        disc(side, v, 0.45, 0.3, 0.55), polygon(side, v, (0, -0.15), (1.1, 0.1), (1.1, 1.0), (0.3, 0.9))
    )
    lower = disc(side, v, 0.38, -0.42, 0.4)
    feeler = stroke(side, v, (0.05, 0.45), (0.3, 0.98), 0.06)
    return union(upper, lower, feeler, oval(u, v, (0, -0.1), (0.13, 0.65)))


def cloud(u: Plane, v: Plane) -> Plane:
    puffs = union(disc(u, v, -0.52, -0.12, 0.42), disc(u, v, 0.02, 0.2, 0.52), disc(u, v, 0.56, -0.12, 0.4))
    return union(common(puffs, -v - 0.5), block(u, v, (0, -0.32), (0.6, 0.2)))


def crown(u: Plane, v: Plane) -> Plane:
    side = np.abs(u)
    band = block(u, v, (0, -0.5), (0.8, 0.24))
    middle = polygon(u, v, (-0.4, -0.4), (0.4, -0.4), (0, 0.72))
    outer = polygon(side, v, (0.2, -0.4), (0.8, -0.4), (0.92, 0.55))
    return union(band, middle, outer, disc(u, v, 0, 0.78, 0.15), disc(side, v, 0.9, 0.6, 0.14))


def cup(u: Plane, v: Plane) -> Plane:
    body = polygon(u, v, (-0.6, -0.75), (0.25, -0.75), (0.45, 0.65), (-0.8, 0.65))
    handle = cut(oval(u, v, (0.45, 0.05), (0.52, 0.48)), oval(u, v, (0.45, 0.05), (0.29, 0.25)))
    return union(body, handle)


def drop(u: Plane, v: Plane) -> Plane:
    return union(disc(u, v, 0, -0.3, 0.62), polygon(u, v, (-0.57, -0.05), (0.57, -0.05), (0, 1.0)))


def fish(u: Plane, v: Plane) -> Plane:
    body = oval(u, v, (-0.2, 0), (0.75, 0.48))
    tail = common(polygon(u, v, (0.3, 0), (1.0, -0.6), (1.0, 0.6)), -disc(u, v, 1.15, 0, 0.35))
    fin = polygon(u, v, (-0.3, 0.4), (0.25, 0.3), (0.2, 0.75))
    return cut(union(body, tail, fin), disc(u, v, -0.58, 0.12, 0.1))


def flower(u: Plane, v: Plane) -> Plane:
    # Petals at the corners of a regular pentagon.
    corners = ((0.0, 0.6), (-0.5706, 0.1854), (-0.3527, -0.4854), (0.3527, -0.4854), (0.5706, 0.1854))
    petals = [disc(u, v, x, y, 0.36) for x, y in corners]
    return cut(union(*petals, disc(u, v, 0, 0, 0.4)), disc(u, v, 0, 0, 0.2))


def heart(u: Plane, v: Plane) -> Plane:
    side = np.abs(u)
    tip = polygon(side, v, (-0.5, -0.9), (0.0, -0.9), (0.86, 0.1), (0.4, 0.45), (-0.5, 0.3))
    return union(disc(side, v, 0.46, 0.34, 0.47), tip)


def house(u: Plane, v: Plane) -> Plane:
    walls = block(u, v, (0, -0.38), (0.66, 0.5))
    roof = polygon(u, v, (-0.95, 0.05), (0.95, 0.05), (0, 0.9))
    chimney = block(u, v, (0.48, 0.55), (0.13, 0.35))
    return cut(union(walls, roof, chimney), block(u, v, (-0.1, -0.65), (0.17, 0.3)))


def key(u: Plane, v: Plane) -> Plane:
    bow = cut(disc(u, v, -0.48, 0.1, 0.54), disc(u, v, -0.48, 0.1, 0.17))
    shaft = block(u, v, (0.45, 0.1), (0.55, 0.19))
    teeth = union(block(u, v, (0.85, -0.25), (0.15, 0.3)), block(u, v, (0.38, -0.2), (0.14, 0.2)))
    return union(bow, shaft, teeth)


def leaf(u: Plane, v: Plane) -> Plane:
    blade = common(disc(u, v, -0.55, 0.1, 1.02), disc(u, v, 0.55, 0.1, 1.02))
    return union(blade, stroke(u, v, (0, -0.6), (0.12, -1.0), 0.09))


def moon(u: Plane, v: Plane) -> Plane:
    return cut(disc(u, v, 0, 0, 0.95), disc(u, v, 0.48, 0.15, 0.74))


def mushroom(u: Plane, v: Plane) -> Plane:
    cap = common(oval(u, v, (0, 0.0), (0.95, 0.9)), -v)
    stem = polygon(u, v, (-0.38, -0.85), (0.38, -0.85), (0.24, 0.05), (-0.24, 0.05))
    return union(cap, stem)


def rocket(u: Plane, v: Plane) -> Plane:
    side = np.abs(u)
    body = common(disc(u, v, -0.62, 0.1, 1.0), disc(u, v, 0.62, 0.1, 1.0), -v - 0.6)
    fin = polygon(side, v, (0.2, -0.5), (0.72, -0.85), (0.72, -0.45), (0.2, 0.1))
    flame = polygon(u, v, (0, -1.02), (0.2, -0.6), (-0.2, -0.6))
    return cut(union(body, fin, flame), disc(u, v, 0, 0.28, 0.14))


def star(u: Plane, v: Plane) -> Plane:
    # A pentagram is where at most one of a pentagon's five sides is overstepped: the second largest distance.
    normals = ((0.0, -1.0), (0.9511, -0.3090), (0.5878, 0.8090), (-0.5878, 0.8090), (-0.9511, -0.3090))
    first = second = np.full_like(u, -9.0)
    for x, y in normals:
        side = u * x + v * y - 0.38
        second = np.maximum(second, np.minimum(first, side))
        first = np.maximum(first, side)
    return second


def tree(u: Plane, v: Plane) -> Plane:
    top = polygon(u, v, (-0.45, 0.35), (0.45, 0.35), (0, 1.0))
    middle = polygon(u, v, (-0.62, -0.1), (0.62, -0.1), (0, 0.7))
    low = polygon(u, v, (-0.8, -0.62), (0.8, -0.62), (0, 0.35))
    return union(top, middle, low, block(u, v, (0, -0.75), (0.14, 0.25)))


def umbrella(u: Plane, v: Plane) -> Plane:
    scallops = (disc(u, v, x, 0.02, 0.24) for x in (-0.64, 0.0, 0.64))
    roof = cut(common(disc(u, v, 0, 0.0, 0.95), -v), *scallops)
    hook = cut(
        disc(u, v, 0.2, -0.68, 0.29), disc(u, v, 0.2, -0.68, 0.13), block(u, v, (0.2, -0.4), (0.4, 0.28))
    )
    return union(roof, stroke(u, v, (0, 0.9), (0, -0.68), 0.085), hook)


SILHOUETTES: dict[str, Silhouette] = {
    "bell": bell,
    "boat": boat,
    "bolt": bolt,
    "butterfly": butterfly,
    "cloud": cloud,
    "crown": crown,
    "cup": cup,
    "drop": drop,
    "fish": fish,
    "flower": flower,
    "heart": heart,
    "house": house,
    "key": key,
    "leaf": leaf,
    "moon": moon,
    "mushroom": mushroom,
    "rocket": rocket,
    "star": star,
    "tree": tree,
    "umbrella": umbrella,
}
