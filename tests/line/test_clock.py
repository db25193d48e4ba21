"""A kiosk that boots in 1970: no connection, the floor applied, then a check from end to end.

Only kiosk and uplink live in that time (libfaketime); broker, matcher and certificates do not. The
system's clock is a file here: what `greenline clock apply` would set is written there.
"""

import datetime
import subprocess
import time
from pathlib import Path

import pytest

from greenline.cli.children import greenline, started
from greenline.cli.demo_run import await_state
from greenline.protocol.wording import CLOCK_NOT_SET
from tests.line.conftest import ENROLLED, Checkpoint

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
DAY_S = 24 * 3600

pytestmark = pytest.mark.skipif(
    not LIBRARIES, reason="libfaketime is not installed: apt-get install libfaketime"
)


class SystemClock:
    """What kiosk and uplink take for the system's clock; it runs on from where it was set."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "system-clock"
        self.set(DAY_S)

    def set(self, unix_s: float) -> None:
        self._file.write_text(f"{unix_s - time.time():+.3f}\n")

    def inside(self, *command: str | Path) -> list[str]:
        """Return a command of ours as it runs on this machine."""
        settings = {
            "LD_PRELOAD": str(LIBRARIES[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        return ["env", *(f"{name}={value}" for name, value in settings.items()),
                *greenline(*command)]  # fmt: skip


def test_it_connects_once_the_floor_is_applied(checkpoint: Checkpoint) -> None:
    folder = checkpoint.site.folder
    clock = SystemClock(folder)
    checkpoint.start("broker", "matcher")
    for name in ("kiosk", "uplink"):
        command = clock.inside(name, "--config", folder / f"{name}.toml")
        log = folder / "logs" / f"{name}.log"
        checkpoint.children[name] = started(
            name, command, log, lambda child: child.wait_for_event("ready")
        )

    def refused(state: dict[str, object]) -> bool:
        return "not valid yet" in str(state["link_detail"])

    before = await_state(checkpoint.kiosk, refused)
    assert (before["link"], CLOCK_NOT_SET in before["notices"]) == (False, True)
    asked = checkpoint.take(ENROLLED)
    assert checkpoint.check(asked)["progress"] == "queued"

    told = subprocess.run(
        clock.inside("clock", "floor", "--config", folder / "kiosk.toml"),
        check=True,
        capture_output=True,
        text=True,
    )
    floor = datetime.datetime.fromisoformat(told.stdout.strip())
    clock.set(floor.timestamp())

    assert checkpoint.answer(asked)["outcome"] == "candidates"
    # A time server has the last word: what it says agrees with what the matcher has signed.
    clock.set(time.time())
    after = await_state(checkpoint.kiosk, lambda state: CLOCK_NOT_SET not in state["notices"])
    assert after["link"]
