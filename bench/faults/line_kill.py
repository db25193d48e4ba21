"""kill -9 of a real process of a real line, again and again, while captures are taken."""

import functools
import threading
import time
from contextlib import suppress

from bench.faults.real_line import FAULTS, RealLine, real_line
from bench.faults.row import Campaign, Row, Runner
from bench.faults.tally import Tally

GROUP = "Processes"
EVERYTHING = ("broker", "matcher", "kiosk", "uplink")
_LONGEST_S = 2.5


def line_kill(campaign: Campaign, name: str, victim: str) -> Row:
    """Kill the victim at a random moment of its life, and start it again."""
    chance = campaign.chance(name)
    with real_line(campaign.folder) as line:
        line.start(*EVERYTHING)
        for _ in range(campaign.runs):
            # A random moment is the fault itself.
            _use_while(line, functools.partial(time.sleep, chance.uniform(0.0, _LONGEST_S)), victim)
            line.start(victim)
        line.take()
        everything_answered = line.answered()
        line.stop_all()
        return _row(line, campaign.runs, name, victim, everything_answered=everything_answered)


def _use_while(line: RealLine, waiting: functools.partial[None], victim: str) -> None:
    """Take captures until the wait is over and the victim is killed."""
    over = threading.Event()

    def use() -> None:
        while not over.is_set():
            with suppress(*FAULTS):
                line.take()

    officer = threading.Thread(target=use, name="officer")
    officer.start()
    try:
        waiting()
    finally:
        over.set()
    line.kill(victim)
    officer.join()


def _row(line: RealLine, runs: int, name: str, victim: str, *, everything_answered: bool) -> Row:
    shown = line.times_logged("kiosk", "answer")
    searched = line.times_logged("matcher", "searched")
    twice = {each for each, times in shown.items() if times > 1}
    again = {each for each, times in searched.items() if times > 1}
    # A search that died with the matcher is done again; of an answered one that would be an effect.
    duplicates = twice if victim == "matcher" else twice | again
    tally = Tally(
        runs=runs,
        acknowledged=len(line.acknowledged),
        lost=len(line.missing()),
        duplicates=len(duplicates),
    )
    note = f"{sum(searched.values())} searches for {len(line.acknowledged)} captures"
    note += "" if everything_answered else "; something was never answered"
    return tally.row(name, GROUP, note)


ROWS: dict[str, Runner] = {
    f"kill-{victim}": functools.partial(line_kill, name=f"kill-{victim}", victim=victim)
    for victim in ("kiosk", "uplink", "matcher")
}
