"""A case at the running kiosk: fingers of a plan, one finger twice, a person who is no adult."""

import http.client
import io
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from greenline.cli.demo_run import await_state, begin_case, get, orders_to_capture, post, run_case
from greenline.cli.errors import CommandError
from tests.line.conftest import ENROLLED, UNKNOWN, Checkpoint
from tests.line.test_line import references

EVERYTHING = ("broker", "matcher", "kiosk", "uplink")


def order(checkpoint: Checkpoint, event: str, **told: object) -> None:
    post(checkpoint.kiosk, "api/case", {"event": event, **told})


def test_two_fingers_become_one_request_that_is_answered(checkpoint: Checkpoint) -> None:
    checkpoint.start(*EVERYTHING)
    pressed = {2: ENROLLED, 7: UNKNOWN}

    request = run_case(
        checkpoint.kiosk,
        lambda finger: checkpoint.module.press(checkpoint.prints.pressed[pressed[finger]]),
        checkpoint.module.lift,
        fingers=2,
    )

    assert references(checkpoint.answer(request)) == [f"entry-{ENROLLED}"]
    state = checkpoint.state()
    assert (state["case"], state["case_ended"], len(state["checks"])) == (None, "sent", 1)


def test_one_finger_twice_is_shown_with_both_and_sent_only_with_a_reason(
    checkpoint: Checkpoint,
) -> None:
    checkpoint.start("kiosk")
    begin_case(checkpoint.kiosk, 2)
    for _ in range(2):
        await_state(checkpoint.kiosk, lambda s: s["capture"]["phase"] == "place_finger")
        checkpoint.module.press(checkpoint.prints.pressed[ENROLLED])
        await_state(checkpoint.kiosk, lambda s: s["capture"]["phase"] == "lift_finger")
        checkpoint.module.lift()

    shown = await_state(checkpoint.kiosk, lambda s: s["case"]["stage"] == "review")["case"]
    assert [(each["finger"], each["status"], each["same_as"]) for each in shown["fingers"]] == [
        (2, "taken", None),
        (7, "same", 2),
    ]
    with pytest.raises(CommandError, match="Decide about each finger first"):
        order(checkpoint, "send")
    order(checkpoint, "use", finger=7, reason="injury")
    order(checkpoint, "send")
    assert len(checkpoint.state()["checks"]) == 1


def pictures(stream: http.client.HTTPResponse) -> Iterator[np.ndarray]:  # type: ignore[type-arg]  # of any size
    """Yield each picture of the finger as it comes."""
    data = b""
    while part := stream.read1():
        data += part
        *whole, data = data.split(b"\r\n--picture\r\n")
        for each in whole:
            jpeg = each.partition(b"\r\n\r\n")[2]
            yield np.asarray(Image.open(io.BytesIO(jpeg)))


def test_the_officer_sees_the_finger_come_and_go(checkpoint: Checkpoint) -> None:
    checkpoint.start("kiosk")
    begin_case(checkpoint.kiosk)
    with urllib.request.urlopen(f"{checkpoint.kiosk}api/finger", timeout=60) as stream:  # noqa: S310  # loopback, http
        seen = pictures(stream)
        checkpoint.module.press(checkpoint.prints.pressed[ENROLLED])
        dark = next(each for each in seen if (each < 128).mean() > 0.1)
        assert dark.shape[0] <= 240
        await_state(checkpoint.kiosk, lambda s: s["case"]["stage"] == "review")
        checkpoint.module.lift()
        assert any((each > 250).all() for each in seen)


def test_of_who_is_no_adult_nothing_but_a_number_is_left(checkpoint: Checkpoint) -> None:
    checkpoint.start("kiosk")
    opening = orders_to_capture(checkpoint.state())[0]
    with pytest.raises(CommandError, match="Open a case first"):
        order(checkpoint, "capture", finger=2)
    before = written(checkpoint.site.folder)
    post(checkpoint.kiosk, "api/case", opening)
    with pytest.raises(CommandError, match="Confirm first that the person is an adult"):
        order(checkpoint, "capture", finger=2)

    order(checkpoint, "adult", answer="unsure")

    state = checkpoint.state()
    assert (state["case"], state["case_ended"]) == (None, "minor")
    with pytest.raises(CommandError, match="Open a case first"):
        order(checkpoint, "adult", answer="adult")
    counts = checkpoint.site.folder / "kiosk.store-cases"
    assert json.loads(counts.read_text())["minor"] == 1
    assert written(checkpoint.site.folder) == before


def written(folder: Path) -> dict[str, bytes]:
    """Return what lies in the audit log and in the store."""
    files = [*(folder / "audit").iterdir(), *folder.glob("kiosk.store*")]
    return {
        each.name: each.read_bytes()
        for each in files
        if each.is_file() and each.name not in {"kiosk.store-cases", "kiosk.store-clock"}
    }


def test_who_refuses_leaves_a_reason_and_the_next_case_can_begin(checkpoint: Checkpoint) -> None:
    checkpoint.start("kiosk")
    begin_case(checkpoint.kiosk)
    order(checkpoint, "refuse", reason="religious")
    stopped = await_state(checkpoint.kiosk, lambda s: s["capture"]["phase"] == "stopped")
    assert (stopped["case"], stopped["case_ended"]) == (None, "refused")
    checkpoint.take(ENROLLED)
    assert len(get(checkpoint.kiosk, "api/state")["checks"]) == 1
