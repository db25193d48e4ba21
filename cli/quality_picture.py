"""Draws the error-versus-discard curves of `greenline bench quality` as SVG."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

import numpy as np

from greenline.cli import svg
from greenline.cli.quality_curves import SHARES, Numbers

_COLOURS = (svg.BLUE, svg.ORANGE, svg.VERMILION, svg.GREY)
_DASHES = ("", "7 4", "2 3", "1 3")
_SIDE, _TALL, _LEFT, _TOP, _GAP = 260, 190, 56, 34, 66  # px
_ACROSS = 4  # panels in a row


@dataclass(frozen=True)
class Panel:
    """One pair of axes. curves: percent of errors left, at SHARES, by measure."""

    title: str
    curves: dict[str, Numbers]


def draw(panels: list[Panel]) -> str:
    """Return the picture: the panels in rows of four, one legend below."""
    rows = -(-len(panels) // _ACROSS)
    width = _LEFT + min(len(panels), _ACROSS) * (_SIDE + _GAP)
    legend_top = _TOP + rows * (_TALL + _TOP + 42)
    height = legend_top + 24
    parts: list[str] = []
    for number, panel in enumerate(panels):
        row, column = divmod(number, _ACROSS)
        left, top = _LEFT + column * (_SIDE + _GAP), _TOP + row * (_TALL + _TOP + 42)
        parts.append(f'<g transform="translate({left} {top})">')
        parts += _panel(panel)
        parts.append("</g>")
    parts += _legend(list(panels[0].curves), legend_top)
    return svg.document(width, height, 12, parts)


def _panel(panel: Panel) -> Iterator[str]:
    highest = max(float(curve.max()) for curve in panel.curves.values()) or 1.0
    yield f'<text x="{_SIDE / 2}" y="-12" text-anchor="middle">{escape(panel.title)}</text>'
    for share in (0, 10, 20, 30):
        x = share / 30 * _SIDE
        yield f'<path d="M{x:.1f} 0V{_TALL}" stroke="#dddddd"/>'
        yield f'<text x="{x:.1f}" y="{_TALL + 16}" text-anchor="middle">{share}</text>'
    for part in np.linspace(0, 1, 5):
        y = _TALL * (1 - part)
        yield f'<path d="M0 {y:.1f}H{_SIDE}" stroke="#dddddd"/>'
        yield f'<text x="-6" y="{y + 4:.1f}" text-anchor="end">{part * highest:.2f}</text>'
    yield (
        f'<text x="{_SIDE / 2}" y="{_TALL + 32}" text-anchor="middle">'
        "pairs discarded, percent; upright: not found, percent</text>"
    )
    for number, (name, curve) in enumerate(panel.curves.items()):
        points = zip(SHARES / SHARES[-1] * _SIDE, _TALL * (1 - curve / highest), strict=True)
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        title = f"<title>{escape(name)}</title>"
        yield f'<path d="M{path}" fill="none" {_stroke(number)}>{title}</path>'


def _legend(names: list[str], top: int) -> Iterator[str]:
    for number, name in enumerate(names):
        x = _LEFT + number * 260
        yield f'<path d="M{x} {top - 4}h30" {_stroke(number)}/>'
        yield f'<text x="{x + 38}" y="{top}">{escape(name)}</text>'


def _stroke(number: int) -> str:
    return svg.stroke(_COLOURS[number % len(_COLOURS)], _DASHES[number % len(_DASHES)])
