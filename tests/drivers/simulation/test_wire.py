"""The wire alone: pace, speeds, half duplex."""

from greenline.drivers.simulation.faults import ChangedByte, Noise, Pause, Times
from greenline.drivers.simulation.wire import Wire
from greenline.drivers.simulation.zfm_kinds import AS608, R503
from greenline.drivers.simulation.zfm_module import ZfmModule
from greenline.drivers.zfm_codec import Packet, PacketKind, encode

ASK = encode(Packet(PacketKind.COMMAND, b"\x40"))
OK = encode(Packet(PacketKind.ANSWER, b"\x00"))
BYTE_S = 10 / 57600


def test_every_byte_takes_ten_bits_both_ways() -> None:
    wire = Wire(ZfmModule(AS608), paced=True)
    wire.from_host(ASK, 57600, now=100.0)
    heard = 100.0 + len(ASK) * BYTE_S
    assert wire.to_host(57600, heard + 0.5 * BYTE_S) == b""
    assert wire.next_arrival() == heard + len(OK) * BYTE_S
    assert wire.to_host(57600, heard + 5.5 * BYTE_S) == OK[:5]
    assert wire.to_host(57600, heard + 12 * BYTE_S) == OK[5:]
    assert wire.next_arrival() is None


def test_an_unpaced_answer_is_there_at_once() -> None:
    wire = Wire(ZfmModule(AS608), paced=False)
    wire.from_host(ASK, 57600, now=100.0)
    assert wire.next_arrival() == 100.0
    assert wire.to_host(57600, 100.0) == OK


def test_a_pause_holds_even_an_unpaced_answer_back() -> None:
    wire = Wire(ZfmModule(AS608), [Pause(1.5)], paced=False)
    wire.from_host(ASK, 57600, now=100.0)
    assert [wire.to_host(57600, now) for now in (101.4, 101.5)] == [b"", OK]


def test_at_the_wrong_speed_neither_side_understands() -> None:
    wire = Wire(ZfmModule(AS608), paced=False)
    wire.from_host(ASK, 115200, now=0.0)
    assert wire.next_arrival() is None
    wire.from_host(ASK, 57600, now=0.0)
    garbled = wire.to_host(115200, 0.0)
    assert len(garbled) == len(OK)
    assert not set(zip(garbled, OK, strict=True)) & {(byte, byte) for byte in OK}


def test_the_module_is_deaf_while_it_speaks() -> None:
    wire = Wire(ZfmModule(AS608), paced=True)
    wire.from_host(ASK, 57600, now=0.0)
    wire.from_host(ASK, 57600, now=0.001)
    assert wire.to_host(57600, 10.0) == OK


def test_the_answer_to_a_change_of_speed_comes_at_the_old_one() -> None:
    wire = Wire(ZfmModule(AS608), paced=True)
    change = encode(Packet(PacketKind.COMMAND, b"\x0e\x04\x0c"))
    wire.from_host(change, 57600, now=0.0)
    assert wire.to_host(57600, 1.0) == OK
    wire.from_host(ASK, 115200, now=1.0)
    assert wire.to_host(115200, 2.0) == OK


def test_what_is_on_its_way_is_lost_when_nobody_listens() -> None:
    wire = Wire(ZfmModule(AS608), paced=True)
    wire.from_host(ASK, 57600, now=0.0)
    wire.hang_up()
    assert wire.to_host(57600, 10.0) == b""


def test_a_restarted_module_sends_its_start_up_byte_and_no_rest_of_an_answer() -> None:
    wire = Wire(ZfmModule(R503), paced=True)
    wire.from_host(ASK, 57600, now=0.0)
    wire.restart_module(now=0.001)
    assert wire.to_host(57600, 10.0) == b"\x55"


def test_faults_may_be_added_and_taken_away_while_it_runs() -> None:
    wire = Wire(ZfmModule(AS608), paced=False)
    wire.faults.append(Noise(b"zz"))
    wire.from_host(ASK, 57600, now=0.0)
    assert wire.to_host(57600, 0.0) == b"zz" + OK
    wire.faults.clear()
    wire.from_host(ASK, 57600, now=0.0)
    assert wire.to_host(57600, 0.0) == OK


def test_a_module_that_has_just_got_its_power_is_deaf_for_a_while() -> None:
    wire = Wire(ZfmModule(AS608), paced=False)
    wire.restart_module(now=1.0)
    wire.from_host(ASK, 57600, now=1.49)
    assert wire.next_arrival() is None
    wire.from_host(ASK, 57600, now=1.5)
    assert wire.to_host(57600, 1.5) == OK


def test_a_module_without_power_says_and_hears_nothing() -> None:
    wire = Wire(ZfmModule(AS608), paced=False)
    wire.from_host(ASK, 57600, now=0.0)
    wire.switch_off()
    wire.from_host(ASK, 57600, now=1.0)
    assert wire.to_host(57600, 10.0) == b""
    wire.restart_module(now=10.0)
    wire.from_host(ASK, 57600, now=11.0)
    assert wire.to_host(57600, 11.0) == OK


def test_a_command_may_be_damaged_on_its_way() -> None:
    wire = Wire(ZfmModule(AS608), paced=False)
    wire.command_faults.append(Times(1, ChangedByte(9, 1)))
    for answer in (encode(Packet(PacketKind.ANSWER, b"\x01")), OK):
        wire.from_host(ASK, 57600, now=0.0)
        assert wire.to_host(57600, 0.0) == answer
