"""Rows of the matcher: it kills itself at each step, its link is as bad as a kiosk's."""

import contextlib
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.faults.checkpoint import Checkpoint, checkpoint
from bench.faults.links import KIOSKS
from bench.faults.plan import Plan
from bench.faults.port import Port
from bench.faults.row import Campaign, Row, Runner
from bench.faults.strikes import Found, Patience, finished, strike_site
from bench.faults.tampering import PubacksLost, PublishesLost, PublishesTwice, Switched
from bench.faults.weather import Weather
from greenline.cli.children import Child, started

GROUP = "matcher"
MORTAL = Path(__file__).with_name("mortal_matcher.py")
STEPS = tuple(
    f"{when}:{step}"
    for step in (
        "accept",
        "searching",
        "search",
        "note",
        "answer",
        "undelivered_answer",
        "delivered",
    )
    for when in ("before", "after")
)
"""From the request's way into the ledger to the word that the broker has its answer.

note: of the search in the audit log. undelivered_answer: the last that is read before publishing.
"""
_DEATH_S = 30.0
_MOST_WAITING = 10


def killed_at_each_step(campaign: Campaign) -> Row:
    """In turns at every step of a request's way through the matcher, at one of its first calls."""
    few = min(3, campaign.runs)
    chance = campaign.chance("matcher-steps")
    with checkpoint(campaign.folder, few, Plan(start=("broker", "uplinks"))) as site:
        begun = {kiosk.name: 0 for kiosk in site.kiosks}
        found = Found()
        for number in range(campaign.runs):
            _die_once(site, found, STEPS[number % len(STEPS)], chance)
        site.start_matcher()
        ended = time.monotonic()
        row = finished(
            site, found, "matcher killed at each step", GROUP, begun, 0, Patience(row_s=600.0)
        )
        last = max(at for kiosk in site.kiosks for at in kiosk.answered.values())
        found.after_s.append(max(0.0, last - ended))
        repeated = sum(count > 1 for kiosk in site.kiosks for count in kiosk.shown.values())
        told = (
            f"{len(STEPS)} steps in turns, each a start; the last captures "
            f"{found.after_s[-1]:.1f} s after the last start; shown twice: {repeated}"
        )
        return _noted(row, told)


def _noted(row: Row, told: str) -> Row:
    return Row(**{**vars(row), "note": "; ".join(filter(None, (row.note, told)))})


def _die_once(site: Checkpoint, found: Found, step: str, chance: random.Random) -> None:
    """Start a matcher that dies at this step, with captures for it to die over."""
    for kiosk in site.kiosks:
        kiosk.submit()
    child = _start_mortal(site, step, chance.randint(1, 4))
    until = time.monotonic() + _DEATH_S
    while child.running and time.monotonic() < until:
        for kiosk in site.kiosks:
            if len(kiosk.lost) < _MOST_WAITING:
                kiosk.submit()
        site.kiosks[0].wait(site.kiosks[0].lost, 0.3)
    status = child.stop()
    found.runs += 1
    if status != -signal.SIGKILL:
        found.dead += 1
        found.notes.append(f"{step}: it ended with {status}")


def _start_mortal(site: Checkpoint, step: str, calls: int) -> Child:
    folder = site.site.folder
    config = str(site.site.matcher_config)
    command = [sys.executable, "-P", str(MORTAL), config, step, str(calls)]
    return started(
        "matcher",
        command,
        folder / "logs" / "mortal.log",
        lambda child: child.wait_for_event("ready"),
    )


def bad_link(campaign: Campaign) -> Row:
    """The matcher's own connection: cut, reset, half-open, and packets lost and repeated."""
    with checkpoint(campaign.folder, min(KIOSKS, campaign.runs)) as site:
        port = site.matcher_port
        if port is None:
            raise RuntimeError("the matcher has no port")
        kinds = [
            *(_weather(port, each) for each in _WEATHERS),
            *(_tamper(port, t) for t in _TAMPERS),
        ]
        turns = iter(kinds * campaign.runs)

        @contextlib.contextmanager
        def fault(_site: Checkpoint, chance: random.Random) -> Iterator[None]:
            with next(turns)(chance):
                yield

        name = "the matcher's own link: cut, reset, half-open, packets lost and repeated"
        return strike_site(site, campaign, name, fault, (0.3, 1.5), group=GROUP)


_WEATHERS = (
    Weather(refuse=True),
    Weather(silent=True),
    Weather(cut_after=5_000, reset=True),
    Weather(cut_after=20_000),
    Weather(delay_s=0.2),
)
Fault = Callable[[random.Random], contextlib.AbstractContextManager[None]]
"""Makes a fault of the matcher's own link on entry and ends it on exit."""

_TAMPERS: tuple[type[Switched], ...] = (PubacksLost, PublishesLost, PublishesTwice)


def _weather(port: Port, weather: Weather) -> Fault:
    @contextlib.contextmanager
    def fault(chance: random.Random) -> Iterator[None]:
        port.weather = weather
        if not weather.silent:
            port.cut(reset=chance.random() < 0.5)
        try:
            yield
        finally:
            port.clear()

    return fault


def _tamper(port: Port, make: type[Switched]) -> Fault:
    @contextlib.contextmanager
    def fault(chance: random.Random) -> Iterator[None]:
        tamper = make(chance.random())
        tamper.on = True
        port.tamper = tamper
        port.cut()
        try:
            yield
        finally:
            tamper.on = False
            port.clear()

    return fault


ROWS: dict[str, Runner] = {"matcher-steps": killed_at_each_step, "matcher-link": bad_link}
