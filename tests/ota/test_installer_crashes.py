"""The installer killed at its writes, flushes and renames, and its power cut: old or new, whole.

Each call is taken with EVERY_CALL=1 (half an hour), else some; docs/updates.md has the figures.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ota.installer_crashes import LIVES
from tests.ota.machines import DEVICES, make_selector

ROOT = Path(__file__).resolve().parents[2]
MOST = 1_000_000 if os.environ.get("EVERY_CALL") else 5


def campaign(shim: Path, folder: Path, cut: str, kind: str, life: str) -> dict[str, int]:
    """Run one campaign in a process that has the shim; return what it counted."""
    if kind == "tryboot":
        make_selector(folder / "probe.img", kind="12", size=1 << 20)  # skips without the tools
    work, result = folder / "work", folder / "result.json"
    work.mkdir()
    told = [cut, kind, life, str(work), str(result), str(MOST)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.ota.installer_crashes", *told],
        cwd=ROOT,
        env={**os.environ, "LD_PRELOAD": str(shim)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, int] = json.loads(result.read_text())
    return found


@pytest.mark.parametrize("life", LIVES)
@pytest.mark.parametrize("kind", DEVICES)
def test_killed_at_any_call_it_is_old_or_new(
    shim: Path, folder: Path, kind: str, life: str
) -> None:
    found = campaign(shim, folder, "kill", kind, life)

    assert found.pop("calls") >= sum(found.values()) / 2 > 2


@pytest.mark.parametrize("life", LIVES)
def test_without_power_at_any_change_it_is_old_or_new(shim: Path, folder: Path, life: str) -> None:
    """For the Pi alone: the shim's log has no symbolic links."""
    found = campaign(shim, folder, "forget", "tryboot", life)

    assert found.pop("changes") >= sum(found.values()) / 4 > 2
