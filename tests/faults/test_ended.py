"""A campaign that is told to end leaves no process behind, and no file."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("row", ["endless-line", "endless-script"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_campaign_that_is_told_to_end_leaves_nothing_behind(
    tmp_path: Path, row: str, number: int
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.endless", "--rows", row],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as campaign:
        assert campaign.stdout is not None
        told = next(line for line in campaign.stdout if line.startswith("started"))
        pids = [int(word) for word in told.split()[1:]]
        assert all(runs(pid) for pid in pids)

        campaign.send_signal(number)
        _, words = campaign.communicate(timeout=60)

    assert campaign.returncode == 130
    assert words.endswith("ended before all rows were run; --out has those that were\n")
    assert "Traceback" not in words
    assert not [pid for pid in pids if runs(pid)]
    assert list(tmp_path.iterdir()) == []


def runs(pid: int) -> bool:
    """Whether there is such a process."""
    return Path(f"/proc/{pid}").exists()
