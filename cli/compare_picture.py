"""Draws what `greenline compare` found: both prints, their minutiae, and lines between the pairs.

For an examiner: it shows what was paired, and says no more than the numbers. No red is used, which
stands for faults alone; the colours are told apart by those who do not see red and green as well.
"""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor, ImageDraw, ImageFont

from greenline.cli import svg
from greenline.cli.compare_layout import (
    DPI,
    MARGIN,
    RING,
    Box,
    Layout,
    Points,
    Side,
    lay_out,
    place_numbers,
)
from greenline.prints.comparison import Comparison
from greenline.prints.template import Kind

NO_VERDICT = "A comparison is no verdict: it must be verified by an examiner"

_LEGEND = (
    "numbered: paired, 1 fits best; grey: not paired; circle: ending, square: bifurcation, "
    "diamond: kind not known; the stroke points along the ridge"
)
_COLOURS = (svg.BLUE, svg.ORANGE, svg.GREEN, svg.PURPLE, svg.SKY)
_FAINT = "#606060"
_INK, _PAPER, _FRAME = "#000000", "#ffffff", "#909090"
_DARKEST, _LIGHTEST = 135, 255  # of the prints
_EXTREMES = (1, 99)  # percent of a print's pixels, which those two are given to
_FINE = 2  # strokes are drawn this much larger, then reduced: Pillow's have hard edges
_LINE_ALPHA, _CASING_ALPHA = 200, 110
_HALO = 1  # px of paper on each side of a stroke, so that it is seen on ridges of any grey
_MANY = 60  # pairs; more of them get smaller numbers and thinner lines
_WORDS, _LEADING = 16, 23  # px
_NARROWEST_LETTER = 3  # px

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def draw_comparison(first: Side, second: Side, found: Comparison) -> Image.Image:
    """Return the picture, RGB. found: of comparing first with second, in this order."""
    font = ImageFont.load_default(_WORDS)
    layout = lay_out(first, second, found.pairs, 2 * _LEADING)
    scale = f"500 dpi, enlarged {layout.enlargement} times"
    words = [
        line
        for sentence in (told(found), f"{scale}; {_LEGEND}", NO_VERDICT)
        for line in _wrapped(sentence, font, layout.width - 2 * MARGIN)
    ]
    height = layout.height + _LEADING * len(words)
    picture = Image.new("RGB", (layout.width, height), _PAPER)
    pen = ImageDraw.Draw(picture)
    for number, side in enumerate((first, second)):
        _ground(picture, pen, side, layout.boxes[number])
        _title(pen, side, layout.columns[number], len(found.pairs), font)
    picture.paste(strokes := _strokes(first, second, layout), mask=strokes)
    _numbers(pen, layout)
    for row, line in enumerate(words):
        pen.text((MARGIN, layout.height - MARGIN // 2 + row * _LEADING), line, _INK, font)
    return picture


def told(found: Comparison) -> str:
    """Return the numbers of a comparison as a sentence."""
    many = len(found.pairs)
    if not many:
        return f"score {found.score:.3f}, no minutiae paired"
    degrees = math.degrees(math.remainder(found.rotation, math.tau))
    way = " clockwise" if degrees <= -0.05 else " counter-clockwise" if degrees >= 0.05 else ""
    return (
        f"score {found.score:.3f}, {many} minutiae paired, "
        f"the right print lies over the left one when turned {abs(degrees):.1f}°{way}"
    )


def _title(pen: ImageDraw.ImageDraw, side: Side, column: Box, paired: int, font: Font) -> None:
    across, down = (length / DPI * 25.4 for length in side.size)
    size = f"{across:.1f} x {down:.1f} mm"
    words = (side.name, f"{len(side.template)} minutiae, {paired} paired, {size}")
    for row, line in enumerate(words):
        at = (column.left, column.top - (2 - row) * _LEADING)
        pen.text(at, shortened(line, font, column.width), _INK, font)


def shortened(words: str, font: Font, width: float) -> str:
    """Return the words, or their start and end, within width px. What has no letter is escaped."""
    plain = ascii(words)[1:-1] if not (words.isascii() and words.isprintable()) else words
    if len(plain) < width and font.getlength(plain) <= width:
        return plain
    kept = min(len(plain), round(width / _NARROWEST_LETTER))
    while kept > 2 and font.getlength(_cut(plain, kept)) > width:
        kept -= 1
    return _cut(plain, kept)


def _cut(words: str, kept: int) -> str:
    """The end tells more than the start: a file's number and its ending."""
    tail = kept * 2 // 3
    return f"{words[: kept - tail]}...{words[len(words) - tail :]}"


def _wrapped(sentence: str, font: Font, width: float) -> Iterator[str]:
    line = ""
    for word in sentence.split(" "):
        longer = f"{line} {word}".strip()
        if line and font.getlength(longer) > width:
            yield line
            longer = word
        line = longer
    yield line


def _ground(picture: Image.Image, pen: ImageDraw.ImageDraw, side: Side, box: Box) -> None:
    if side.ground is not None:
        small = Image.fromarray(_lightened(side.ground))
        large = small.resize((box.width, box.height), Image.Resampling.BICUBIC)
        picture.paste(large.convert("RGB"), (box.left, box.top))
    edge = (box.left - 1, box.top - 1, box.left + box.width, box.top + box.height)
    pen.rectangle(edge, outline=_FRAME)


def _lightened(ground: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Bring the greys of any sensor into one light range: marks stand out, ridges are seen."""
    dark, light = np.percentile(ground, _EXTREMES)
    share = (ground - dark) / max(light - dark, 1.0)
    grey = _DARKEST + (_LIGHTEST - _DARKEST) * np.clip(share, 0, 1)
    return np.asarray(np.rint(grey), np.uint8)


def _strokes(first: Side, second: Side, layout: Layout) -> Image.Image:
    """Return lines and minutiae on nothing, RGBA; what matters more lies above."""
    fine = Image.new("RGBA", (layout.width * _FINE, layout.height * _FINE), (255, 255, 255, 0))
    pen = ImageDraw.Draw(fine)
    colours = pair_colours(layout)
    wide = 1 if len(colours) > _MANY else 2
    for (start, end), colour in zip(layout.lines(), colours, strict=True):
        ends = _between_rings(start, end)
        pen.line(ends, (255, 255, 255, _CASING_ALPHA), (wide + 2) * _FINE)
        pen.line(ends, (*ImageColor.getrgb(colour), _LINE_ALPHA), wide * _FINE)
    for number, side in enumerate((first, second)):
        for at in np.setdiff1d(np.arange(len(side.template)), layout.pairs[:, number]):
            _minutia(pen, layout, number, int(at), side.template.kind[at], _FAINT, 1)
    for number, side in enumerate((first, second)):
        for at, colour in zip(layout.pairs[:, number], colours, strict=True):
            kind = side.template.kind[at]
            _minutia(pen, layout, number, int(at), kind, _PAPER, 2 + 2 * _HALO)
            _minutia(pen, layout, number, int(at), kind, colour, 2)
    return fine.reduce(_FINE)


def _between_rings(start: Points, end: Points) -> list[float]:
    """Leave the insides of both rings free: there is what the examiner looks at."""
    away = (end - start) * (RING / np.hypot(*(end - start)))
    return [*(_FINE * (start + away)), *(_FINE * (end - away))]


def pair_colours(layout: Layout) -> list[str]:
    """Return the colour of each pair: lines that start at neighbouring heights differ."""
    rank = np.argsort(np.argsort(layout.lines()[:, 0, 1], kind="stable"), kind="stable")
    return [_COLOURS[at % len(_COLOURS)] for at in rank]


def _minutia(
    pen: ImageDraw.ImageDraw, layout: Layout, number: int, at: int, kind: int, colour: str, px: int
) -> None:
    middle, tail = _FINE * layout.places[number][at], _FINE * layout.tails[number][at]
    outer, wide = _FINE * (RING + px / 2), _FINE * px
    along = (tail - middle) / np.hypot(*(tail - middle))
    pen.line([*(middle + _FINE * RING * along), *tail], colour, wide)
    corners = [*(middle - outer), *(middle + outer)]
    if kind == Kind.ENDING:
        pen.ellipse(corners, outline=colour, width=wide)
    elif kind == Kind.BIFURCATION:
        pen.rectangle(corners, outline=colour, width=wide)
    else:
        # Not Pillow's polygon: its wide outline takes a mask of the whole picture.
        reach = _FINE * RING * 1.3
        tips = [(reach, 0), (0, reach), (-reach, 0), (0, -reach), (reach, 0), (0, reach)]
        pen.line([tuple(middle + tip) for tip in tips], colour, wide, "curve")


def _numbers(pen: ImageDraw.ImageDraw, layout: Layout) -> None:
    height = 11 if len(layout.pairs) > _MANY else 13
    font = ImageFont.load_default(height)
    words = [str(number + 1) for number in range(len(layout.pairs))]
    sizes = [(font.getlength(word) + 2, float(height)) for word in words]
    for side, box in enumerate(layout.boxes):
        marks = layout.places[side][layout.pairs[:, side]]
        obstacles = np.concatenate([marks, layout.tails[side][layout.pairs[:, side]]])
        places = place_numbers(marks, sizes, obstacles, box)
        for place, word in zip(places, words, strict=True):
            pen.text(tuple(place), word, _INK, font, "mm", stroke_width=2, stroke_fill=_PAPER)
