"""The contract of BootControl, held by both kinds."""

from pathlib import Path

import pytest

from greenline.ota.errors import OtaError
from tests.ota.machines import DEVICES, Device, make_release


@pytest.fixture(params=DEVICES)
def device(request: pytest.FixtureRequest, tmp_path: Path) -> Device:
    made = DEVICES[request.param](tmp_path)
    made.machine.power_on()
    made.boot.other().place.write_bytes(make_release("2").image)
    return made


def test_the_confirmed_slot_starts_and_that_is_no_trial(device: Device) -> None:
    boot = device.boot

    assert boot.running() == boot.confirmed()
    assert boot.other() != boot.running()
    assert not boot.is_trial()


def test_a_trial_starts_the_other_slot_once(device: Device) -> None:
    before, other = device.boot.running(), device.boot.other()

    device.boot.begin_trial(other)
    device.machine.reboot()

    assert device.boot.running() == other
    assert device.boot.is_trial()
    assert device.boot.confirmed() == before
    device.machine.reset()
    assert device.boot.running() == before
    assert not device.boot.is_trial()


@pytest.mark.parametrize("how", ["power_on", "reboot", "reset"])
def test_whatever_ends_a_trial_the_confirmed_slot_follows(device: Device, how: str) -> None:
    before = device.boot.running()
    device.boot.begin_trial(device.boot.other())
    device.machine.reboot()

    getattr(device.machine, how)()

    assert device.boot.running() == before


def test_a_confirmed_trial_starts_by_itself(device: Device) -> None:
    other = device.boot.other()
    device.boot.begin_trial(other)
    device.machine.reboot()

    device.boot.confirm()
    device.boot.confirm()

    assert not device.boot.is_trial()
    assert device.boot.confirmed() == other
    device.machine.power_on()
    assert device.boot.running() == other


def test_after_it_the_first_slot_can_be_tried_again(device: Device) -> None:
    first = device.boot.running()
    device.boot.begin_trial(device.boot.other())
    device.machine.reboot()
    device.boot.confirm()

    device.boot.begin_trial(first)
    device.machine.reboot()

    assert device.boot.running() == first
    assert device.boot.is_trial()


def test_a_trial_that_is_given_up_is_not_begun(device: Device) -> None:
    before = device.boot.running()
    device.boot.begin_trial(device.boot.other())

    device.boot.give_up()
    device.boot.give_up()
    device.machine.reboot()

    assert device.boot.running() == before


def test_a_rotten_slot_is_left_for_good(device: Device) -> None:
    other = device.boot.other()

    device.boot.fall_back()
    device.machine.power_on()

    assert device.boot.running() == device.boot.confirmed() == other
    assert not device.boot.is_trial()


def test_the_confirmed_slot_cannot_be_tried(device: Device) -> None:
    with pytest.raises(OtaError, match="cannot be tried"):
        device.boot.begin_trial(device.boot.confirmed())


def test_each_start_has_a_name_of_its_own(device: Device) -> None:
    first = device.boot.start_id()
    device.machine.power_on()

    assert device.boot.start_id() != first
