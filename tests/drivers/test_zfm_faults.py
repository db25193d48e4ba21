"""The driver against a spoilt line, in virtual time: all ends in the right picture or a fault."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenline.drivers.errors import (
    BadTransferError,
    DriverError,
    PortLostError,
    PortTimeoutError,
    RefusedError,
)
from greenline.drivers.sensor import Retry
from greenline.drivers.simulation.faults import (
    BadChecksum,
    ChangedByte,
    CutOff,
    Fault,
    InsertedBytes,
    Instead,
    LostBytes,
    LostPacket,
    Noise,
    OnPictures,
    Pause,
    Pieces,
    RepeatedPacket,
    Silent,
    Times,
)
from greenline.drivers.simulation.spoilers import Exchanged
from greenline.drivers.simulation.virtual import VirtualPort
from greenline.drivers.simulation.wire import Wire
from greenline.drivers.simulation.zfm_kinds import R503, ModuleKind
from greenline.drivers.simulation.zfm_module import ZfmModule
from greenline.drivers.zfm import Zfm
from greenline.drivers.zfm_codec import Packet, PacketKind, encode
from greenline.drivers.zfm_commands import SystemParameters
from greenline.prints.frame import Frame

Bench = Any  # conftest.Bench, which a test cannot import
MakeBench = Callable[[ModuleKind], Bench]
DATA_PACKET = 11 + 128  # bytes on the line
ACKNOWLEDGE = 12


@pytest.fixture
def bench(small: ModuleKind, make_bench: MakeBench) -> Bench:
    return make_bench(small)


def answer(code: int) -> Instead:
    return Instead(encode(Packet(PacketKind.ANSWER, bytes([code]))))


@pytest.mark.parametrize(
    "fault",
    [
        BadChecksum(0),
        BadChecksum(1),
        BadChecksum(4),
        ChangedByte(ACKNOWLEDGE + 7, 0xFF),
        ChangedByte(ACKNOWLEDGE + DATA_PACKET, 0xFF),
        CutOff(ACKNOWLEDGE),
        CutOff(ACKNOWLEDGE + 3 * DATA_PACKET + 5),
        LostBytes(ACKNOWLEDGE + 50, 3),
        LostBytes(ACKNOWLEDGE + DATA_PACKET - 1, 2),
        LostPacket(1),
        RepeatedPacket(1),
        RepeatedPacket(3),
        RepeatedPacket(4),
        InsertedBytes(ACKNOWLEDGE + 40, b"\xef"),
        InsertedBytes(ACKNOWLEDGE + DATA_PACKET, b"\x00\x55"),
        LostPacket(3),
        LostPacket(4),
        Noise(b"\xef\x01\xff\xff\xff\xff\x07\x00\x40"),
    ],
    ids=repr,
)
def test_a_damaged_picture_is_fetched_again(bench: Bench, fault: Fault) -> None:
    bench.spoil(Times(2, OnPictures(fault)))
    bench.demand_right_picture()
    assert bench.module.last_command == "UP_IMAGE"


def test_a_picture_that_stands_still_is_waited_out_and_fetched_again(bench: Bench) -> None:
    bench.spoil(Times(1, OnPictures(Pause(1.5, packet=2))))
    bench.demand_right_picture()  # the module was deaf to the second asking


def test_a_picture_that_stays_damaged_is_a_bad_transfer_not_a_picture(bench: Bench) -> None:
    bench.spoil(OnPictures(LostPacket(2)))
    with pytest.raises(BadTransferError, match=r"damaged 3 times \(the last with 384 bytes\)"):
        bench.sensor.scan()
    bench.spoil()
    bench.demand_right_picture()


def test_a_silent_module_times_out_at_its_deadline(bench: Bench) -> None:
    bench.spoil(Silent())
    before = bench.port.clock()
    with pytest.raises(PortTimeoutError):
        bench.sensor.finger_present()
    assert bench.port.clock() == before + 2.0


def test_a_picture_that_never_comes_does_not_hold_the_caller(bench: Bench) -> None:
    bench.spoil(OnPictures(CutOff(ACKNOWLEDGE)))
    before = bench.port.clock()
    with pytest.raises(BadTransferError):
        bench.sensor.scan()
    assert bench.port.clock() - before < 4.0  # three times a second of silence


def test_a_line_that_hisses_does_not_hold_the_caller(bench: Bench) -> None:
    bench.spoil(Times(1, Noise(b"\x33" * 1_000_000)))  # three minutes of it
    for limit_s in (2.1, 12.2):  # the second time it first waits for silence, in vain
        before = bench.port.clock()
        with pytest.raises(PortTimeoutError):
            bench.sensor.scan()
        assert bench.port.clock() - before < limit_s


def test_noise_before_every_answer_is_harmless(bench: Bench) -> None:
    bench.spoil(Noise(bytes.fromhex("00 55 ef 00 01 ef")))
    bench.demand_right_picture()
    bench.demand_right_picture()


def test_a_late_answer_is_not_taken_for_the_next_ones(bench: Bench) -> None:
    bench.module.lift()
    bench.spoil(Times(1, Pause(2.05)))
    with pytest.raises(PortTimeoutError):
        bench.sensor.scan()
    bench.module.press(Frame(bench.wanted, 508.0))
    bench.demand_right_picture()  # the late answer was "no finger"


@pytest.mark.parametrize("late_s", [1.05, 1.5, 2.5, 4.0])
@pytest.mark.parametrize("rest_s", [0.0, 0.5, 2.0, 10.0])
def test_a_late_picture_is_not_taken_for_the_next_fingers(
    make_bench: MakeBench, late_s: float, rest_s: float
) -> None:
    bench = make_bench(R503)
    bench.spoil(Times(1, OnPictures(Pause(late_s))))
    with pytest.raises(PortTimeoutError):
        bench.sensor.scan()
    bench.port.clock.now += rest_s
    other = Frame(255 - bench.wanted, 508.0)
    bench.module.press(other)
    bench.wanted = other.pixels
    for _ in range(2):  # while the late picture arrives, a timeout is a good answer as well
        try:
            bench.demand_right_picture()
        except PortTimeoutError:
            continue
        return
    bench.demand_right_picture()


@pytest.mark.parametrize("flip", [0x14, 0x30, 0xFE])
def test_a_module_that_waits_for_the_rest_of_a_command_is_given_it(bench: Bench, flip: int) -> None:
    bench.port.wire.command_faults.append(Times(1, ChangedByte(8, flip)))  # the length
    with pytest.raises(PortTimeoutError):
        bench.sensor.scan()
    other = Frame(255 - bench.wanted, 508.0)
    bench.module.press(other)
    bench.wanted = other.pixels
    bench.demand_right_picture()


def test_a_late_answer_of_another_length_is_not_taken_for_a_commands(bench: Bench) -> None:
    bench.module.lift()
    count = encode(Packet(PacketKind.ANSWER, bytes(3)))  # OK and a number
    bench.spoil(Noise(count + count))
    assert bench.sensor.finger_present() is False


def test_a_command_that_arrives_damaged_is_given_again(bench: Bench) -> None:
    bench.spoil(Times(2, answer(0x01)))
    bench.demand_right_picture()
    bench.spoil(answer(0x01))
    with pytest.raises(BadTransferError, match="GEN_IMG was damaged on the line 3 times"):
        bench.sensor.scan()


@pytest.mark.parametrize(
    ("code", "retry"),
    [
        (0x02, Retry.NO_FINGER),
        (0x03, Retry.NOT_TAKEN),
        (0x06, Retry.SMUDGED),
        (0x07, Retry.TOO_FAINT),
    ],
)
def test_what_the_person_can_put_right_is_a_retry(bench: Bench, code: int, retry: Retry) -> None:
    bench.spoil(answer(code))
    assert bench.sensor.scan() is retry
    assert bench.sensor.finger_present() is (retry is not Retry.NO_FINGER)


@pytest.mark.parametrize(
    ("code", "words"),
    [(0x29, "surface is broken; exchange"), (0x77, "a code that the manuals do not explain")],
)
def test_any_other_code_is_a_refusal_with_its_number(bench: Bench, code: int, words: str) -> None:
    bench.spoil(answer(code))
    with pytest.raises(RefusedError, match=words) as refused:
        bench.sensor.scan()
    assert (refused.value.command, refused.value.code) == ("GEN_IMG", code)


def test_a_module_that_lost_its_power_is_unlocked_again(bench: Bench) -> None:
    bench.port.wire.restart_module(bench.port.clock())
    bench.port.clock.now += 0.2  # its start-up byte arrives
    bench.demand_right_picture()


def test_an_unplugged_port_is_lost(bench: Bench) -> None:
    with pytest.raises(PortLostError):
        bench.sensor.scan(lambda _: bench.port.unplug())


def test_a_closed_sensor_is_lost_and_closes_twice(bench: Bench) -> None:
    with bench.sensor:
        bench.sensor.close()
    with pytest.raises(PortLostError):
        bench.sensor.scan()


def test_settings_are_read(bench: Bench) -> None:
    assert bench.sensor.parameters() == SystemParameters(12 - 8, 0, 200, 3, 0xFFFFFFFF, 128, 57600)
    bench.spoil(answer(0xFC))
    assert bench.sensor.parameters() is None
    bench.spoil(Instead(encode(Packet(PacketKind.ANSWER, bytes(5)))))
    with pytest.raises(BadTransferError, match="4 bytes instead of 16"):
        bench.sensor.parameters()


class HissingPort(VirtualPort):
    """A line on which there is always another byte of noise, whenever it is read."""

    def read(self, most: int, deadline: float) -> bytes:
        del most, deadline
        self.clock.now += 0.001
        return b"\x33"


def test_a_line_that_never_falls_silent_does_not_hold_the_caller() -> None:
    port = HissingPort(Wire(ZfmModule(R503), paced=True))
    with pytest.raises(PortTimeoutError):
        Zfm.open(port, port.clock)
    assert port.clock() < 15.0  # ten probes, and ten seconds of waiting for a picture's end


def test_a_module_that_sends_empty_packets_for_ever_does_not_hold_the_caller(
    bench: Bench,
) -> None:
    empty = encode(Packet(PacketKind.DATA, b"")) * 100_000  # three minutes of them
    bench.spoil(OnPictures(Instead(encode(Packet(PacketKind.ANSWER, b"\x00")) + empty)))
    before = bench.port.clock()
    with pytest.raises(DriverError):
        bench.sensor.scan()
    assert bench.port.clock() - before < 40.0


def test_an_answer_behind_a_falsely_long_packet_is_found_when_the_line_falls_silent(
    bench: Bench,
) -> None:
    bench.spoil(Noise(bytes.fromhex("ef01 ffffffff 07 0080")))
    assert bench.sensor.finger_present() is True
    assert bench.module.commands == 4  # VfyPwd, TempleteNum, ReadProdInfo, GenImg: no repeat


class InTurn:
    """Each picture meets the next of these faults; when they are used up, none."""

    def __init__(self, *faults: Fault) -> None:
        self._left = list(faults)

    def spoil(self, answer: Pieces) -> Pieces:
        hit = len(answer) > 1 and self._left
        return self._left.pop(0).spoil(answer) if hit else answer


def exchanged(packet: int) -> Exchanged:
    """Two bytes of a packet change places, which its check sum does not show."""
    return Exchanged(ACKNOWLEDGE + packet * DATA_PACKET + 9, 1)


def uploads_of_a_scan(bench: Bench) -> int:
    before = bench.module.commands
    bench.demand_right_picture()
    return int(bench.module.commands) - before - 1  # GenImg


def test_after_trouble_a_wrong_picture_that_its_sums_do_not_show_is_not_believed(
    bench: Bench,
) -> None:
    bench.spoil(InTurn(BadChecksum(1), exchanged(0)))
    assert uploads_of_a_scan(bench) == 4  # damaged, wrong, and two that agree


def test_pictures_that_go_on_to_differ_are_a_bad_transfer(bench: Bench) -> None:
    bench.spoil(InTurn(BadChecksum(1), exchanged(0), exchanged(1), exchanged(2)))
    with pytest.raises(BadTransferError, match="damaged 3 times"):
        bench.sensor.scan()


def test_trouble_with_a_short_answer_makes_the_driver_careful_too(bench: Bench) -> None:
    bench.spoil(Times(1, BadChecksum(0)), InTurn(exchanged(0)))
    bench.demand_right_picture()


def test_a_picture_comes_once_twice_after_trouble_and_once_again_when_all_is_calm(
    bench: Bench,
) -> None:
    assert uploads_of_a_scan(bench) == 1
    bench.spoil(InTurn(LostPacket(2)))
    assert uploads_of_a_scan(bench) == 3
    assert [uploads_of_a_scan(bench) for _ in range(22)] == [2] * 19 + [1] * 3


places = st.integers(0, 600)
losing = st.one_of(
    st.builds(Silent),
    st.builds(Noise, st.binary(min_size=1, max_size=20)),
    st.builds(CutOff, places),
    st.builds(LostBytes, places, st.integers(1, 200)),
    st.builds(LostPacket, st.integers(0, 4)),
    st.builds(InsertedBytes, places, st.binary(min_size=1, max_size=20)),
    st.builds(Pause, st.floats(0.0, 3.0), st.integers(0, 4)),
)
changing = st.one_of(
    st.builds(BadChecksum, st.integers(0, 4)),
    st.builds(ChangedByte, places, st.integers(1, 255)),
)
counts = st.integers(1, 4)
# One wrong byte at most: the additive sum cannot see two that cancel out, and so no driver can.
spoilers = st.builds(
    list.__add__,
    st.lists(st.builds(Times, counts, losing), max_size=2),
    st.lists(st.builds(Times, counts, changing), max_size=1),
)


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(faults=spoilers, pictures_only=st.booleans())
def test_whatever_the_line_does_no_wrong_picture_comes_out_and_all_ends_well(
    faults: list[Times], *, pictures_only: bool, small: ModuleKind, make_bench: MakeBench
) -> None:
    bench = make_bench(small)
    bench.spoil(*(OnPictures(fault) if pictures_only else fault for fault in faults))
    before = bench.port.clock()
    for _ in range(3):
        try:
            bench.demand_right_picture()  # an AssertionError is no DriverError
        except DriverError:
            continue
    assert bench.port.clock() - before < 3 * 30.0
    bench.spoil()
    bench.port.clock.now += 30.0  # a module that paused has finished by then
    bench.demand_right_picture()
