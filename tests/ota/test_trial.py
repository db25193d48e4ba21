"""What becomes of a trial: releases that work, that do not, and power that goes."""

import os
from pathlib import Path

import pytest

from greenline.ota.boot_record import SlotState, Trial
from greenline.ota.lock import held
from greenline.ota.reasons import Reason
from greenline.ota.starting import MOST_ARMS, MOST_UNHEALTHY, Course, started
from greenline.ota.trial import (
    STALE_MS,
    Health,
    Outcome,
    confirm,
    fault_in,
    give_up_by_hand,
    read_health,
)
from tests.ota.machines import DEVICES, WELL, Behaviour, Device, make_release

ONE = make_release("1")
BAD = {
    "sensor": (Behaviour(sensor="failed"), Reason.TRIAL_FAILED_SENSOR),
    "no sensor": (Behaviour(sensor="absent"), Reason.TRIAL_FAILED_SENSOR),
    "store": (Behaviour(store="failed"), Reason.TRIAL_FAILED_STORE),
    "page": (Behaviour(page="failed"), Reason.TRIAL_FAILED_PAGE),
    "silent": (Behaviour(says_health=False), Reason.TRIAL_FAILED_HEALTH),
    "panic or hang": (Behaviour(comes_up=False), Reason.TRIAL_NEVER_CAME_UP),
}


@pytest.fixture(params=DEVICES)
def device(request: pytest.FixtureRequest, tmp_path: Path) -> Device:
    made = DEVICES[request.param](tmp_path)
    made.place_factory_release(ONE)
    return made


def told(device: Device) -> list[tuple[str, str, Reason | None]]:
    return [(each.what, each.release, each.reason) for each in device.keeping.history.entries()]


def test_a_release_that_works_is_confirmed_and_the_floors_rise_last(device: Device) -> None:
    two = make_release("2", security_version=5, data_floor=3)
    device.install(two)
    device.machine.reboot()
    assert device.raised == []

    assert device.run() is Outcome.CONFIRMED

    assert device.release() == "2"
    assert device.boot.confirmed() == device.boot.running()
    assert device.raised == [(5, 3)]
    record = device.keeping.records.read()
    assert (record.security_floor, record.data_floor, record.floors_due) == (5, 3, False)
    assert record.trial is None
    assert told(device)[-1] == ("confirmed", "2", None)
    device.machine.power_on()
    assert device.release() == "2"


@pytest.mark.parametrize("fault", BAD)
def test_one_that_does_not_is_left_with_its_reason(device: Device, fault: str) -> None:
    behaviour, reason = BAD[fault]

    device.update(make_release("2", behaviour, security_version=5))

    assert device.release() == "1"
    assert device.boot.confirmed() == device.boot.running()
    assert device.raised == []
    assert ("given-up", "2", reason) in told(device)
    record = device.keeping.records.read()
    assert record.of(device.boot.other()).state is SlotState.BAD
    assert record.security_floor == 0
    device.machine.power_on()
    assert device.run() is not Outcome.GIVEN_UP
    assert device.release() == "1"


def test_without_a_network_it_is_kept(device: Device) -> None:
    """A Pi without a network does not know the time: that is no fault of the release."""
    assert device.update(make_release("2", Behaviour(clock="unknown"))) is Outcome.CONFIRMED


def test_a_sensor_that_was_absent_before_may_be_absent_after(device: Device) -> None:
    device.sensor_absent = True

    assert device.update(make_release("2", Behaviour(sensor="absent"))) is Outcome.CONFIRMED


def test_three_power_cuts_during_a_trial_are_no_bad_image(device: Device) -> None:
    device.install(make_release("2"))
    device.machine.reboot()
    for _ in range(3):
        assert device.release() == "2"
        assert started(device.keeping) is Course.WATCH
        device.machine.power_on()
        assert device.release() == "1"
        assert started(device.keeping) is Course.RESTART
        device.machine.reboot()

    assert device.run() is Outcome.CONFIRMED
    assert device.release() == "2"


def test_a_fourth_is(device: Device) -> None:
    device.install(make_release("2"))
    device.machine.reboot()
    for _ in range(MOST_ARMS - 1):
        device.machine.power_on()
        assert started(device.keeping) is Course.RESTART
        device.machine.reboot()
    device.machine.power_on()

    assert started(device.keeping) is Course.GO_ON

    assert told(device)[-1] == ("given-up", "2", Reason.TRIAL_NEVER_CAME_UP)
    device.machine.reboot()
    assert device.release() == "1"


def test_power_that_goes_before_the_trial_is_no_end_of_it(device: Device) -> None:
    device.install(make_release("2"))
    device.machine.power_on()

    assert device.run() is Outcome.CONFIRMED


def test_a_watch_on_the_confirmed_slot_does_not_confirm_what_was_never_started(
    device: Device,
) -> None:
    device.install(make_release("2"))

    assert device.watched(WELL) is Outcome.NO_TRIAL
    assert confirm(device.keeping) is Outcome.NO_TRIAL

    assert device.boot.confirmed().place.read_bytes() == ONE.image
    assert device.keeping.records.read().trial is not None


class TestRotting:
    """A confirmed slot that stops working later."""

    def test_after_three_starts_without_health_the_other_slot_takes_over(
        self, device: Device
    ) -> None:
        device.update(make_release("2"))
        for _ in range(MOST_UNHEALTHY):
            device.machine.power_on()
            assert started(device.keeping) is Course.GO_ON
            assert device.release() == "2"
        device.machine.power_on()

        assert started(device.keeping) is Course.RESTART
        device.machine.reboot()
        assert started(device.keeping) is Course.GO_ON

        assert device.release() == "1"
        assert device.boot.confirmed() == device.boot.running()
        assert told(device)[-1] == ("fell-back", "2", Reason.CONFIRMED_SLOT_FAILED)

    def test_health_starts_the_count_anew(self, device: Device) -> None:
        device.update(make_release("2"))
        for _ in range(3 * MOST_UNHEALTHY):
            device.machine.power_on()
            assert device.run() is Outcome.NO_TRIAL

        assert device.release() == "2"

    def test_a_broken_sensor_is_no_reason(self, device: Device) -> None:
        device.update(make_release("2"))
        for _ in range(MOST_UNHEALTHY + 2):
            device.machine.power_on()
            started(device.keeping)
            assert device.watched(Behaviour(sensor="failed", store="failed")) is Outcome.NO_TRIAL

        assert device.release() == "2"

    @pytest.mark.parametrize("raised", [{"data_floor": 1}, {"security_version": 1}])
    def test_it_never_goes_below_a_floor(self, device: Device, raised: dict[str, int]) -> None:
        device.update(make_release("2", **raised))  # type: ignore[arg-type]
        for _ in range(MOST_UNHEALTHY + 4):
            device.machine.power_on()
            assert started(device.keeping) is Course.GO_ON

        assert device.release() == "2"
        stays = [each for each in told(device) if each[0] == "stays"]
        assert stays == [("stays", "2", Reason.CONFIRMED_SLOT_FAILED)]

    def test_it_never_goes_to_a_slot_that_was_given_up(self, device: Device) -> None:
        device.update(make_release("2", Behaviour(sensor="failed")))
        for _ in range(MOST_UNHEALTHY + 4):
            device.machine.power_on()
            assert started(device.keeping) is Course.GO_ON

        assert device.release() == "1"

    def test_an_update_out_of_it_is_possible(self, device: Device) -> None:
        device.update(make_release("2"))
        for _ in range(2):
            device.machine.power_on()
            started(device.keeping)

        assert device.update(make_release("3")) is Outcome.CONFIRMED


def test_a_slot_that_the_bootloader_walked_to_is_kept_when_it_was_good(tmp_path: Path) -> None:
    device = DEVICES["tryboot"](tmp_path)
    device.place_factory_release(ONE)
    device.update(make_release("2"))
    device.boot.running().place.write_bytes(bytes(1024))

    device.machine.power_on()
    device.run()

    assert device.release() == "1"
    assert device.boot.confirmed() == device.boot.running()
    assert told(device)[-1] == ("fell-back", "2", Reason.CONFIRMED_SLOT_FAILED)


def test_a_trial_that_walked_is_judged_as_one(tmp_path: Path) -> None:
    """The confirmed slot rotted before the restart: the new one is all there is."""
    device = DEVICES["tryboot"](tmp_path)
    device.place_factory_release(ONE)
    device.install(make_release("2"))
    device.boot.confirmed().place.write_bytes(bytes(1024))
    device.machine.power_on()

    assert device.run() is Outcome.CONFIRMED


def test_a_person_can_give_a_trial_up(device: Device) -> None:
    device.install(make_release("2"))
    device.machine.reboot()
    started(device.keeping)

    assert give_up_by_hand(device.keeping, Reason.TRIAL_FAILED_PAGE) is Course.RESTART
    device.machine.reboot()

    assert device.release() == "1"
    assert give_up_by_hand(device.keeping, Reason.TRIAL_FAILED_PAGE) is Course.GO_ON


def test_the_locks_of_a_dead_process_are_free(tmp_path: Path) -> None:
    with held(tmp_path / "lock", Reason.LOCKED):
        pass
    with held(tmp_path / "lock", Reason.LOCKED):
        assert (tmp_path / "lock").exists()


def test_a_pipe_is_neither_a_lock_nor_health_and_nobody_waits_for_it(tmp_path: Path) -> None:
    """Both lie in the kiosk's folder: whoever has taken the kiosk over must not stop its judge."""
    os.mkfifo(tmp_path / "pipe")
    assert read_health(tmp_path / "pipe") is None
    with held(tmp_path / "pipe", Reason.BUSY):
        assert (tmp_path / "pipe").is_fifo()


class TestHealth:
    """What is believed of a health file."""

    TRIAL = Trial("b", 1, 1_800_000_000)
    GOOD = Health(1, "this", 50_000, "ok", "ok", "ok", "sane")

    def fault(self, health: Health | None, now_s: float = 1_800_000_060.0) -> Reason | None:
        return fault_in(health, self.TRIAL, "this", 51.0, now_s)

    def test_a_good_one_of_this_start_is(self) -> None:
        assert self.fault(self.GOOD) is None

    def test_one_of_another_start_or_an_old_one_is_not(self) -> None:
        other = Health(1, "that", 50_000, "ok", "ok", "ok", "sane")
        late = fault_in(self.GOOD, self.TRIAL, "this", 50.001 + STALE_MS / 1000, 1_800_000_060.0)

        assert self.fault(other) is self.fault(None) is late is Reason.TRIAL_FAILED_HEALTH

    def test_a_clock_that_fell_back_is_a_fault_unless_somebody_vouches_for_it(self) -> None:
        doubtful = Health(1, "this", 50_000, "ok", "ok", "ok", "unknown")

        assert self.fault(doubtful) is None
        assert self.fault(doubtful, now_s=0.0) is Reason.TRIAL_FAILED_CLOCK
        assert self.fault(self.GOOD, now_s=0.0) is None

    @pytest.mark.parametrize(
        "data", [b"", b"{", b"[]", b'{"format":2}', b"\xff", b"[" * 5000, b'{"format":1}']
    )
    def test_what_cannot_be_read_says_nothing(self, tmp_path: Path, data: bytes) -> None:
        (tmp_path / "health.json").write_bytes(data)

        assert read_health(tmp_path / "health.json") is None
        assert read_health(tmp_path / "none.json") is None
