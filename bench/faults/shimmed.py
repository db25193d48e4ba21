"""Runs one row in a process in which the shim is loaded; shim.run_shimmed() starts it.

python -m bench.faults.shimmed ROW SUBJECT RUNS SEED FOLDER RESULT
"""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.faults import shim
from bench.faults.child import end_children
from bench.faults.crash_points import crash_points
from bench.faults.crash_salvage import crash_salvage
from bench.faults.failing_calls import ERRORS, failing_calls
from bench.faults.forgetting import forgetting
from bench.faults.row import INTERRUPTED, Campaign, Row, Runner
from bench.faults.subjects import PEERS, Opening, Ours
from bench.faults.wrong import Hasty, LooselyFlushed, TwoSteps, Unflushed
from greenline.cli.children import interruptible

WRONG: dict[str, Opening] = {
    "unflushed": Unflushed,
    "loosely-flushed": LooselyFlushed,
    "hasty": Hasty,
    "two-steps": TwoSteps,
}
SUBJECTS: dict[str, Opening] = {"ours": Ours, **PEERS, **WRONG}
_RUN: dict[str, Callable[..., Row]] = {
    "crash-clean": partial(crash_points, torn=False),
    "crash-torn": partial(crash_points, torn=True),
    "crash-salvage": crash_salvage,
    "power-forgets": forgetting,
    **{name: partial(failing_calls, error=error) for name, error in ERRORS.items()},
}


def main() -> None:
    row, subject, runs, seed, folder, result = sys.argv[1:]
    name = row if subject == "ours" else f"{row}-{subject}"
    if subject in PEERS:
        sys.unraisablehook = _say_nothing  # a queue that cannot be opened complains when it goes
    campaign = Campaign(int(runs), int(seed), Path(folder))
    opening = SUBJECTS[subject]
    try:
        with interruptible():
            done = _RUN[row](campaign, name, opening, ours=subject not in PEERS)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    finally:
        end_children()
    shim.tell(done, Path(result))


def _say_nothing(_: object) -> None:
    """Leave out what happens in a destructor."""


def _row(name: str, subject: str = "ours") -> Runner:
    return partial(shim.run_shimmed, row=name, subject=subject)


ROWS: dict[str, Runner] = {
    **{name: _row(name) for name in _RUN},
    **{f"power-forgets-{peer}": _row("power-forgets", peer) for peer in PEERS},
}

if __name__ == "__main__":
    main()
