"""Speeds and packets in virtual time: raised as far as they work, lowered when they do not."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from greenline.drivers.errors import BadTransferError, PortTimeoutError
from greenline.drivers.simulation.faults import (
    AboveSpeed,
    CutOff,
    Fault,
    LostBytes,
    OnPictures,
    Silent,
    Times,
)
from greenline.drivers.simulation.virtual import VirtualPort, VirtualSupply
from greenline.drivers.simulation.wire import Wire
from greenline.drivers.simulation.zfm_kinds import AS608, R503, ModuleKind, SpeedChange
from greenline.drivers.simulation.zfm_module import ZfmModule
from greenline.drivers.zfm import Zfm
from greenline.drivers.zfm_commands import Command
from greenline.drivers.zfm_link import Link
from greenline.drivers.zfm_start import search_speed
from greenline.drivers.zfm_tuning import Change, Tuning
from greenline.drivers.zfm_wiring import Wiring
from greenline.prints.frame import Frame

MakePrint = Callable[[ModuleKind], Frame]
LOSSY = OnPictures(LostBytes(300, 5))


def port_to(module: ZfmModule, *faults: Fault) -> VirtualPort:
    return VirtualPort(Wire(module, faults, paced=True), baud=115200)


def open_best(port: VirtualPort, supply: VirtualSupply | None = None) -> Zfm:
    return Zfm.open(port, port.clock, best=True, wiring=Wiring(supply=supply))


def demand_picture(sensor: Zfm, pressed: Frame) -> None:
    got = sensor.scan()
    assert isinstance(got, Frame)
    np.testing.assert_array_equal(got.pixels, (pressed.pixels >> 4) * np.uint8(17))


@pytest.mark.parametrize("kind", [AS608, R503], ids=lambda kind: kind.name)
@pytest.mark.parametrize("baud", [9600, 57600, 115200])
def test_speed_and_packets_are_raised_to_the_best(kind: ModuleKind, baud: int) -> None:
    module = ZfmModule(kind, baud=baud, packet_size=32)
    sensor = open_best(port_to(module))
    assert (sensor.baud, module.baud, module.packet_size) == (115200, 115200, 256)


def test_what_is_best_already_is_not_written_again(make_print: MakePrint) -> None:
    module = ZfmModule(AS608, baud=115200, packet_size=256)
    port = port_to(module)
    open_best(port)
    assert module.commands == 4  # VfyPwd, TempleteNum, ReadProdInfo, ReadSysPara
    assert port.clock() < 0.1


def test_the_trial_carries_a_picture_when_the_module_holds_one(make_print: MakePrint) -> None:
    module = ZfmModule(R503, packet_size=256)
    module.press(make_print(R503))
    first = port_to(module)
    assert isinstance(Zfm.open(first, first.clock).scan(), Frame)
    spoilt = AboveSpeed(57600, OnPictures(LostBytes(9000, 1)))  # farther than an info page is long
    sensor = open_best(port_to(module, spoilt))
    assert (sensor.baud, module.baud) == (57600, 57600)


def test_a_speed_that_damages_the_trial_is_taken_back() -> None:
    module = ZfmModule(R503, baud=19200)
    sensor = open_best(port_to(module, AboveSpeed(38400, LOSSY)))
    assert (sensor.baud, module.baud) == (38400, 38400)


def test_a_module_lost_at_a_speed_that_carries_nothing_is_brought_back() -> None:
    module = ZfmModule(R503)
    sensor = open_best(port_to(module, AboveSpeed(57600, Silent())))
    assert (sensor.baud, module.baud) == (57600, 57600)
    assert sensor.finger_present() is False


def test_a_speed_that_fails_in_use_is_lowered_within_the_scan(make_print: MakePrint) -> None:
    module, pressed = ZfmModule(R503), make_print(R503)
    port = port_to(module)
    sensor = open_best(port)
    module.press(pressed)
    port.wire.faults.append(AboveSpeed(38400, LOSSY))
    with pytest.raises(BadTransferError):  # 115200, then 57600: one step a scan
        sensor.scan()
    demand_picture(sensor, pressed)
    assert (sensor.baud, module.baud, module.packet_size) == (38400, 38400, 128)


def test_a_line_that_damages_every_speed_ends_in_a_fault(make_print: MakePrint) -> None:
    module = ZfmModule(R503)
    port = port_to(module)
    sensor = open_best(port)
    module.press(make_print(R503))
    port.wire.faults.append(LOSSY)
    for _ in range(6):
        with pytest.raises(BadTransferError, match="choose a lower speed"):
            sensor.scan()
    assert sensor.baud == 9600


def test_a_chosen_speed_is_not_lowered(make_print: MakePrint) -> None:
    module = ZfmModule(R503)
    port = port_to(module)
    sensor = Zfm.open(port, port.clock, run_at=115200)
    module.press(make_print(R503))
    port.wire.faults.append(LOSSY)
    with pytest.raises(BadTransferError):
        sensor.scan()
    assert (sensor.baud, module.baud, module.packet_size) == (115200, 115200, 128)


@pytest.mark.parametrize(
    ("kind", "change", "baud"),
    [
        (AS608, SpeedChange.AT_ONCE, 115200),
        (AS608, SpeedChange.AT_POWER_ON, 57600),
        (AS608, SpeedChange.NEVER, 57600),
        (R503, SpeedChange.AT_POWER_ON, 115200),  # it knows SoftRst
        (R503, SpeedChange.NEVER, 57600),
    ],
)
def test_every_family_ends_at_the_best_it_can(
    kind: ModuleKind, change: SpeedChange, baud: int
) -> None:
    module = ZfmModule(replace(kind, speed_change=change))
    sensor = open_best(port_to(module))
    assert (sensor.baud, module.baud, module.packet_size) == (baud, baud, 256)


def test_with_a_supply_switch_a_speed_counts_at_once_after_two_seconds_without_power() -> None:
    module = ZfmModule(replace(AS608, speed_change=SpeedChange.AT_POWER_ON))
    port = port_to(module)
    supply = VirtualSupply(port)
    assert open_best(port, supply).baud == 115200
    (off_s, off), (on_s, on) = supply.changes
    assert (off, on) == (False, True)
    assert on_s - off_s == pytest.approx(2.0)


def test_a_change_that_waits_for_power_on_is_told_only_once() -> None:
    module = ZfmModule(replace(AS608, speed_change=SpeedChange.AT_POWER_ON))
    port = port_to(module)
    open_best(port)
    for _ in range(2):
        assert module.settings_written == 2  # speed and packets, the first time
        open_best(port)


def test_a_module_that_changes_late_is_followed_in_the_middle_of_its_work(
    make_print: MakePrint,
) -> None:
    module = ZfmModule(replace(AS608, speed_change=SpeedChange.LATE, late_after=80))
    pressed = make_print(AS608)
    port = port_to(module)
    sensor = open_best(port)
    module.press(pressed)
    assert sensor.baud == 57600
    for _ in range(40):
        demand_picture(sensor, pressed)
    assert (sensor.baud, module.baud) == (115200, 115200)


def test_silence_without_an_awaited_change_stays_a_timeout() -> None:
    module = ZfmModule(replace(AS608, speed_change=SpeedChange.NEVER))
    port = port_to(module)
    sensor = open_best(port)
    port.wire.faults.append(Silent())
    with pytest.raises(PortTimeoutError, match="did not answer within 2 s"):
        sensor.finger_present()
    assert sensor.baud == 57600
    port.wire.faults.clear()
    assert sensor.finger_present() is False


def test_without_settings_to_read_packets_stay_as_they_are() -> None:
    r308 = replace(AS608, commands=AS608.commands - {Command.READ_SYS_PARA})
    module = ZfmModule(r308)
    sensor = open_best(port_to(module))
    assert (sensor.baud, module.packet_size) == (115200, 128)


def test_packets_that_do_not_arrive_are_made_smaller_again() -> None:
    module = ZfmModule(AS608, baud=115200, packet_size=64)
    long_ones_stop = OnPictures(CutOff(12 + 11 + 200))
    sensor = open_best(port_to(module, long_ones_stop))
    assert (sensor.baud, module.packet_size) == (115200, 64)


def test_an_answer_lost_in_the_change_does_not_lose_the_module() -> None:
    port = port_to(ZfmModule(AS608))
    link = Link(port, port.clock)
    search_speed(link)
    port.wire.faults.append(Times(2, Silent()))  # ReadSysPara's and SetSysPara's
    assert Tuning(link, product=None).change(115200) is Change.TAKEN
    assert port.baud == 115200
