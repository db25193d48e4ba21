"""The campaign lies in bench/, which is no part of the package: it is imported from there."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.faults.__main__ import run_row
from bench.faults.row import Row, Runner, UnavailableError
from tests.in_memory import folder_in_memory


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory, if there is room for one."""
    with folder_in_memory(tmp_path) as found:
        yield found


@pytest.fixture
def few_runs(folder: Path) -> Callable[[str, Runner, int], Row]:
    """Run a row a few times; skip the test where this machine cannot."""

    def run(name: str, runner: Runner, runs: int) -> Row:
        try:
            return run_row(name, runner, runs, seed=1, where=folder)
        except UnavailableError as reason:
            pytest.skip(str(reason))

    return run
