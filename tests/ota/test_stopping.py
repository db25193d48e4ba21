"""A device that a person restarts in order leaves neither its slot nor its trial for it."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from greenline.ota.directories import DirectoryControl
from greenline.ota.reasons import Reason
from greenline.ota.starting import MOST_ARMS, MOST_UNHEALTHY, Course, change_confirmed, started
from greenline.ota.stopping import MOST_ORDERLY, stopping
from greenline.ota.trial import Outcome
from tests.ota.machines import DEVICES, Behaviour, Device, folder_device, make_release

ONE = make_release("1")
CRASHES = Behaviour(says_health=False)


@pytest.fixture(params=DEVICES)
def device(request: pytest.FixtureRequest, tmp_path: Path) -> Device:
    made = DEVICES[request.param](tmp_path)
    made.place_factory_release(ONE)
    return made


def unhealthy(device: Device) -> int:
    return device.keeping.records.read().unhealthy_starts


def whats(device: Device) -> list[str]:
    return [each.what for each in device.keeping.history.entries()]


def test_a_restart_in_order_before_health_is_told_counts_for_nothing(device: Device) -> None:
    device.update(make_release("2"))
    for _ in range(2 * MOST_UNHEALTHY):
        device.machine.power_on()
        assert started(device.keeping) is Course.GO_ON
        assert unhealthy(device) == 1
        assert stopping(device.keeping)
        assert unhealthy(device) == 0

    assert device.release() == "2"


def test_it_takes_back_its_own_start_alone_and_once(device: Device) -> None:
    device.update(make_release("2"))
    for _ in range(2):
        device.machine.power_on()
        started(device.keeping)

    assert [stopping(device.keeping) for _ in range(3)] == [True, False, False]
    assert unhealthy(device) == 1


def test_a_start_that_was_not_looked_at_takes_nothing_back(device: Device) -> None:
    device.update(make_release("2"))
    device.machine.power_on()
    started(device.keeping)
    device.machine.power_on()

    assert not stopping(device.keeping)
    assert unhealthy(device) == 1


def test_a_healthy_start_has_nothing_to_take_back(device: Device) -> None:
    device.machine.power_on()
    assert device.run() is Outcome.NO_TRIAL
    before = device.keeping.records.read()

    assert not stopping(device.keeping)

    assert device.keeping.records.read() == before


def test_a_release_that_restarts_the_device_in_order_for_ever_is_left(device: Device) -> None:
    """A kiosk that crashes at each start has systemd restart the device, in order."""
    device.update(make_release("2"))
    starts = 0
    while device.release() == "2":
        starts += 1
        assert starts <= MOST_ORDERLY + MOST_UNHEALTHY + 1
        device.machine.power_on()
        if started(device.keeping) is Course.RESTART:
            device.machine.reboot()
        stopping(device.keeping)

    assert starts == MOST_ORDERLY + MOST_UNHEALTHY + 1
    assert whats(device)[-1] == "fell-back"


def test_health_begins_that_count_anew(device: Device) -> None:
    device.update(make_release("2"))
    for _ in range(3 * MOST_ORDERLY):
        device.machine.power_on()
        started(device.keeping)
        stopping(device.keeping)
        device.machine.power_on()
        assert device.run() is Outcome.NO_TRIAL

    assert device.release() == "2"
    assert device.keeping.records.read().taken_back == 0


def test_a_slot_that_stays_says_so_once_whoever_restarts_it(device: Device) -> None:
    device.update(make_release("2", data_floor=1))
    for _ in range(MOST_UNHEALTHY + 4):
        device.machine.power_on()
        started(device.keeping)
    for _ in range(4):
        device.machine.power_on()
        started(device.keeping)
        assert not stopping(device.keeping)

    assert whats(device).count("stays") == 1


class TestTrial:
    """A trial that is cut off in order."""

    def restarted(self, device: Device, *, in_order: bool) -> Course:
        """Start the trial, end it, and start again."""
        assert started(device.keeping) is Course.WATCH
        assert stopping(device.keeping) is in_order
        device.machine.reboot()
        course = started(device.keeping)
        if course is Course.RESTART:
            assert not stopping(device.keeping), "the trial is to come: nothing to take back"
            device.machine.reboot()
        return course

    def test_it_is_begun_again_without_using_an_arm_up(self, device: Device) -> None:
        device.install(make_release("2"))
        device.machine.reboot()
        for _ in range(2 * MOST_ARMS):
            assert self.restarted(device, in_order=True) is Course.RESTART

        trial = device.keeping.records.read().trial
        assert trial is not None
        assert trial.arms == 1
        assert device.run() is Outcome.CONFIRMED
        assert device.release() == "2"

    def test_power_cuts_in_between_are_still_counted(self, device: Device) -> None:
        device.install(make_release("2"))
        device.machine.reboot()
        for _ in range(MOST_ARMS - 1):
            self.restarted(device, in_order=True)
            started(device.keeping)
            device.machine.power_on()
            assert started(device.keeping) is Course.RESTART
            device.machine.reboot()
        device.machine.power_on()

        assert started(device.keeping) is Course.GO_ON
        assert whats(device)[-1] == "given-up"

    def test_one_that_restarts_the_device_in_order_for_ever_is_given_up(
        self, device: Device
    ) -> None:
        device.install(make_release("2"))
        device.machine.reboot()
        for _ in range(MOST_ORDERLY):
            assert self.restarted(device, in_order=True) is Course.RESTART
        courses = [self.restarted(device, in_order=False) for _ in range(MOST_ARMS)]

        assert courses == [Course.RESTART] * (MOST_ARMS - 1) + [Course.GO_ON]
        last = device.keeping.history.entries()[-1]
        assert (last.what, last.reason) == ("given-up", Reason.TRIAL_NEVER_CAME_UP)

    def test_one_that_is_armed_is_not_touched(self, device: Device) -> None:
        device.install(make_release("2"))
        before = device.keeping.records.read()

        assert not stopping(device.keeping)

        assert device.keeping.records.read() == before

    def test_one_that_was_given_up_is_not_taken_up_again(self, device: Device) -> None:
        device.install(make_release("2", CRASHES))
        device.machine.reboot()
        started(device.keeping)
        assert device.watched(CRASHES) is Outcome.GIVEN_UP

        assert not stopping(device.keeping)
        device.machine.reboot()
        started(device.keeping)

        assert device.release() == "1"


def test_an_interrupted_confirmation_is_finished_also_after_an_end_in_order(
    device: Device,
) -> None:
    class PowerCutError(Exception):
        """The card loses its power before the floors are raised."""

    def cut(security: int, data: int) -> None:
        raise PowerCutError

    device.install(make_release("2", security_version=1))
    device.machine.reboot()
    started(device.keeping)
    whole, device.keeping = (
        device.keeping,
        type(device.keeping)(device.boot, device.keeping.records, device.keeping.history, cut),
    )
    with pytest.raises(PowerCutError):
        device.watched(Behaviour())
    device.keeping = whole

    assert not stopping(device.keeping)
    device.machine.reboot()
    started(device.keeping)

    assert (device.release(), device.raised) == ("2", [(1, 0)])


def test_a_person_who_goes_back_is_told_as_one(device: Device) -> None:
    device.update(make_release("2"))
    record, boot = device.keeping.records.read(), device.boot

    change_confirmed(
        device.keeping, record, boot.other(), floors=False, reason=Reason.GIVEN_UP_BY_HAND
    )

    last = device.keeping.history.entries()[-1]
    assert (last.what, last.release, last.reason) == ("fell-back", "2", Reason.GIVEN_UP_BY_HAND)
    assert list(device.keeping.records.read().given_up.values()) == [Reason.GIVEN_UP_BY_HAND]


SLEEPER = """
import os, sys, time
open(sys.argv[1], "w").write(os.environ["GREENLINE_START"] + " " + os.environ["GREENLINE_RELEASE"])
{then}
"""
LAUNCH = """
import sys
from pathlib import Path
from greenline.ota.boot_record import BootRecords
from greenline.ota.directories import DirectoryControl
from greenline.ota.history import History
from greenline.ota.launcher import Launcher
from greenline.ota.starting import Keeping
folder = Path(sys.argv[1])
control = DirectoryControl(folder / "slots")
keeping = Keeping(control, BootRecords(folder / "state"), History(folder / "state/history.jsonl"),
                  lambda security, data: None)
command = [sys.executable, str(folder / "run.py"), str(folder / "came")]
Launcher(control, keeping, command, folder / "health", folder / "slots").run()
"""


def launched(device: Device, then: str) -> str:
    """Run the launcher until the application has come up, end it; return what that said."""
    (device.folder / "run.py").write_text(SLEEPER.format(then=then))
    came, ticking = device.folder / "came", threading.Event()
    came.unlink(missing_ok=True)
    launcher = subprocess.Popen([sys.executable, "-c", LAUNCH, str(device.folder)])
    try:
        for _ in range(600):
            if came.exists() and " " in (told := came.read_text()):
                return told
            ticking.wait(0.05)
        raise AssertionError("the application does not come up")
    finally:
        launcher.send_signal(signal.SIGTERM)
        assert launcher.wait(30) == 0


def test_a_launcher_that_is_ended_four_times_before_health_stays_with_its_slot(
    tmp_path: Path,
) -> None:
    device = folder_device(tmp_path)
    device.place_factory_release(ONE)
    starts = [launched(device, "time.sleep(600)") for _ in range(MOST_UNHEALTHY + 1)]

    assert [told.split()[1] for told in starts] == ["1"] * len(starts)
    assert len({told.split()[0] for told in starts}) == len(starts)
    assert isinstance(device.boot, DirectoryControl)
    assert unhealthy(device) == 0
