"""Child processes: waited for by what they log, ended in order, never left behind."""

import contextlib
import signal
import sys
from pathlib import Path

import pytest

from greenline.cli.children import Child, signals_held_back, started
from greenline.cli.errors import CommandError
from tests.cli.processes import running

WAITS = "import signal; signal.pause()"
READY = 'print(\'{"event": "ready", "url": "here"}\', flush=True); '


def command(program: str) -> list[str]:
    return [sys.executable, "-c", program]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "child.log"


def test_a_child_is_waited_for_by_an_event_and_ended_by_a_signal(log: Path) -> None:
    child = Child("sleeper", command(READY + WAITS), log)

    assert child.wait_for_event("ready") == {"event": "ready", "url": "here"}
    assert child.wait_for_event("ready") == {"event": "ready", "url": "here"}
    assert child.running
    assert child.stop() == -signal.SIGTERM
    assert (child.running, running(child.pid)) == (False, False)
    assert log.read_text() == '{"event": "ready", "url": "here"}\n'


def test_what_is_not_json_counts_by_its_text(log: Path) -> None:
    child = Child("speaker", command("print('mosquitto running'); print('[1]')"), log)

    assert child.wait_for(lambda event: "running" in event["event"], "running", 30) == {
        "event": "mosquitto running"
    }
    assert child.wait_for_event("[1]") == {"event": "[1]"}
    child.stop()


def test_a_child_that_ends_too_early_is_told_with_its_last_words(log: Path) -> None:
    program = "import sys; print('one'); sys.exit('greenline: port 80 cannot be used')"

    with pytest.raises(CommandError) as told:
        started("kiosk", command(program), log, lambda child: child.wait_for_event("ready"))

    assert str(told.value) == (
        f"the kiosk did not come to 'ready'; its log ({log}) ends with: "
        "one | greenline: port 80 cannot be used"
    )
    assert told.value.exit_code == 5


def test_a_child_that_does_not_come_to_it_in_time_is_not_left_behind(log: Path) -> None:
    pids = []

    def ready(child: Child) -> None:
        pids.append(child.pid)
        child.wait_for_event("ready")
        child.wait_for_event("never", timeout_s=0)

    with pytest.raises(CommandError, match="did not come to 'never'"):
        started("kiosk", command(READY + WAITS), log, ready)

    assert [running(pid) for pid in pids] == [False]


def test_ctrl_c_while_waiting_leaves_no_child_behind(log: Path) -> None:
    pids = []

    def ready(child: Child) -> None:
        pids.append(child.pid)
        child.wait_for_event("ready")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        started("kiosk", command(READY + WAITS), log, ready)

    assert [running(pid) for pid in pids] == [False]


def test_a_signal_waits_until_a_child_is_in_safe_hands(log: Path) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    children: list[Child] = []

    def start() -> None:
        with signals_held_back():
            signal.raise_signal(signal.SIGTERM)
            children.append(Child("sleeper", command(READY + WAITS), log))

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            start()
        assert signal.getsignal(signal.SIGTERM) is interrupt
    finally:
        signal.signal(signal.SIGTERM, before)

    (child,) = children
    assert child.wait_for_event("ready")["url"] == "here"
    child.stop()


def test_a_started_child_is_ended_by_whoever_was_given_its_end(log: Path) -> None:
    with contextlib.ExitStack() as ending:
        child = started(
            "sleeper",
            command(READY + WAITS),
            log,
            lambda child: child.wait_for_event("ready"),
            ending,
        )
        assert child.running

    assert not running(child.pid)


def test_a_child_has_a_session_of_its_own_so_that_ctrl_c_reaches_the_parent_alone(
    log: Path,
) -> None:
    child = Child("sleeper", command(f"import os; print(os.getsid(0), flush=True); {WAITS}"), log)

    assert child.wait_for(lambda _: True, "anything", 30) == {"event": str(child.pid)}
    child.stop()


def test_a_killed_child_is_gone_at_once(log: Path) -> None:
    ignores = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    child = Child("stubborn", command(ignores + READY + WAITS), log)
    child.wait_for_event("ready")

    child.kill()

    assert (child.running, running(child.pid)) == (False, False)


def test_a_full_disk_under_the_log_stops_neither_reading_nor_child() -> None:
    child = Child("speaker", command("print('x' * 200_000); print('end')"), Path("/dev/full"))

    assert child.wait_for_event("end") == {"event": "end"}
    child.stop()
