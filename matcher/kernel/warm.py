"""Compiles the kernel, once on a machine; afterwards the machine code is read from its folder.

    python -m greenline.matcher.kernel.warm

Run at installation, and by the matcher when it starts: a search must not be the first to wait.
"""

from collections.abc import Callable

import numpy as np
from rich.progress import Progress

from greenline.matcher.kernel import scan, sketch
from greenline.matcher.kernel.compiled import cache_folder
from greenline.matcher.kernel.description import describe
from greenline.matcher.segment import Segment, laid_out
from greenline.prints.features import NAMES
from greenline.prints.prepared import MAX_MINUTIAE, prepare
from greenline.prints.template import Template
from greenline.prints.weights import UPRIGHT

Told = Callable[[str, int, int], None]
"""Told the part that comes next, how many are done, and of how many."""


def compiled_before() -> bool:
    """Return whether machine code of these sources is there already."""
    return any(cache_folder().glob("**/*.nbi"))


def warm(told: Told = lambda _part, _done, _total: None) -> None:
    """Compile, or read, everything that a search calls. Most of a minute the first time."""
    side = laid_out([prepare(_print())])
    wanted, out = np.zeros(1, np.int64), np.empty(1)
    pairs, motion = np.empty((2, MAX_MINUTIAE), np.int64), np.empty(3)
    parts: list[tuple[str, Callable[[], object]]] = [
        ("descriptors", lambda: prepare(_print(), describe)),
        ("votes", lambda: _votes(side)),
        ("ranking", lambda: scan.ranks(side, 0, side, wanted, out)),
        ("comparison", lambda: scan.odds(side, 0, side, wanted, UPRIGHT.numbers, out)),
        ("pairs", lambda: scan.compared(side, 0, side, 0, pairs, motion, np.empty(len(NAMES)))),
    ]
    for done, (name, part) in enumerate(parts):
        told(name, done, len(parts))
        part()
    told("", len(parts), len(parts))


def _votes(side: Segment) -> None:
    bits = sketch.bits_of(side.words)
    sketch.votes(side, 0, side, bits, np.zeros(1, np.int64), np.empty(1))


def _print() -> Template:
    rng = np.random.default_rng(1)
    x, y = rng.uniform(20, 230, (2, 30)).astype(np.float32)
    direction = rng.uniform(0, 6, 30).astype(np.float32)
    kind, quality = np.ones(30, np.uint8), np.full(30, 80, np.uint8)
    return Template(250, 250, 500.0, x, y, direction, kind, quality)


def main() -> None:
    """Run from the command line, with a bar."""
    with Progress() as bar:
        task = bar.add_task("Compiling the comparison for this machine")
        warm(lambda _part, done, total: bar.update(task, completed=done, total=total))


if __name__ == "__main__":
    main()
