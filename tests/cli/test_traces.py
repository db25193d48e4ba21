"""No core dumps, and a word about swap."""

import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from greenline.cli.traces import swap_on_disk

CRASH = """
import os, signal, sys
if sys.argv[1] == "forbidden":
    from greenline.cli.traces import forbid_dumps
    forbid_dumps()
os.kill(os.getpid(), signal.SIGABRT)
"""
HEAD = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"


def crash(folder: Path, how: str) -> list[Path]:
    """Crash a process whose parent lets it write a core; return what it has left."""

    def let_dump() -> None:
        hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))

    ended = subprocess.run(
        [sys.executable, "-c", CRASH, how], check=False, cwd=folder, preexec_fn=let_dump
    )
    assert ended.returncode == -signal.SIGABRT
    return list(folder.iterdir())


@pytest.mark.skipif(
    "|" in Path("/proc/sys/kernel/core_pattern").read_text()
    or Path("/proc/sys/kernel/core_pattern").read_text().startswith("/")
    or resource.getrlimit(resource.RLIMIT_CORE)[1] == 0,
    reason="this machine writes no core into the folder of a process",
)
def test_a_crash_leaves_no_core_where_another_process_would(tmp_path: Path) -> None:
    assert crash(tmp_path, "forbidden") == []
    assert len(crash(tmp_path, "allowed")) == 1


def test_no_handler_of_dumps_is_given_any() -> None:
    code = (
        "import ctypes\n"
        "from greenline.cli.traces import forbid_dumps\n"
        "get = ctypes.CDLL(None).prctl\n"
        "before = get(3, 0, 0, 0, 0); forbid_dumps(); print(before, get(3, 0, 0, 0, 0))"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert told.stdout.split()[1] == "0"  # PR_GET_DUMPABLE, prctl(2)


@pytest.mark.parametrize(
    ("swaps", "told"),
    [
        (HEAD, False),
        (HEAD + "/dev/zram0 partition\t262140\t0\t100\n", False),
        (HEAD + "/var/swap file\t102396\t0\t-2\n", True),
        (HEAD + "/dev/zram0 partition\t262140\t0\t100\n/dev/mmcblk0p3 partition\t1\t0\t-2\n", True),
    ],
)
def test_swap_on_a_disk_is_told(tmp_path: Path, swaps: str, told: bool) -> None:
    (tmp_path / "swaps").write_text(swaps)

    assert swap_on_disk(tmp_path / "swaps") == told


def test_a_machine_that_does_not_tell_of_swap_has_none(tmp_path: Path) -> None:
    assert not swap_on_disk(tmp_path / "none")
