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

from bench.faults.shim import Mode

_ROOT = Path(__file__).resolve().parents[2]
_EVERY = 1 if os.environ.get("EVERY_CALL") else 17


def run(shim: Path, folder: Path, mode: Mode, error: int = 0) -> dict[str, object]:
    command = [sys.executable, "-m", "tests.ota.crash_driver", str(folder)]
    done = subprocess.run(
        [*command, str(int(mode)), str(error), str(_EVERY)],
        env={**os.environ, "LD_PRELOAD": str(shim)},
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("mode", [Mode.KILL_BEFORE, Mode.KILL_TORN])
def test_killed_at_any_call_it_goes_on(shim: Path, folder: Path, mode: Mode) -> None:
    found = run(shim, folder, mode)
    assert found["wrong"] == []
    assert int(str(found["calls"])) > 100


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_a_card_that_fails_at_any_call_is_told(shim: Path, folder: Path, error: int) -> None:
    found = run(shim, folder, Mode.FAIL_FROM, error)
    assert found["wrong"] == []
    assert int(str(found["calls"])) > 100
