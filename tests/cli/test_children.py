"""Child processes: waited for by what they log, ended in order, never left behind."""

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from greenline.cli.children import Child, signals_held_back, started
from greenline.cli.errors import CommandError
from greenline.cli.site import Site
from tests.cli.processes import kill_started_for, running, starting

StartChild = Callable[[str], Child]

WAITS = "import signal; signal.pause()"
READY = 'print(\'{"event": "ready", "url": "here"}\', flush=True); '


def command(program: str) -> list[str]:
    return [sys.executable, "-c", program]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "child.log"


@pytest.fixture
def start_child(log: Path) -> Iterator[StartChild]:
    """Starts children by their programs, none of which outlives the test."""
    with contextlib.ExitStack() as ending:

        def start(program: str) -> Child:
            child = Child("speaker", command(program), log)
            ending.callback(child.kill)
            return child

        yield start


def test_a_child_is_waited_for_by_an_event_and_ended_by_a_signal(
    start_child: StartChild, log: Path
) -> None:
    child = start_child(READY + WAITS)

    assert child.wait_for_event("ready") == {"event": "ready", "url": "here"}
    assert child.wait_for_event("ready") == {"event": "ready", "url": "here"}
    assert child.running
    assert child.stop() == -signal.SIGTERM
    assert (child.running, running(child.pid)) == (False, False)
    assert log.read_text() == '{"event": "ready", "url": "here"}\n'


def test_what_is_not_json_counts_by_its_text(start_child: StartChild) -> None:
    child = start_child("print('mosquitto running'); print('[1]')")

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


def test_a_signal_waits_until_a_child_is_in_safe_hands(start_child: StartChild) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    children: list[Child] = []

    def start() -> None:
        with signals_held_back():
            signal.raise_signal(signal.SIGTERM)
            children.append(start_child(READY + WAITS))

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
    start_child: StartChild,
) -> None:
    child = start_child(f"import os; print(os.getsid(0), flush=True); {WAITS}")

    assert child.wait_for(lambda _: True, "anything", 30) == {"event": str(child.pid)}
    child.stop()


def test_a_killed_child_is_gone_at_once(start_child: StartChild) -> None:
    ignores = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    child = start_child(ignores + READY + WAITS)
    child.wait_for_event("ready")

    child.kill()

    assert (child.running, running(child.pid)) == (False, False)


def test_a_full_disk_under_the_log_stops_neither_reading_nor_child() -> None:
    child = Child("speaker", command("print('x' * 200_000); print('end')"), Path("/dev/full"))

    assert child.wait_for_event("end") == {"event": "end"}
    child.stop()


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL])
def test_a_process_that_a_failing_test_leaves_stopped_or_killed_is_gone_afterwards(
    site: Site, number: signal.Signals
) -> None:
    def fail() -> None:
        with starting(site) as start:
            left.append(start("uplink"))
            os.kill(left[0].pid, number)
            raise AssertionError("the test fails")

    left: list[Child] = []
    with pytest.raises(AssertionError, match="the test fails"):
        fail()

    assert (left[0].running, running(left[0].pid)) == (False, False)


def test_what_names_a_folder_is_killed_and_nothing_else(
    start_child: StartChild, tmp_path: Path
) -> None:
    named = start_child(f"# {tmp_path}\n{WAITS}")
    other = start_child(READY + WAITS)
    other.wait_for_event("ready")
    os.kill(named.pid, signal.SIGSTOP)

    kill_started_for(tmp_path)

    assert named.stop() == -signal.SIGKILL
    assert other.running
