"""What a person would see at a glance in a figure, for tests: its texts, and whether any cover each other."""

from collections.abc import Iterator

import numpy as np
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text


def texts(figure: Figure) -> list[str]:
    """All visible texts, in drawing order."""
    return [text.get_text() for text in _visible(figure)]


def lay_out(figure: Figure) -> None:
    """Place everything as drawing would."""
    FigureCanvasAgg(figure)
    figure.draw_without_rendering()


def covered(figure: Figure, slack: float = 1.5) -> list[tuple[str, str]]:
    """Pairs of level texts whose boxes overlap by more than `slack` pixels."""
    level = [text for text in _visible(figure) if text.get_rotation() % 180 == 0]
    boxes = np.array([text.get_window_extent().extents for text in level])
    found = []
    for place, box in enumerate(boxes):
        others = boxes[place + 1 :]
        across = np.minimum(box[2], others[:, 2]) - np.maximum(box[0], others[:, 0])
        down = np.minimum(box[3], others[:, 3]) - np.maximum(box[1], others[:, 1])
        for other in np.flatnonzero((across > slack) & (down > slack)):
            found.append((level[place].get_text(), level[place + 1 + other].get_text()))
    return found


def cut_off(figure: Figure) -> list[str]:
    """Texts that reach over the figure's edge."""
    width, height = figure.bbox.size
    boxes = [(text.get_text(), text.get_window_extent().extents) for text in _visible(figure)]
    return [
        word for word, (x0, y0, x1, y1) in boxes if x0 < -1 or y0 < -1 or x1 > width + 1 or y1 > height + 1
    ]


def rendered(figure: Figure) -> np.ndarray:
    """The figure's pixels, uint8 [height, width, 3], from the upper left corner."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]


def _visible(figure: Figure) -> list[Text]:
    found = figure.findobj(lambda artist: isinstance(artist, Text) and artist.get_visible())
    unseen = {label for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for label in _unseen(axis)}
    return [text for text in found if text.get_text().strip() and text not in unseen]


def _unseen(axis: Axis) -> Iterator[Text]:
    """Labels of ticks beyond the axis' limits, which are kept and not drawn, or of an axis that is off."""
    low, high = sorted(axis.get_view_interval())
    for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
        if not axis.axes.axison or not low <= tick.get_loc() <= high:
            yield from (tick.label1, tick.label2)
