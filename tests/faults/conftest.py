"""The campaign lies in bench/, which is no part of the package: it is imported from there."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.faults.__main__ import run_row
from bench.faults.row import Row, Runner, UnavailableError


@pytest.fixture
def few_runs() -> Callable[[str, Runner, int], Row]:
    """Run a row a few times; skip the test where this machine cannot."""

    def run(name: str, runner: Runner, runs: int) -> Row:
        try:
            return run_row(name, runner, runs, seed=1)
        except UnavailableError as reason:
            pytest.skip(str(reason))

    return run
