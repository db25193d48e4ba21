"""Rows of packets: the uplinks in a network namespace behind a line that is as bad as can be."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from bench.faults.checkpoint import checkpoint
from bench.faults.plan import Pace, Plan
from bench.faults.relay import Line
from bench.faults.row import Campaign, Row, Runner, UnavailableError
from bench.faults.strikes import Struck, strike
from greenline.cli.children import started

GROUP = "links, packet by packet"
RELAY = Path(__file__).with_name("relay.py")
KIOSKS = 10
NEAR, FAR = "10.78.0.1", "10.78.0.2"
AS_IN_THE_FIELD = Pace(20, 20.0, 0.5, 5.0)
_PATIENCE_S = 150.0

LINES = {
    "packets-150": ("150 +-30 ms each way, 5 % loss", Line(150, 30, 0.05, 0.01)),
    "packets-600": ("600 +-200 ms each way, 15 % loss", Line(600, 200, 0.15, 0.02)),
    "packets-wild": ("100 +-100 ms, 5 % loss, 20 % doubled, re-ordered", Line(100, 100, 0.05, 0.2)),
}


@contextlib.contextmanager
def namespace() -> Iterator[str]:
    """Make a network namespace. Raises UnavailableError where nobody may."""
    if os.geteuid() != 0 or not Path("/dev/net/tun").exists():
        raise UnavailableError("it needs root and /dev/net/tun")
    name = f"gl-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if made.returncode:
        raise UnavailableError(f"no network namespace can be made: {made.stderr.strip()}")
    try:
        yield name
    finally:
        subprocess.run(["ip", "netns", "del", name], check=False)


@contextlib.contextmanager
def line(folder: Path, within: str) -> Iterator[Path]:
    """Lay a line into the namespace, a good one at first; give the file of its weather."""
    weather = folder / "weather.json"
    write(weather, Line())
    child = started(
        "relay",
        [sys.executable, "-P", str(RELAY), within, f"{NEAR}/24", f"{FAR}/24", str(weather)],
        folder / "relay.log",
        lambda child: child.wait_for_event("ready"),
    )
    try:
        yield weather
    finally:
        child.stop()


def write(weather: Path, how: Line) -> None:
    unfinished = weather.with_suffix(".new")
    unfinished.write_text(json.dumps(asdict(how)))
    unfinished.replace(weather)


def distant(campaign: Campaign, name: str, how: Line) -> Row:
    """Captures over a bad line; before every second run the kiosk's connection ends."""

    times: dict[bool, list[float]] = {True: [], False: []}

    @contextlib.contextmanager
    def fault(struck: Struck) -> Iterator[None]:
        kiosk, anew = struck.kiosk, struck.chance.random() < 0.5
        before = len(kiosk.acknowledged)
        if anew:
            struck.port.cut(reset=struck.chance.random() < 0.5)
        yield
        for each in [*kiosk.acknowledged][before:]:
            times[anew].append(kiosk.answered[each] - kiosk.acknowledged[each])

    with namespace() as within, line(campaign.folder, within) as weather:
        prefix = ("ip", "netns", "exec", within)
        few = min(KIOSKS, campaign.runs)
        plan = Plan(AS_IN_THE_FIELD, host=NEAR, uplinks=prefix)
        with checkpoint(campaign.folder, few, plan) as site:
            for kiosk in site.kiosks:
                kiosk.wait_link(20)
            write(weather, how)
            # The fault is the line itself: it lasts until the captures are answered.
            row = strike(site, campaign, name, fault, (_PATIENCE_S, _PATIENCE_S), group=GROUP)
            write(weather, Line())
        told = (
            f"capture to answer: {_told(times[False])}; with a new connection: {_told(times[True])}"
        )
        return Row(**{**vars(row), "note": told})


def _told(times: list[float]) -> str:
    if not times:
        return "none"
    ordered = sorted(times)
    p50, p95 = ordered[len(ordered) // 2], ordered[round(0.95 * (len(ordered) - 1))]
    return f"median {p50:.1f} s, p95 {p95:.1f} s, longest {ordered[-1]:.1f} s"


def _runner(name: str) -> Runner:
    words, how = LINES[name]
    return lambda campaign: distant(campaign, words, how)


ROWS: dict[str, Runner] = {name: _runner(name) for name in LINES}
