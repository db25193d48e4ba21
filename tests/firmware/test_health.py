import contextlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from greenline.firmware.board import Board, Capture, Check, DeviceName, Phase, Progress
from greenline.firmware.health import HealthParts, HealthReport, sensor_health, start_name
from greenline.firmware.lateness import LATE_AFTER_S
from greenline.firmware.occupied import MATCH_READ_S, is_capturing
from greenline.ota.errors import RefusedError
from greenline.ota.lock import while_idle
from greenline.ota.trial import fault_in, read_health
from greenline.protocol.messages import Outcome

READY = Capture(Phase.READY, "Ready")
READING = Capture(Phase.READING, "Hold still")


@pytest.fixture
def board() -> Board:
    made = Board("k1", 20)
    made.show_device(DeviceName.SENSOR)
    made.show_capture(READY)
    return made


@pytest.fixture
def report(board: Board, tmp_path: Path) -> Iterator[HealthReport]:
    parts = HealthParts(
        tmp_path / "health.json", tmp_path / "busy", "1.2", lambda: True, lambda: True, "this"
    )
    made = HealthReport(parts, board)
    made.start()
    wait_for(tmp_path / "health.json", lambda told: True)
    yield made
    made.stop()


def wait_for(path: Path, wanted: object) -> dict[str, object]:
    """Return what the file says once it says what is wanted."""
    assert callable(wanted)
    ticking = threading.Event()
    for _ in range(500):
        if path.exists():
            told: dict[str, object] = json.loads(path.read_bytes())
            if wanted(told):
                return told
        ticking.wait(0.02)
    raise AssertionError("the health file does not say it")


def test_a_kiosk_that_is_well_says_so(report: HealthReport, tmp_path: Path) -> None:
    health = read_health(tmp_path / "health.json")

    assert health is not None
    assert (health.boot, health.software) == ("this", "1.2")
    assert fault_in(health, None, "this", health.monotonic_ms / 1000, 0.0) is None
    assert (health.sensor, health.store, health.page, health.clock) == ("ok", "ok", "ok", "sane")


def test_what_fails_is_named(report: HealthReport, board: Board, tmp_path: Path) -> None:
    board.show_device(DeviceName.SENSOR, missing="USB 05ba:000a: it is not there; plug it in")
    board.show_device(DeviceName.STORE, missing="the store is full")

    told = wait_for(tmp_path / "health.json", lambda told: told["store"] == "failed")

    assert told["sensor"] == "absent"


def test_no_update_begins_while_a_finger_is_taken(
    report: HealthReport, board: Board, tmp_path: Path
) -> None:
    with while_idle(tmp_path / "busy"):
        pass

    board.show_capture(READING)

    with pytest.raises(RefusedError), while_idle(tmp_path / "busy"):
        pass
    board.show_capture(READY)
    with while_idle(tmp_path / "busy"):
        pass


def test_no_check_begins_while_an_update_restarts_the_kiosk(
    report: HealthReport, tmp_path: Path
) -> None:
    with while_idle(tmp_path / "busy"):
        assert not report.may_begin()

    assert report.may_begin()

    with pytest.raises(RefusedError), while_idle(tmp_path / "busy"):
        pass


def test_an_update_that_only_looks_stops_no_check(board: Board, tmp_path: Path) -> None:
    parts = HealthParts(
        tmp_path / "health.json", tmp_path / "busy", "1", lambda: True, lambda: True, "this"
    )
    with contextlib.ExitStack() as looking:
        looking.enter_context(while_idle(parts.busy))
        report = HealthReport(parts, board, wait=lambda _: looking.close())
        assert report.may_begin()


def test_a_result_that_is_waited_for_and_read_keeps_updates_away(
    board: Board, tmp_path: Path
) -> None:
    """The lock follows the case, by running time: in the end an update may begin."""
    now = [100.0]
    busy = tmp_path / "busy"
    parts = HealthParts(tmp_path / "health", busy, "1", lambda: True, lambda: True, "x")
    board.show_check(check("left over", Progress.ANSWERED, Outcome.CANDIDATES))
    report = HealthReport(parts, board, lambda: now[0])
    report.start()
    seen = []
    for each, passed in (
        (check("new", Progress.QUEUED), 0.0),
        (check("new", Progress.PUBLISHED), LATE_AFTER_S - 1),
        (check("new", Progress.ANSWERED, Outcome.CANDIDATES), 30.0),
        (check("new", Progress.ANSWERED, Outcome.CANDIDATES), MATCH_READ_S + 1),
    ):
        seen.append(is_free(busy))
        now[0] += passed
        board.show_check(each)
    seen.append(is_free(busy))
    report.stop()

    assert seen == [True, False, False, False, True]


def is_free(busy: Path) -> bool:
    try:
        with while_idle(busy):
            return True
    except RefusedError:
        return False


def check(name: str, progress: Progress, outcome: str = "") -> Check:
    return Check(name, 1, progress, "words", outcome)


def test_a_fault_is_logged_once(
    board: Board, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    missing = tmp_path / "missing"
    parts = HealthParts(missing / "health", missing / "busy", "1", lambda: True, lambda: True, "x")
    report = HealthReport(parts, board)
    report.start()
    for share in range(20):
        board.show_capture(Capture(Phase.READY, "Ready", share / 20))
    report.stop()

    assert report.may_begin(), "without a folder for the lock checks go on"
    assert [each.message for each in caplog.records].count("health not reported") == 1


def test_a_kiosk_that_ended_is_not_well(board: Board, tmp_path: Path) -> None:
    parts = HealthParts(
        tmp_path / "health.json", tmp_path / "busy", "1", lambda: True, lambda: False, "this"
    )
    report = HealthReport(parts, board)
    report.start()
    told = wait_for(tmp_path / "health.json", lambda told: True)
    assert told["clock"] == "unknown"
    board.show_capture(READING)

    report.stop()

    assert read_health(tmp_path / "health.json") is None
    with while_idle(tmp_path / "busy"):
        pass


def test_a_folder_that_cannot_be_written_stops_no_kiosk(board: Board, tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    parts = HealthParts(missing / "health", missing / "busy", "1", lambda: True, lambda: True, "x")
    report = HealthReport(parts, board)
    report.start()

    board.show_capture(READING)
    report.stop()

    assert not missing.exists()


@pytest.mark.parametrize("phase", Phase)
def test_every_phase_with_a_person_at_the_sensor_is_busy(board: Board, phase: Phase) -> None:
    board.show_capture(Capture(phase, ""))

    idle = {Phase.STARTING, Phase.READY, Phase.STOPPED, Phase.REFUSED, Phase.FAULT}
    assert is_capturing(board.state()) is (phase not in idle)


def test_a_sensor_that_is_there_and_does_not_work_has_failed(board: Board) -> None:
    board.show_device(DeviceName.SENSOR, missing="the sensor refused GetImage with code 0x01")
    assert sensor_health(board.state()) == "failed"
    board.show_device(DeviceName.SENSOR)
    assert sensor_health(board.state()) == "ok"
    board.show_capture(Capture(Phase.STARTING, "Starting"))
    assert sensor_health(board.state()) == "failed"


def test_a_start_has_a_name() -> None:
    assert len(start_name()) > 10
