"""Opening a module in virtual time: its speed, its size, its password."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from greenline.drivers.errors import BadTransferError, PortTimeoutError
from greenline.drivers.sensor import SensorInfo
from greenline.drivers.simulation.faults import CutOff, OnPictures, Silent, Times
from greenline.drivers.simulation.virtual import VirtualPort
from greenline.drivers.simulation.wire import Wire
from greenline.drivers.simulation.zfm_kinds import AS608, R503, ModuleKind, SpeedChange
from greenline.drivers.simulation.zfm_module import ZfmModule
from greenline.drivers.zfm import Zfm
from greenline.drivers.zfm_start import SEARCH_BAUDS

MakeBench = Callable[[ModuleKind], Any]  # conftest.Bench, which a test cannot import
DATA_PACKET = 11 + 128  # bytes on the line
ACKNOWLEDGE = 12
SILENT_UNKNOWN = replace(AS608, unknown_code=None)
UNMARKED = replace(AS608, marks_last=False)


@pytest.mark.parametrize("kind", [AS608, SILENT_UNKNOWN], ids=["refuses", "stays silent"])
def test_a_module_that_cannot_say_its_size_is_measured(
    kind: ModuleKind, make_bench: MakeBench
) -> None:
    bench = make_bench(kind)
    assert bench.sensor.info() == SensorInfo("ZFM module", "", None, None, None, 16)
    bench.demand_right_picture()
    assert bench.sensor.info() == SensorInfo("ZFM module", "", 256, 288, 500.0, 16)


@pytest.mark.parametrize("kind", [AS608, UNMARKED], ids=["marked", "unmarked"])
def test_half_a_picture_is_not_mistaken_for_a_small_one(
    kind: ModuleKind, make_bench: MakeBench
) -> None:
    half = CutOff(ACKNOWLEDGE + 144 * DATA_PACKET)  # 18,432 bytes: a whole 192 x 192
    bench = make_bench(kind)
    bench.spoil(Times(1, OnPictures(half)))
    bench.demand_right_picture()  # where ends are not marked, the second and third agree
    assert (bench.sensor.info().width, bench.sensor.info().height) == (256, 288)


@pytest.mark.parametrize("kind", [AS608, UNMARKED], ids=["marked", "unmarked"])
def test_half_a_picture_that_stops_within_a_packet_is_no_small_one_however_often(
    kind: ModuleKind, make_bench: MakeBench
) -> None:
    bench = make_bench(kind)
    bench.spoil(OnPictures(CutOff(ACKNOWLEDGE + 144 * DATA_PACKET + 50)))
    with pytest.raises(BadTransferError, match="the last with 18432 bytes"):
        bench.sensor.scan()
    assert bench.sensor.info().width is None


def test_a_module_that_marks_no_end_is_believed_at_once_when_its_size_is_known(
    make_bench: MakeBench,
) -> None:
    bench = make_bench(UNMARKED)
    bench.demand_right_picture()
    commands = bench.module.commands
    before = bench.port.clock()
    bench.demand_right_picture()
    assert bench.module.commands == commands + 2  # GenImg, UpImage
    assert bench.port.clock() - before < 7.5  # 6.95 s on the line, no second of silence


def test_a_size_that_no_module_has_is_not_guessed(make_bench: MakeBench) -> None:
    strange = replace(AS608, width=100, height=100)
    bench = make_bench(strange)
    with pytest.raises(BadTransferError, match="the last with 5000 bytes"):
        bench.sensor.scan()


@pytest.mark.parametrize(("width", "height"), [(65535, 65534), (33, 33)])
def test_a_stated_size_that_cannot_be_is_not_believed(
    width: int, height: int, make_bench: MakeBench
) -> None:
    assert R503.product is not None
    liar = replace(R503, product=replace(R503.product, width=width, height=height))
    bench = make_bench(liar)
    assert bench.sensor.info().width is None
    bench.demand_right_picture()
    assert bench.sensor.info() == SensorInfo("R503", "00000001", 192, 192, 508.0, 16)


@pytest.mark.parametrize("baud", SEARCH_BAUDS)
def test_every_usual_speed_is_found(baud: int) -> None:
    port = VirtualPort(Wire(ZfmModule(R503, baud=baud), paced=True), baud=57600)
    assert Zfm.open(port, port.clock).baud == baud


def test_without_a_module_the_search_ends_with_what_to_look_at() -> None:
    port = VirtualPort(Wire(ZfmModule(R503), [Silent()], paced=True))
    with pytest.raises(PortTimeoutError, match="RX and TX wires are crossed"):
        Zfm.open(port, port.clock)
    assert port.clock() < 5.0


def test_a_module_that_wakes_late_is_found_in_the_second_round() -> None:
    port = VirtualPort(Wire(ZfmModule(R503), [Times(1, Silent())], paced=True))
    Zfm.open(port, port.clock)
    assert 2.0 < port.clock() < 3.0


@pytest.mark.parametrize(
    ("kind", "change", "baud"),
    [
        (R503, SpeedChange.AT_ONCE, 115200),
        (R503, SpeedChange.AT_POWER_ON, 115200),  # it knows SoftRst
        (AS608, SpeedChange.AT_POWER_ON, 57600),
        (AS608, SpeedChange.LATE, 57600),
        (R503, SpeedChange.NEVER, 57600),
    ],
)
def test_a_wanted_speed_is_used_when_the_module_takes_it(
    kind: ModuleKind, change: SpeedChange, baud: int
) -> None:
    module = ZfmModule(replace(kind, speed_change=change))
    port = VirtualPort(Wire(module, paced=True), baud=115200)
    sensor = Zfm.open(port, port.clock, run_at=115200)
    assert (sensor.baud, module.baud) == (baud, baud)
    assert sensor.finger_present() is False


def test_a_speed_that_takes_effect_at_power_on_is_found_afterwards() -> None:
    module = ZfmModule(replace(AS608, speed_change=SpeedChange.AT_POWER_ON))
    port = VirtualPort(Wire(module, paced=True), baud=115200)
    Zfm.open(port, port.clock, run_at=115200)
    port.wire.restart_module(port.clock())
    assert Zfm.open(port, port.clock, run_at=115200).baud == 115200


def test_a_speed_that_the_module_refuses_changes_nothing() -> None:
    module = ZfmModule(R503, baud=57600)
    port = VirtualPort(Wire(module, paced=True), baud=57600)
    assert Zfm.open(port, port.clock, run_at=28800).baud == 57600
