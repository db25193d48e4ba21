"""Real processes of a real line killed a few times, and run under a wrong clock."""

from collections.abc import Callable

import pytest

from bench.faults import line_kill, wrong_clock
from bench.faults.row import Row, Runner

ROWS = {**line_kill.ROWS, "wrong-clock": wrong_clock.ROWS["wrong-clock"]}


@pytest.mark.parametrize("name", ROWS)
def test_a_row_is_as_promised(name: str, few_runs: Callable[[str, Runner, int], Row]) -> None:
    row = few_runs(name, ROWS[name], 2)

    assert row.holds, row
    assert row.acknowledged > 0
