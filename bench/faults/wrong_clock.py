"""Clocks that jump, and boots in 1970: nothing expires early, nothing lives for ever.

Two rows. In one a real kiosk lives under libfaketime, whose clock alone is wrong: it changes no
clock of this machine. In the other the kiosk's clock and store go through random histories of
boots, jumps and signed times, a simulated year in a moment.
"""

import random
import time
from contextlib import suppress
from pathlib import Path

from bench.faults.real_line import FAULTS, RealLine, real_line
from bench.faults.row import Campaign, Row, Runner, UnavailableError
from bench.faults.tally import Tally
from bench.faults.wrong_histories import wrong_histories
from greenline.cli.children import greenline, started

GROUP = "Clock"
_LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
_DAY_S = 24 * 3600
_YEAR_S = 365 * _DAY_S
_AWAY_S = (-_YEAR_S, -_DAY_S, -3600, 3600, _DAY_S, 80 * _DAY_S, _YEAR_S, 60 * _YEAR_S)
_ABSOLUTE_S = (0, _DAY_S, 946_684_800, 2_147_483_647, 4_102_444_800)
_HOUSEKEEPING_S = 5.5


class SystemClock:
    """What a process takes for the system's clock; it runs on from where it was set."""

    def __init__(self, folder: Path) -> None:
        if not _LIBRARIES:
            raise UnavailableError("libfaketime is missing: apt-get install libfaketime")
        self._file = folder / "system-clock"
        self.away(0.0)

    def away(self, seconds: float) -> None:
        """Set it so far from the right time."""
        self._file.write_text(f"{seconds:+.3f}\n")

    def jump(self, chance: random.Random) -> None:
        """Set it to some wrong time."""
        now = time.time()
        self.away(chance.choice([*_AWAY_S, *(each - now for each in _ABSOLUTE_S)]))

    def inside(self, *command: str | Path) -> list[str]:
        """Return a command of ours as it runs under this clock."""
        settings = {
            "LD_PRELOAD": str(_LIBRARIES[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        return ["env", *(f"{name}={value}" for name, value in settings.items()),
                *greenline(*command)]  # fmt: skip


def wrong_clock(campaign: Campaign) -> Row:
    """Boot a kiosk at wrong times without a link, let the clock jump, then let all be answered.

    Each start is two faults.
    """
    chance = campaign.chance("wrong-clock")
    clock, starts = SystemClock(campaign.folder), -(-campaign.runs // 2)
    with real_line(campaign.folder) as line:
        for number in range(starts):
            clock.jump(chance)
            _start_kiosk(line, clock)
            with suppress(*FAULTS):
                line.take()
            clock.jump(chance)
            if number % 10 == 0:
                time.sleep(_HOUSEKEEPING_S)  # longer than the kiosk's round, which is not logged
            with suppress(*FAULTS):
                line.take()
            line.kill("kiosk")
        clock.away(0.0)
        line.start("broker", "matcher")
        _start_kiosk(line, clock)
        line.start("uplink")
        everything_answered = line.answered()
        line.stop_all()
        shown = line.times_logged("kiosk", "answer")
        tally = Tally(
            runs=2 * starts,
            acknowledged=len(line.acknowledged),
            lost=len(line.missing()),
            duplicates=sum(times > 1 for times in shown.values()),
        )
        expired = sum(line.times_logged("kiosk", "request expired").values())
        note = f"{expired} expired in the kiosk, {_outcomes(line)}"
        note += "" if everything_answered else "; something was never answered"
        return tally.row("wrong-clock", GROUP, note)


def _outcomes(line: RealLine) -> str:
    events = [each for each in line.logged["kiosk"] if each.get("event") == "answer"]
    outcomes = [str(each.get("outcome")) for each in events]
    return ", ".join(f"{outcomes.count(each)} {each}" for each in sorted(set(outcomes)))


def _start_kiosk(line: RealLine, clock: SystemClock) -> None:
    folder = line.site.folder
    command = clock.inside("kiosk", "--config", folder / "kiosk.toml")
    log = folder / "logs" / "kiosk.log"
    line.children["kiosk"] = started(
        "kiosk", command, log, lambda child: child.wait_for_event("ready")
    )


ROWS: dict[str, Runner] = {"wrong-clock": wrong_clock, "wrong-histories": wrong_histories}
