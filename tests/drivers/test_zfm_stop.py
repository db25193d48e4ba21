"""Watching a picture arrive, stopping it, and what follows: in virtual time and over a terminal."""

import time
from collections.abc import Callable

import numpy as np
import pytest

from greenline.drivers.aura import aura_for
from greenline.drivers.errors import PortLostError
from greenline.drivers.sensor import Arriving, Retry
from greenline.drivers.signals import Signal
from greenline.drivers.simulation.faults import (
    BadChecksum,
    CutOff,
    Fault,
    InsertedBytes,
    LostBytes,
    LostPacket,
    OnPictures,
    Pause,
    RepeatedPacket,
    Times,
)
from greenline.drivers.simulation.line import PtyLine
from greenline.drivers.simulation.virtual import VirtualPort, VirtualTouch
from greenline.drivers.simulation.wire import Wire
from greenline.drivers.simulation.zfm_kinds import AS608, OLD_UNMARKED, R503, R551, ModuleKind
from greenline.drivers.simulation.zfm_module import ZfmModule
from greenline.drivers.urls import open_sensor
from greenline.drivers.zfm import Zfm
from greenline.drivers.zfm_wiring import Wiring
from greenline.prints.frame import Frame
from tests.drivers.conftest import Bench

MakeBench = Callable[[ModuleKind], Bench]
MakePrint = Callable[[ModuleKind], Frame]
KINDS = [AS608, R503, R551, OLD_UNMARKED]
RATHER_SOON_S = 0.2


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def bench(request: pytest.FixtureRequest, make_bench: MakeBench) -> Bench:
    """A module that has sent one picture already, so that its size is known."""
    made = make_bench(request.param)
    made.demand_right_picture()
    return made


def stop_at_once(_: Arriving) -> bool:
    return False


def press_another(bench: Bench) -> None:
    """Lay another finger on the module: what comes now must not be of the first one."""
    bench.wanted = bench.wanted[::-1].copy()
    bench.module.press(Frame(bench.wanted, bench.module.kind.dpi))


def rest_s(bench: Bench, rows: int) -> float:
    """How long the module goes on sending after so many rows, in seconds."""
    kind = bench.module.kind
    left = (kind.height - rows) * kind.width / 2
    return left / bench.module.packet_size * (bench.module.packet_size + 11) * 10 / 57600


def test_a_picture_is_seen_to_grow_and_is_the_same_for_it(bench: Bench) -> None:
    seen: list[Arriving] = []

    def watch(arriving: Arriving) -> bool:
        seen.append(arriving)
        return True

    before = bench.port.clock()
    bench.sensor.scan()
    alone_s, before = bench.port.clock() - before, bench.port.clock()
    got = bench.sensor.scan(watch=watch)
    assert bench.port.clock() - before <= alone_s + 1e-6
    assert isinstance(got, Frame)
    np.testing.assert_array_equal(got.pixels, bench.wanted)
    height = bench.module.kind.height
    assert [arriving.frame.height * 8 // height for arriving in seen] == [1, 2, 3, 4, 5, 6, 7]
    for arriving in seen:
        rows = arriving.frame.height
        np.testing.assert_array_equal(arriving.frame.pixels, bench.wanted[:rows])
        assert (arriving.height, arriving.frame.dpi) == (height, bench.module.kind.dpi)


def test_a_picture_whose_size_is_still_unknown_arrives_unwatched(
    make_bench: MakeBench,
) -> None:
    bench = make_bench(AS608)
    got = bench.sensor.scan(watch=stop_at_once)
    assert isinstance(got, Frame)
    assert bench.sensor.scan(watch=stop_at_once) is Retry.STOPPED


def test_a_stopped_picture_ends_at_once_and_the_next_one_is_right(bench: Bench) -> None:
    scanned: list[Arriving] = []

    def watch(arriving: Arriving) -> bool:
        scanned.append(arriving)
        return arriving.frame.height * 2 < arriving.height

    assert bench.sensor.scan(watch=watch) is Retry.STOPPED
    rows, stopped = scanned[-1].frame.height, bench.port.clock()
    assert rows * 2 == bench.module.kind.height
    press_another(bench)
    first: list[float] = []
    got = bench.sensor.scan(lambda _: first.append(bench.port.clock()))
    assert isinstance(got, Frame)
    np.testing.assert_array_equal(got.pixels, bench.wanted)
    # The rest of the old picture, a tenth of a second of silence, a few words, one packet.
    assert 0 <= first[0] - stopped - rest_s(bench, rows) < RATHER_SOON_S


def test_while_the_rest_arrives_a_wait_keeps_its_time(bench: Bench) -> None:
    bench.sensor.scan(watch=stop_at_once)
    stopped = bench.port.clock()
    rest = rest_s(bench, bench.module.kind.height // 8)
    waits = 1
    while not bench.sensor.wait_finger(present=True, timeout_s=0.3):
        waits += 1
        assert bench.port.clock() - stopped <= waits * 0.3 + 1e-6
    assert 0 <= bench.port.clock() - stopped - rest < RATHER_SOON_S
    press_another(bench)
    bench.demand_right_picture()


def test_a_finger_that_is_lifted_while_the_rest_arrives_is_gone(bench: Bench) -> None:
    bench.sensor.scan(watch=stop_at_once)
    bench.module.lift()
    assert bench.sensor.wait_finger(present=False, timeout_s=60.0)
    assert bench.sensor.scan() is Retry.NO_FINGER


def test_a_touch_line_is_looked_at_after_the_rest(make_print: MakePrint) -> None:
    module = ZfmModule(R503)
    port = VirtualPort(Wire(module, paced=True))
    touch = VirtualTouch(port)
    sensor = Zfm.open(port, port.clock, wiring=Wiring(touch))
    pressed = make_print(R503)
    module.press(pressed)
    assert sensor.scan(watch=stop_at_once) is Retry.STOPPED
    assert sensor.finger_present()
    assert sensor.wait_finger(present=True, timeout_s=60.0)
    got = sensor.scan()
    assert isinstance(got, Frame)
    np.testing.assert_array_equal(got.pixels, (pressed.pixels >> 4) * np.uint8(17))


def test_the_light_waits_for_the_line(make_bench: MakeBench) -> None:
    bench = make_bench(R503)
    bench.sensor.scan(watch=stop_at_once)
    before = bench.port.clock()
    assert bench.sensor.light(aura_for(Signal.AGAIN))
    assert bench.port.clock() == before
    assert bench.module.light is None
    while not bench.sensor.wait_finger(present=True, timeout_s=0.3):
        assert bench.module.light is None
    assert bench.module.light is not None
    assert bytes(bench.module.light) == aura_for(Signal.AGAIN).encode()


def test_of_two_lights_the_later_one_is_shown(make_bench: MakeBench) -> None:
    bench = make_bench(R503)
    bench.sensor.scan(watch=stop_at_once)
    bench.sensor.light(aura_for(Signal.AGAIN))
    bench.sensor.light(aura_for(Signal.READY))
    assert bench.sensor.wait_finger(present=True, timeout_s=60.0)
    assert bench.module.light is not None
    assert bytes(bench.module.light) == aura_for(Signal.READY).encode()


@pytest.mark.parametrize("act", [Zfm.still_there, Zfm.close], ids=["sign of life", "close"])
def test_a_light_that_waited_is_shown_also_when_nobody_waits_for_a_finger(
    make_bench: MakeBench, act: Callable[[Zfm], None]
) -> None:
    bench = make_bench(R503)
    bench.sensor.scan(watch=stop_at_once)
    bench.sensor.light(aura_for(Signal.WAIT))
    act(bench.sensor)
    assert bench.module.light is not None
    assert bytes(bench.module.light) == aura_for(Signal.WAIT).encode()


@pytest.mark.parametrize(
    "fault",
    [
        LostBytes(9000, 40),
        InsertedBytes(9000, b"\xef\x01\xff\xff\xff\xff\x02\x00"),
        LostPacket(100),
        RepeatedPacket(100),
        BadChecksum(100),
        CutOff(9000),
        Pause(0.7, packet=100),
        Pause(1.5, packet=100),
    ],
    ids=repr,
)
def test_whatever_happens_to_the_rest_the_next_picture_is_right(bench: Bench, fault: Fault) -> None:
    bench.spoil(OnPictures(fault))
    assert bench.sensor.scan(watch=stop_at_once) is Retry.STOPPED
    bench.spoil()
    press_another(bench)
    bench.demand_right_picture()


def test_a_damaged_beginning_is_shown_to_nobody(bench: Bench) -> None:
    bench.spoil(OnPictures(BadChecksum(2)))
    seen: list[Arriving] = []

    def watch(arriving: Arriving) -> bool:
        seen.append(arriving)
        return True

    # The repeat, which begins after the first progress, is undamaged.
    got = bench.sensor.scan(lambda _: bench.spoil(), watch)
    assert isinstance(got, Frame)
    np.testing.assert_array_equal(got.pixels, bench.wanted)
    assert len(seen) == 2 * 7  # after a damage it is only believed when it comes twice
    for arriving in seen:
        rows = arriving.frame.height
        np.testing.assert_array_equal(arriving.frame.pixels, bench.wanted[:rows])


def test_a_sensor_that_is_pulled_while_the_rest_arrives_is_lost(bench: Bench) -> None:
    bench.sensor.scan(watch=stop_at_once)
    bench.port.unplug()
    with pytest.raises(PortLostError):
        bench.sensor.wait_finger(present=False, timeout_s=0.3)


def test_over_a_terminal_at_its_real_pace(
    make_line: Callable[..., PtyLine], make_print: MakePrint
) -> None:
    module, pressed = ZfmModule(R503, baud=115200), make_print(R503)
    module.press(pressed)
    line = make_line(module, paced=True)
    with open_sensor(f"serial:{line.path}?baud=115200") as sensor:
        before = time.monotonic()
        assert sensor.scan(watch=stop_at_once) is Retry.STOPPED
        at_stop = time.monotonic()
        assert not sensor.wait_finger(present=True, timeout_s=0.1)
        got = sensor.scan()
        after = time.monotonic()
    assert isinstance(got, Frame)
    np.testing.assert_array_equal(got.pixels, (pressed.pixels >> 4) * np.uint8(17))
    assert at_stop - before < (after - before) / 2


def test_a_watch_that_fails_stops_the_picture_and_the_next_one_is_right(bench: Bench) -> None:
    def watch(_: Arriving) -> bool:
        raise LookupError("a fault of the watch")

    with pytest.raises(LookupError):
        bench.sensor.scan(watch=watch)
    assert not bench.sensor.wait_finger(present=True, timeout_s=0.3)  # the rest is known of
    press_another(bench)
    bench.demand_right_picture()


def test_a_light_that_waited_and_fails_is_no_reason_to_lose_the_sensor(
    make_bench: MakeBench,
) -> None:
    bench = make_bench(R503)
    bench.sensor.scan(watch=stop_at_once)
    bench.sensor.light(aura_for(Signal.AGAIN))
    failing = Times(3, BadChecksum(0))
    bench.spoil(failing)
    assert bench.sensor.wait_finger(present=True, timeout_s=60.0)
    assert failing.count == 0
    press_another(bench)
    bench.demand_right_picture()
