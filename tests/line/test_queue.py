"""What a technician sees of a real kiosk's queue, and what the officer's number stands for."""

import json
import subprocess
import time
import urllib.request
from typing import Any

import pytest

from greenline.cli.children import greenline
from greenline.cli.demo_run import await_state
from greenline.firmware.queue_door import door_beside
from tests.line.conftest import ENROLLED, UNKNOWN, Checkpoint, find


@pytest.fixture
def waiting(checkpoint: Checkpoint) -> str:
    """A request that no matcher has answered yet; the broker keeps it for one that was there."""
    checkpoint.start("broker", "matcher", "kiosk", "uplink")
    checkpoint.kill("matcher")
    return checkpoint.take(ENROLLED)


def queue(checkpoint: Checkpoint, *arguments: str) -> subprocess.CompletedProcess[str]:
    config = checkpoint.site.folder / "kiosk.toml"
    return subprocess.run(
        greenline("queue", *arguments, "--config", config),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def listed(checkpoint: Checkpoint) -> dict[str, Any]:
    """Return the list as JSON, of requests alone: what the kiosk reports of itself is left out."""
    found: dict[str, Any] = json.loads(queue(checkpoint, "list", "--json").stdout)
    found["waiting"] = [each for each in found["waiting"] if each["what"] == "request"]
    return found


def metric(checkpoint: Checkpoint, name: str) -> float:
    with urllib.request.urlopen(f"{checkpoint.kiosk}metrics", timeout=30) as answer:  # noqa: S310  # http
        lines = answer.read().decode().splitlines()
    (value,) = [line.rpartition(" ")[2] for line in lines if line.startswith(f"{name} ")]
    return float(value)


def test_the_list_the_page_and_the_metrics_tell_the_same_until_the_answer_has_come(
    checkpoint: Checkpoint, waiting: str
) -> None:
    await_state(checkpoint.kiosk, lambda s: find(s, waiting)["progress"] == "published")
    persons = 'greenline_queue_requests{lane="person_waiting"}'

    (item,) = listed(checkpoint)["waiting"]
    assert (item["id"], item["state"]) == (waiting, "published")
    assert item["offers"] >= 1
    assert checkpoint.state()["pending"] == metric(checkpoint, persons) == 1
    assert metric(checkpoint, "greenline_store_commit_seconds_count") == 1

    assert queue(checkpoint, "retry", waiting[:8]).stdout.startswith("1 offered")
    checkpoint.start("matcher")
    assert checkpoint.answer(waiting)["late"] is False

    assert listed(checkpoint) == {"running": True, "waiting": []}
    deadline = time.monotonic() + 20
    while metric(checkpoint, persons) and time.monotonic() < deadline:
        pass  # it is read anew once a second
    assert checkpoint.state()["pending"] == metric(checkpoint, persons) == 0
    assert metric(checkpoint, "greenline_resends_total") >= 1


def test_what_the_broker_says_of_a_request_can_be_read(checkpoint: Checkpoint) -> None:
    checkpoint.start("broker", "kiosk", "uplink")
    taken = checkpoint.take(ENROLLED)
    await_state(checkpoint.kiosk, lambda s: "no matcher listens" in s["link_detail"])

    shown = json.loads(queue(checkpoint, "show", taken[:8], "--json").stdout)

    assert (shown["state"], shown["where"]) == ("queued", "Waiting to be sent")
    assert shown["refused_by_the_broker"].startswith("no matcher listens")


def test_a_killed_kiosks_queue_is_read_and_its_late_answer_is_shown_as_late(
    checkpoint: Checkpoint, waiting: str
) -> None:
    checkpoint.kill("kiosk")
    assert door_beside(checkpoint.site.folder / "kiosk.store").is_socket()

    found = listed(checkpoint)
    assert (found["running"], [each["id"] for each in found["waiting"]]) == (False, [waiting])
    assert queue(checkpoint, "retry", "--all").returncode == 1

    checkpoint.start("kiosk")
    state = await_state(checkpoint.kiosk, lambda s: s["capture"]["phase"] == "ready")
    assert (state["pending"], find(state, waiting)["late"]) == (1, False)
    checkpoint.start("matcher")
    assert checkpoint.answer(waiting)["late"] is True

    assert checkpoint.answer(checkpoint.take(UNKNOWN))["late"] is False
