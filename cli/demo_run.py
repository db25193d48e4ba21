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
    """Run one case with the named print; return its check as the kiosk's page shows it, answered.

    Raises CommandError.
    """
    request_id = run_case(
        kiosk,
        lambda _: post(simulator, "api/press", {"name": name}),
        lambda: post(simulator, "api/lift", {}),
    )
    state = await_state(
        kiosk, lambda state: check_of(state, request_id).get("progress") == "answered"
    )
    found = check_of(state, request_id)
    if found["outcome"] == "candidates":
        return {**found, "candidates": look_at_lead(kiosk, request_id)}
    return found


def look_at_lead(kiosk: str, request_id: str) -> list[State]:
    """Look at the evidence of a lead, as its officer would; return whom it names.

    Raises CommandError.
    """
    await_state(kiosk, lambda state: bool(_leads_of(state, request_id)))
    order = {"event": "view", "request_id": request_id, "justification": "decide"}
    post(kiosk, "api/lead", order)

    def opened(state: State) -> list[State]:
        return [each for lead in _leads_of(state, request_id) for each in lead["candidates"]]

    return opened(await_state(kiosk, lambda state: bool(opened(state))))


def _leads_of(state: State, request_id: str) -> list[State]:
    return [each for each in state["leads"] if each["request_id"] == request_id]


def check_of(state: State, request_id: str) -> State:
    """Return a check as the page shows it; empty: it is not shown."""
    for found in state["checks"]:
        if found["request_id"] == request_id:
            return dict(found)
    return {}


def orders_to_capture(state: State, fingers: int = 1) -> list[State]:
    """Return what opens a case and leads to its plan, of the first purpose that there is."""
    choices = state["choices"]
    more = {"reason": choices["rate_reasons"][0]} if choices["too_many"] else {}
    return [
        {"event": "open", "purpose": choices["purposes"][0]["code"], **more},
        {"event": "adult", "answer": "adult"},
        {"event": "notice", "language": choices["languages"][0]},
        {"event": "plan", "fingers": fingers, "missing": {}},
    ]


def begin_case(kiosk: str, fingers: int = 1) -> State:
    """Open a case and wait until its first finger is asked for; return the state then.

    A case that an earlier step has left open is stopped. Raises CommandError.
    """
    state = get(kiosk, "api/state")
    if state["case"] is not None:
        post(kiosk, "api/case", {"event": "stop"})
    # A case that was just stopped lets go of the sensor within a moment.
    state = await_state(kiosk, lambda state: state["capture"]["phase"] in {"ready", "stopped"})
    for order in orders_to_capture(state, fingers):
        post(kiosk, "api/case", order)
    planned = _open_case(get(kiosk, "api/state"))["fingers"]
    post(kiosk, "api/case", {"event": "capture", "finger": planned[0]["finger"]})
    return await_state(kiosk, lambda state: state["capture"]["phase"] == "place_finger")


def run_case(
    kiosk: str,
    press: Callable[[int], object],
    lift: Callable[[], object],
    *,
    fingers: int = 1,
    close: bool = True,
) -> str:
    """Run a case as an officer would; return its request's id once it is sent.

    press: lays a finger on the sensor, told its ISO position; lift: takes it away. close: the case
    is closed too. Raises CommandError when a finger is not taken, or the kiosk refuses.
    """
    case = begin_case(kiosk, fingers)["case"]
    for finger in [each["finger"] for each in case["fingers"]]:
        await_state(kiosk, lambda state, finger=finger: _asks_for(state, finger))  # type: ignore[misc]
        press(finger)
        try:
            state = await_state(kiosk, _is_over)
        finally:
            lift()
        if state["capture"]["phase"] not in {"lift_finger", "ready"}:
            raise CommandError(f"not taken: {state['capture']['instruction']}", 1)
    await_state(kiosk, lambda state: _open_case(state)["stage"] == "review")
    post(kiosk, "api/case", {"event": "send"})
    sent = await_state(kiosk, lambda state: _open_case(state)["stage"] == "sent")
    if close:
        post(kiosk, "api/case", {"event": "close"})
    return str(sent["case"]["request_id"])


def _open_case(state: State) -> State:
    """Return the open case. Raises CommandError: it has ended, or the kiosk began anew."""
    if state["case"] is None:
        raise CommandError(f"the case has ended: {state['case_ended'] or 'the kiosk is new'}", 1)
    return dict(state["case"])


def _asks_for(state: State, finger: int) -> bool:
    return bool(_open_case(state)["now"] == finger and state["capture"]["phase"] == "place_finger")


def _is_over(state: State) -> bool:
    """Whether the press has come to something: the finger was taken, or why not is told."""
    return state["capture"]["phase"] in {"lift_finger", "again", "stopped", "refused", "fault"}


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
