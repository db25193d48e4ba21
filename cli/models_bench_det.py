"""Draws curves as SVG: the DET curves of the benches (ISO/IEC 19795-1: both axes are normal
deviates, on which scores of normal distributions give straight lines), and what else has steps.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from statistics import NormalDist

from greenline.cli import svg
from greenline.cli.models_bench_rates import Numbers

_TICKS = (0.0001, 0.001, 0.01, 0.05, 0.1, 0.2, 0.4)  # shares
_LEAST, _MOST = 0.00005, 0.45
_COLOURS = (
    svg.BLACK, svg.BLUE, svg.VERMILION, svg.GREEN, svg.PURPLE, svg.ORANGE, svg.SKY,
)  # fmt: skip
_DASHES = ("", "7 4", "2 3", "10 3 2 3")
_GUIDE = 'stroke="#555555" stroke-dasharray="4 3"'
_SIDE, _LEFT, _TOP, _GAP = 400, 66, 44, 84  # px
_BELOW = 74  # px for the words below a panel
_ACROSS = 3  # panels in a row
_STEP = 0.7  # px; smaller steps are not drawn
_LINE = 19  # px from one line of the legend to the next


@dataclass(frozen=True)
class Axis:
    """place: from a value to how far along the axis it lies, 0 to 1. shown: what a tick says."""

    title: str
    ticks: tuple[float, ...]
    place: Callable[[float], float]
    shown: Callable[[float], str]


def _deviate(share: float) -> float:
    deviate = NormalDist().inv_cdf
    inside = min(max(float(share), _LEAST), _MOST)
    return (deviate(inside) - deviate(_LEAST)) / (deviate(_MOST) - deviate(_LEAST))


def _percent(share: float) -> str:
    return f"{100 * share:g}"


FMR = Axis("false match rate, percent", _TICKS, _deviate, _percent)
FNMR = Axis("false non-match rate, percent", _TICKS, _deviate, _percent)


@dataclass(frozen=True, eq=False)
class Line:
    """One curve of steps, from the right to the left; of a DET curve: rising thresholds.

    colour, dash: numbers; lines that belong together share the colour. across, up: values.
    """

    label: str
    colour: int
    dash: int
    across: Numbers
    up: Numbers


@dataclass(frozen=True)
class Mark:
    """A point of a curve. colour: the curve's. square: else a circle."""

    label: str
    colour: int
    square: bool
    across: float
    up: float


@dataclass(frozen=True)
class Panel:
    """One pair of axes with its curves. guides: values that an upright line stands at; guided:
    what they are.
    """

    title: str
    lines: list[Line]
    across: Axis = FMR
    up: Axis = FNMR
    marks: tuple[Mark, ...] = ()
    guides: tuple[float, ...] = ()
    guided: str = ""


def draw(panels: list[Panel]) -> str:
    """Return the picture: the panels in rows of three, one legend below."""
    columns = min(len(panels), _ACROSS)
    width = _LEFT + columns * _SIDE + (columns - 1) * _GAP + 24
    tall = _TOP + _SIDE + _BELOW
    legend_top = math.ceil(len(panels) / _ACROSS) * tall
    entries = [*_legend(panels[0])]
    rows = math.ceil(len(entries) / columns)
    parts: list[str] = []
    for number, panel in enumerate(panels):
        row, column = divmod(number, _ACROSS)
        left, top = _LEFT + column * (_SIDE + _GAP), _TOP + row * tall
        parts.append(f'<g transform="translate({left} {top})">')
        parts += _axes(panel)
        parts += [_curve(panel, line) for line in panel.lines]
        parts += [_mark(mark, *_at(panel, mark.across, mark.up)) for mark in panel.marks]
        parts.append("</g>")
    for number, (drawn, label) in enumerate(entries):
        column, row = divmod(number, rows)
        x, y = _LEFT + column * (_SIDE + _GAP), legend_top + row * _LINE
        parts.append(f'<g transform="translate({x} {y - 5})">{drawn}</g>')
        parts.append(f'<text x="{x + 44}" y="{y}">{escape(label)}</text>')
    return svg.document(width, legend_top + _LINE * rows, 13, parts)


def _axes(panel: Panel) -> Iterator[str]:
    middle = _SIDE / 2
    yield f'<text x="{middle}" y="-16" text-anchor="middle">{escape(panel.title)}</text>'
    for tick in panel.across.ticks:
        at, _ = _at(panel, tick, 0)
        yield f'<path d="M{at:.1f} 0V{_SIDE}" stroke="#dddddd"/>'
        shown = escape(panel.across.shown(tick))
        yield f'<text x="{at:.1f}" y="{_SIDE + 18}" text-anchor="middle">{shown}</text>'
    for tick in panel.up.ticks:
        _, down = _at(panel, 0, tick)
        yield f'<path d="M0 {down:.1f}H{_SIDE}" stroke="#dddddd"/>'
        shown = escape(panel.up.shown(tick))
        yield f'<text x="-8" y="{down + 4:.1f}" text-anchor="end">{shown}</text>'
    if panel.across is FMR and panel.up is FNMR:
        yield f'<path d="M0 {_SIDE}L{_SIDE} 0" stroke="#bbbbbb" stroke-dasharray="1 4"/>'
    for guide in panel.guides:
        at, _ = _at(panel, guide, 0)
        yield f'<path d="M{at:.1f} 0V{_SIDE}" {_GUIDE}/>'
        yield f'<text x="{at + 3:.1f}" y="14" fill="#555555">{guide:g}</text>'
    yield f'<rect width="{_SIDE}" height="{_SIDE}" fill="none" stroke="#555555"/>'
    title = escape(panel.across.title)
    yield f'<text x="{middle}" y="{_SIDE + 40}" text-anchor="middle">{title}</text>'
    yield (
        f'<text transform="translate(-46 {middle}) rotate(-90)" text-anchor="middle">'
        f"{escape(panel.up.title)}</text>"
    )


def _curve(panel: Panel, line: Line) -> str:
    """Draw the steps of a curve; what lies beyond the axes runs along them."""
    path = "".join(f"{way}{at:.1f}" for way, at in _steps(panel, line))
    return (
        f'<path d="M{_SIDE} {_SIDE}{path}" fill="none" {_stroke(line)}>'
        f"<title>{escape(line.label)}</title></path>"
    )


def _steps(panel: Panel, line: Line) -> list[tuple[str, float]]:
    """Return the steps (H: to x, V: to y) from the lower right corner on."""
    steps: list[tuple[str, float]] = []
    at = {"H": float(_SIDE), "V": float(_SIDE)}
    for across, up in zip(line.across, line.up, strict=True):
        for way, to in zip("HV", _at(panel, float(across), float(up)), strict=True):
            if abs(to - at[way]) < _STEP:
                continue
            if steps and steps[-1][0] == way:
                steps.pop()
            steps.append((way, to))
            at[way] = to
    return steps


def _mark(mark: Mark, x: float, y: float) -> str:
    colour = f'fill="#ffffff" stroke="{_COLOURS[mark.colour % len(_COLOURS)]}" stroke-width="1.8"'
    if mark.square:
        return f'<rect x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8" {colour}/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" {colour}/>'


def _legend(panel: Panel) -> Iterator[tuple[str, str]]:
    """Yield what is drawn beside each label, about the left end of the label's middle line."""
    for line in panel.lines:
        yield f'<path d="M0 0h34" {_stroke(line)}/>', line.label
    kinds = {mark.label: mark.square for mark in panel.marks}
    for label, square in kinds.items():
        yield _mark(Mark(label, 0, square, 0, 0), 17, 0), label
    if panel.guides:
        yield f'<path d="M17 -8V8" {_GUIDE}/>', panel.guided


def _stroke(line: Line) -> str:
    return svg.stroke(_COLOURS[line.colour % len(_COLOURS)], _DASHES[line.dash % len(_DASHES)])


def _at(panel: Panel, across: float, up: float) -> tuple[float, float]:
    """Return where values lie, in px."""
    return _SIDE * panel.across.place(across), _SIDE * (1 - panel.up.place(up))
