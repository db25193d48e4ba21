"""A real kiosk and the update beside it: its health, its lock, and what it tells of updates."""

import datetime
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from greenline.cli.demo_run import await_state, begin_case, post
from greenline.cli.errors import CommandError
from greenline.ota.boot_record import BootRecords, SlotState, Trial
from greenline.ota.directories import DirectoryControl, lay_out
from greenline.ota.errors import RefusedError
from greenline.ota.history import History
from greenline.ota.lock import while_idle
from greenline.ota.starting import Course, Keeping, started
from greenline.ota.trial import Outcome, Patience, read_health, watch
from tests.line.conftest import ENROLLED, Checkpoint
from tests.line.test_audit import rows
from tests.line.test_sensor import begin, phase
from tests.ota.machines import make_release

NEVER = Patience(deadline_s=60, settle_s=1, look_s=0.1)


class Beside:
    """The update's files of a checkpoint's kiosk, and the slots it is started from."""

    def __init__(self, checkpoint: Checkpoint, folder: Path) -> None:
        self.health, self.busy = folder / "health.json", folder / "busy.lock"
        self.history = History(folder / "history.jsonl")
        self.control: DirectoryControl = lay_out(folder / "slots")
        self.keeping = Keeping(
            self.control, BootRecords(folder / "records"), self.history, lambda _, __: None
        )
        config = checkpoint.site.folder / "kiosk.toml"
        files = {"health": self.health, "busy": self.busy, "history": folder / "history.jsonl",
                 "status": folder / "status.json"}  # fmt: skip
        table = "".join(f'{name} = "{path}"\n' for name, path in files.items())
        config.write_text(f"{config.read_text()}\n[update]\n{table}")

    def told(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return what the health file says, once it says what is wanted."""
        ticking, found = threading.Event(), {}
        for _ in range(600):
            if self.health.exists():
                found = json.loads(self.health.read_bytes())
                if wanted(found):
                    return found
            ticking.wait(0.05)
        raise AssertionError(f"the health file does not say it: {found}")

    def is_free(self) -> bool:
        try:
            with while_idle(self.busy):
                return True
        except RefusedError:
            return False


@pytest.fixture
def beside(checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Beside:
    made = Beside(checkpoint, tmp_path)
    made.control.start()
    monkeypatch.setenv("GREENLINE_START", made.control.start_id())
    monkeypatch.setenv("GREENLINE_RELEASE", "1.2.3")
    return made


def test_a_kiosk_tells_its_health_as_long_as_it_runs(
    checkpoint: Checkpoint, beside: Beside
) -> None:
    checkpoint.start("kiosk")
    well = beside.told(lambda told: told["sensor"] == "ok" and told["page"] == "ok")
    assert well["store"] == "ok"
    assert well["software"] == "1.2.3"
    assert well["boot"] == os.environ["GREENLINE_START"]
    assert read_health(beside.health) is not None

    checkpoint.line.unplug()
    assert beside.told(lambda told: told["sensor"] != "ok")["sensor"] == "absent"
    checkpoint.line.plug_in()
    beside.told(lambda told: told["sensor"] == "ok")

    checkpoint.stop_all()
    assert not beside.health.exists()


def test_no_update_begins_during_a_check_and_no_check_during_an_update(
    checkpoint: Checkpoint, beside: Beside
) -> None:
    checkpoint.start("kiosk")
    beside.told(lambda told: told["sensor"] == "ok")
    assert beside.is_free()

    begin(checkpoint)
    assert not beside.is_free()
    post(checkpoint.kiosk, "api/case", {"event": "stop"})
    await_state(checkpoint.kiosk, phase("stopped"))
    ticking = threading.Event()
    for _ in range(200):
        if beside.is_free():
            break
        ticking.wait(0.05)
    with while_idle(beside.busy), pytest.raises(CommandError, match="is being updated"):
        begin_case(checkpoint.kiosk)
    assert checkpoint.state()["case"] is None


def test_a_possible_match_that_stands_on_the_page_keeps_updates_away(
    checkpoint: Checkpoint, beside: Beside
) -> None:
    checkpoint.start("broker", "matcher", "kiosk", "uplink")
    request = checkpoint.take(ENROLLED)
    await_state(checkpoint.kiosk, phase("ready"))
    assert not beside.is_free(), "the answer is waited for"

    assert checkpoint.answer(request)["outcome"] == "candidates"
    assert not beside.is_free()
    checkpoint.kill("kiosk")
    assert beside.is_free(), "a lock ends with whoever holds it"
    checkpoint.start("kiosk")
    beside.told(lambda told: told["sensor"] == "ok")
    assert beside.is_free(), "an earlier run left it"


def test_a_real_kiosk_is_confirmed_by_a_trial(
    checkpoint: Checkpoint, beside: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_trial(beside)
    monkeypatch.setenv("GREENLINE_START", beside.control.start_id())
    monkeypatch.setenv("GREENLINE_RELEASE", "2")
    checkpoint.start("kiosk")
    state = await_state(checkpoint.kiosk, lambda state: bool(state["notices"]))
    assert "Release 2 is being tried" in state["notices"]
    assert state["software"] == "greenline 2"

    assert watch(beside.keeping, beside.health, NEVER) is Outcome.CONFIRMED

    await_state(checkpoint.kiosk, lambda state: "Release 2 is being tried" not in state["notices"])
    assert beside.keeping.records.read().trial is None
    assert beside.control.confirmed() == beside.control.running()


def test_one_whose_sensor_does_not_answer_is_undone_and_says_why(
    checkpoint: Checkpoint, beside: Beside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_trial(beside)
    monkeypatch.setenv("GREENLINE_START", beside.control.start_id())
    monkeypatch.setenv("GREENLINE_RELEASE", "2")
    checkpoint.line.unplug()
    checkpoint.start("broker", "matcher", "kiosk", "uplink")
    quick = Patience(deadline_s=6, settle_s=1, look_s=0.1)
    beside.told(lambda told: told["sensor"] == "absent")

    assert watch(beside.keeping, beside.health, quick) is Outcome.GIVEN_UP

    checkpoint.kill("kiosk")
    checkpoint.line.plug_in()
    beside.control.start()
    assert started(beside.keeping) is Course.GO_ON
    monkeypatch.setenv("GREENLINE_RELEASE", "1.2.3")
    checkpoint.start("kiosk")
    words = (
        "The update to release 2 was undone: the fingerprint sensor did not answer under the new "
        "release [trial-failed-sensor]"
    )
    await_state(checkpoint.kiosk, lambda state: words in state["notices"])
    checkpoint.children.pop("kiosk").stop()  # signs what it has noted
    checkpoint.start("kiosk")
    checkpoint.children["kiosk"].wait_for_event("audit receipt")
    checkpoint.stop_all()

    here = rows(checkpoint.site.folder / "audit", tmp_path / "here.jsonl")
    there = rows(checkpoint.site.folder / "audit.db", tmp_path / "there.jsonl")
    for log in (here, there):
        told = [row["words"] for row in log if row["kind"] == "release"]
        assert told == ["Release 2 is being tried", words]
    starts = [row["details"] for row in here if row["kind"] == "start"]
    assert [told["software"] for told in starts if isinstance(told, dict)] == [
        "greenline 2",
        "greenline 1.2.3",
        "greenline 1.2.3",
    ]


def on_trial(beside: Beside) -> None:
    """Have release 2 be on trial in the other slot, and start it."""
    slot = beside.control.other()
    release = make_release("2")
    now = int(datetime.datetime.now(datetime.UTC).timestamp())
    beside.keeping.records.change(
        lambda record: type(record)(
            serial=record.serial,
            slots=record.with_slot(slot, SlotState.READY, release.index).slots,
            trial=Trial(slot.name, 1, now),
        )
    )
    beside.control.begin_trial(slot)
    beside.history.add("tried", slot.name, "2")
    beside.control.start()
    assert started(beside.keeping) is Course.WATCH
