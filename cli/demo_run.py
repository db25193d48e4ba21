"""Presses two fingers on a running demo, as a person would, and tells what came and how fast."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from greenline.cli.errors import CommandError

_TIMEOUT_S = 60.0
STEPS = ("transfer", "quality", "template", "durable", "broker", "search", "reply")

State = dict[str, Any]


@dataclass(frozen=True)
class Pressed:
    """A finger of the demo. shown: its name on the sensor's page; reference: in the gallery."""

    shown: str
    reference: str


def run_once(
    console: Console, kiosk: str, simulator: str, enrolled: Pressed, unknown: Pressed
) -> bool:
    """Press an enrolled and an unknown finger; True when both answers are right."""
    known = check(kiosk, simulator, enrolled.shown)
    strange = check(kiosk, simulator, unknown.shown)
    first = [candidate["reference"] for candidate in known["candidates"]][:1]
    right = [first == [enrolled.reference], strange["outcome"] == "none"]
    named = ((enrolled.shown, known), (unknown.shown, strange))
    for (name, answer), is_right in zip(named, right, strict=True):
        found = [f"{c['reference']}, score {c['score']}" for c in answer["candidates"]]
        verdict = "as expected" if is_right else "NOT WHAT WAS EXPECTED"
        console.print(f"{name}: {'; '.join([answer['words'], *found])} - {verdict}")
    table = Table("step", *(name for name, _ in named), title="Milliseconds by step")
    for step in STEPS:
        table.add_row(step, *(f"{answer['steps_ms'].get(step, 0.0):.1f}" for _, answer in named))
    sums = (sum(answer["steps_ms"].values()) for _, answer in named)
    table.add_row("press to answer", *(f"{total:.0f}" for total in sums), style="bold")
    console.print(table)
    return all(right)


def check(kiosk: str, simulator: str, name: str) -> State:
    """Run one check with the named print; return it as the kiosk's page shows it, answered."""
    await_state(kiosk, lambda state: state["capture"]["phase"] in {"ready", "stopped"})
    earlier = {found["request_id"] for found in get(kiosk, "api/state")["checks"]}
    post(kiosk, "api/check", {})
    await_state(kiosk, lambda state: state["capture"]["phase"] == "place_finger")
    post(simulator, "api/press", {"name": name})
    taken = await_state(
        kiosk,
        lambda state: state["capture"]["phase"] in {"lift_finger", "again", "stopped", "fault"},
    )
    post(simulator, "api/lift", {})
    if taken["capture"]["phase"] != "lift_finger":
        raise CommandError(f"{name} was not taken: {taken['capture']['instruction']}", 1)

    def answered(state: State) -> bool:
        newest = state["checks"][0] if state["checks"] else {}
        return newest.get("request_id") not in earlier and newest.get("progress") == "answered"

    found: State = await_state(kiosk, answered)["checks"][0]
    return found


def await_state(kiosk: str, wanted: Callable[[State], bool]) -> State:
    """Follow the kiosk's events until a state is wanted. Raises CommandError after a minute."""
    deadline = time.monotonic() + _TIMEOUT_S
    with urllib.request.urlopen(kiosk + "api/events", timeout=_TIMEOUT_S) as stream:  # noqa: S310  # loopback, http
        for line in stream:
            if line.startswith(b"data: ") and wanted(state := json.loads(line[6:])):
                return dict(state)
            if time.monotonic() > deadline:  # the page's heartbeat brings us here
                break
    raise CommandError("the kiosk did not come to the state that was waited for", 1)


def get(base: str, path: str) -> State:
    """Return a page's JSON."""
    with urllib.request.urlopen(base + path, timeout=_TIMEOUT_S) as answer:  # noqa: S310  # loopback, http
        found: State = json.load(answer)
        return found


def post(base: str, path: str, body: State) -> State:
    """Ask a page for something. Raises CommandError with its refusal."""
    request = urllib.request.Request(  # noqa: S310  # loopback, http
        base + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310  # as above
            found: State = json.load(answer)
            return found
    except urllib.error.HTTPError as refusal:
        raise CommandError(f"{base}{path} refused: {refusal.read().decode()}", 1) from refusal
