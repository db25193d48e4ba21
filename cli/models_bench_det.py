"""Draws the DET curves of `greenline bench models` as SVG (ISO/IEC 19795-1: both axes are normal
deviates, on which scores of normal distributions give straight lines).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from statistics import NormalDist

from greenline.cli.models_bench_rates import Numbers

_TICKS = (0.0001, 0.001, 0.01, 0.05, 0.1, 0.2, 0.4)  # shares
_LEAST, _MOST = 0.00005, 0.45
# Told apart by those who do not see red and green as well (Okabe and Ito, 2008).
_COLOURS = ("#000000", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_DASHES = ("", "7 4", "2 3", "10 3 2 3")
_SIDE, _LEFT, _TOP, _GAP = 400, 66, 44, 84  # px
_STEP = 0.7  # px; smaller steps are not drawn
_LINE = 19  # px from one line of the legend to the next


@dataclass(frozen=True, eq=False)
class Line:
    """One curve. colour, dash: numbers; lines that belong together share the colour."""

    label: str
    colour: int
    dash: int
    fmr: Numbers
    fnmr: Numbers


@dataclass(frozen=True)
class Panel:
    """One pair of axes with its curves."""

    title: str
    lines: list[Line]


def draw(panels: list[Panel]) -> str:
    """Return the picture: the panels side by side, one legend below."""
    width = _LEFT + len(panels) * _SIDE + (len(panels) - 1) * _GAP + 24
    legend_top = _TOP + _SIDE + 74
    rows = math.ceil(len(panels[0].lines) / len(panels))
    height = legend_top + _LINE * rows
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="13">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for number, panel in enumerate(panels):
        left = _LEFT + number * (_SIDE + _GAP)
        parts.append(f'<g transform="translate({left} {_TOP})">')
        parts += _axes(panel.title)
        parts += [_curve(line) for line in panel.lines]
        parts.append("</g>")
    parts += _legend(panels[0].lines, rows, legend_top)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _axes(title: str) -> Iterator[str]:
    yield f'<text x="{_SIDE / 2}" y="-16" text-anchor="middle">{escape(title)}</text>'
    for share in _TICKS:
        at = _place(share)
        down = _SIDE - at
        yield f'<path d="M{at:.1f} 0V{_SIDE}M0 {down:.1f}H{_SIDE}" stroke="#dddddd"/>'
        shown = f"{100 * share:g}"
        yield f'<text x="{at:.1f}" y="{_SIDE + 18}" text-anchor="middle">{shown}</text>'
        yield f'<text x="-8" y="{down + 4:.1f}" text-anchor="end">{shown}</text>'
    yield f'<path d="M0 {_SIDE}L{_SIDE} 0" stroke="#bbbbbb" stroke-dasharray="1 4"/>'
    yield f'<rect width="{_SIDE}" height="{_SIDE}" fill="none" stroke="#555555"/>'
    middle = _SIDE / 2
    yield (
        f'<text x="{middle}" y="{_SIDE + 40}" text-anchor="middle">false match rate, percent</text>'
    )
    yield (
        f'<text transform="translate(-46 {middle}) rotate(-90)" text-anchor="middle">'
        "false non-match rate, percent</text>"
    )


def _curve(line: Line) -> str:
    """Draw the steps of a curve; what lies beyond the axes runs along them."""
    path = "".join(f"{way}{at:.1f}" for way, at in _steps(line))
    return (
        f'<path d="M{_SIDE} {_SIDE}{path}" fill="none" {_stroke(line)}>'
        f"<title>{escape(line.label)}</title></path>"
    )


def _steps(line: Line) -> list[tuple[str, float]]:
    """Return the steps (H: to x, V: to y) from the highest FMR to the highest FNMR."""
    steps: list[tuple[str, float]] = []
    at = {"H": float(_SIDE), "V": float(_SIDE)}
    for fmr, fnmr in zip(line.fmr, line.fnmr, strict=True):
        for way, to in (("H", _place(fmr)), ("V", _SIDE - _place(fnmr))):
            if abs(to - at[way]) < _STEP:
                continue
            if steps and steps[-1][0] == way:
                steps.pop()
            steps.append((way, to))
            at[way] = to
    return steps


def _legend(lines: list[Line], rows: int, top: int) -> Iterator[str]:
    """Draw a column of rows lines below each panel."""
    for number, line in enumerate(lines):
        column, row = divmod(number, rows)
        x, y = _LEFT + column * (_SIDE + _GAP), top + row * _LINE
        yield f'<path d="M{x:.0f} {y - 5}h34" {_stroke(line)}/>'
        yield f'<text x="{x + 44:.0f}" y="{y}">{escape(line.label)}</text>'


def _stroke(line: Line) -> str:
    colour = _COLOURS[line.colour % len(_COLOURS)]
    dash = _DASHES[line.dash % len(_DASHES)]
    return f'stroke="{colour}" stroke-width="1.8"' + (f' stroke-dasharray="{dash}"' if dash else "")


def _place(share: float) -> float:
    """Return how far along an axis a share lies, in px."""
    deviate = NormalDist().inv_cdf
    inside = min(max(float(share), _LEAST), _MOST)
    return _SIDE * (deviate(inside) - deviate(_LEAST)) / (deviate(_MOST) - deviate(_LEAST))
