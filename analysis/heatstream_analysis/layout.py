"""Where the parts of a picture go: sizes follow from the shape of the grid."""

from dataclasses import dataclass, field
from typing import Literal

MARGIN = 0.16  # all lengths in inches
HEADER_LINE = 0.27
LEFT_LABELS = 0.82
BOTTOM_LABELS = 0.58
LEGEND = 0.3
BAR_GAP, BAR_THICK, BAR_LABELS = 0.14, 0.17, 0.9
MAP_SIDE = 5.4
SERIES_HEIGHT, SERIES_WIDTH = 1.9, 5.4
SERIES_ROOM = BOTTOM_LABELS + SERIES_HEIGHT + LEGEND
RIGHT_MARGIN = 0.3
TALL, FLAT = 1.4, 0.35  # height to width: beyond these the parts are arranged differently

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class MapLayout:
    """Size of the figure, and left, bottom, width and height of each part of it."""

    width: float
    height: float
    map: Box
    bar: Box
    bar_orientation: Literal["vertical", "horizontal"] = field(default="vertical", kw_only=True)

    def fraction(self, box: Box) -> Box:
        """Return a box in fractions of the figure."""
        left, bottom, width, height = box
        return left / self.width, bottom / self.height, width / self.width, height / self.height


@dataclass(frozen=True)
class Layout(MapLayout):
    """The same with the series below or beside the map."""

    series: Box


def map_layout_for(x_length: float, y_length: float, header_lines: int) -> MapLayout:
    """Return the layout of a map alone, for a domain of these lengths under so many lines."""
    scale = MAP_SIDE / max(x_length, y_length)
    wide, high = max(x_length * scale, 0.05), max(y_length * scale, 0.05)
    header = MARGIN + header_lines * HEADER_LINE + 0.2
    bar_room = BAR_GAP + BAR_THICK + BAR_LABELS
    width = LEFT_LABELS + MAP_SIDE + bar_room
    if high < FLAT * wide:
        bottom = 2 * BOTTOM_LABELS + BAR_THICK
        bar = (LEFT_LABELS, BOTTOM_LABELS, wide, BAR_THICK)
        place = (LEFT_LABELS, bottom, wide, high)
        return MapLayout(width, bottom + high + header, place, bar, bar_orientation="horizontal")
    left = LEFT_LABELS + (MAP_SIDE - wide) / 2
    bar = (left + wide + BAR_GAP, BOTTOM_LABELS, BAR_THICK, high)
    place = (left, BOTTOM_LABELS, wide, high)
    return MapLayout(width, BOTTOM_LABELS + high + header, place, bar)


def layout_for(x_length: float, y_length: float, header_lines: int) -> Layout:
    """Return the layout for a domain of these lengths under a header of so many lines."""
    scale = MAP_SIDE / max(x_length, y_length)
    wide, high = max(x_length * scale, 0.05), max(y_length * scale, 0.05)
    header = MARGIN + header_lines * HEADER_LINE + 0.2
    if high > TALL * wide:
        return _side_by_side(wide, high, header)
    if high < FLAT * wide:
        return _flat(wide, high, header)
    return _stacked(wide, high, header)


def _stacked(wide: float, high: float, header: float) -> Layout:
    bar_room = BAR_GAP + BAR_THICK + BAR_LABELS
    width = LEFT_LABELS + MAP_SIDE + bar_room
    map_bottom = SERIES_ROOM + BOTTOM_LABELS
    left = LEFT_LABELS + (MAP_SIDE - wide) / 2
    bar = (left + wide + BAR_GAP, map_bottom, BAR_THICK, high)
    place = (left, map_bottom, wide, high)
    return Layout(width, map_bottom + high + header, place, bar, _series_below(width))


def _flat(wide: float, high: float, header: float) -> Layout:
    wide, high = wide * 1.17, high * 1.17  # the colour bar's place is free
    width = LEFT_LABELS + wide + RIGHT_MARGIN
    bar_bottom = SERIES_ROOM + BOTTOM_LABELS
    map_bottom = bar_bottom + BAR_THICK + BOTTOM_LABELS
    bar = (LEFT_LABELS, bar_bottom, wide, BAR_THICK)
    place = (LEFT_LABELS, map_bottom, wide, high)
    series = _series_below(width)
    return Layout(
        width, map_bottom + high + header, place, bar, series, bar_orientation="horizontal"
    )


def _side_by_side(wide: float, high: float, header: float) -> Layout:
    bar_left = LEFT_LABELS + wide + BAR_GAP
    series_left = bar_left + BAR_THICK + BAR_LABELS + LEFT_LABELS
    place = (LEFT_LABELS, BOTTOM_LABELS, wide, high)
    bar = (bar_left, BOTTOM_LABELS, BAR_THICK, high)
    series = (series_left, BOTTOM_LABELS, SERIES_WIDTH, high - LEGEND)
    width = series_left + SERIES_WIDTH + RIGHT_MARGIN
    return Layout(width, BOTTOM_LABELS + high + header, place, bar, series)


def _series_below(width: float) -> Box:
    return LEFT_LABELS, BOTTOM_LABELS, width - LEFT_LABELS - RIGHT_MARGIN, SERIES_HEIGHT
