"""Rows 26 to 29 for the client: killed, or with a card that fails, at each call that changes it.

The old release is never touched, what is trusted is never lost, no floor falls, and another run
ends as if nothing had been. Each call is taken with EVERY_CALL=1 (some minutes), else every
seventeenth.
"""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.faults.row import UnavailableError
from bench.faults.shim import Mode, build

_ROOT = Path(__file__).resolve().parents[2]
_EVERY = 1 if os.environ.get("EVERY_CALL") else 17


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        return build(tmp_path_factory.mktemp("shim"))
    except UnavailableError as reason:
        pytest.skip(str(reason))


def run(library: Path, folder: Path, mode: Mode, error: int = 0) -> dict[str, object]:
    command = [sys.executable, "-m", "tests.ota.crash_driver", str(folder)]
    done = subprocess.run(
        [*command, str(int(mode)), str(error), str(_EVERY)],
        env={**os.environ, "LD_PRELOAD": str(library)},
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("mode", [Mode.KILL_BEFORE, Mode.KILL_TORN])
def test_killed_at_any_call_it_goes_on(library: Path, tmp_path: Path, mode: Mode) -> None:
    found = run(library, tmp_path, mode)
    assert found["wrong"] == []
    assert int(str(found["calls"])) > 100


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_a_card_that_fails_at_any_call_is_told(library: Path, tmp_path: Path, error: int) -> None:
    found = run(library, tmp_path, Mode.FAIL_FROM, error)
    assert found["wrong"] == []
    assert int(str(found["calls"])) > 100
