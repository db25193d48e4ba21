"""The simulated module alone, by its bytes."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from greenline.drivers.simulation.zfm_kinds import (
    AS608,
    R503,
    SLEEPING_R503,
    ModuleKind,
    SpeedChange,
)
from greenline.drivers.simulation.zfm_module import ZfmModule
from greenline.drivers.zfm_codec import Decoder, Packet, PacketKind, encode
from greenline.drivers.zfm_commands import Command, SystemParameters
from greenline.prints.frame import Frame

MakePrint = Callable[[ModuleKind], Frame]
OK = Packet(PacketKind.ANSWER, b"\x00")
UNLOCK = b"\x13" + bytes(4)


def code(number: int) -> list[Packet]:
    return [Packet(PacketKind.ANSWER, bytes([number]))]


def ask(module: ZfmModule, content: bytes) -> list[Packet]:
    """Give one command; return the packets of all answers."""
    decoder = Decoder()
    for answer in module.receive(encode(Packet(PacketKind.COMMAND, content))):
        decoder.feed(b"".join(answer))
    found = []
    while (packet := decoder.next_packet()) is not None:
        found.append(packet)
    return found


def test_a_picture_is_taken_only_of_a_finger_and_stays_for_repeats(make_print: MakePrint) -> None:
    module, pressed = ZfmModule(AS608), make_print(AS608)
    assert [ask(module, b"\x01"), ask(module, b"\x0a")] == [code(0x02), code(0x0F)]
    module.press(pressed)
    assert ask(module, b"\x01") == [OK]
    module.lift()
    first, second = ask(module, b"\x0a"), ask(module, b"\x0a")
    assert first == second
    assert b"".join(packet.content for packet in first[1:]) == pressed.to_nibbles()
    assert [packet.kind for packet in first[-2:]] == [PacketKind.DATA, PacketKind.LAST_DATA]
    assert ask(module, b"\x01") == code(0x02)
    assert ask(module, b"\x0a") == code(0x0F)


@pytest.mark.parametrize(("size_code", "size"), [(0, 32), (1, 64), (2, 128), (3, 256)])
def test_a_picture_travels_in_packets_of_the_size_set(
    size_code: int, size: int, make_print: MakePrint
) -> None:
    module = ZfmModule(R503)
    module.press(make_print(R503))
    assert [ask(module, content) for content in (UNLOCK, bytes([0x0E, 6, size_code]), b"\x01")] == [
        [OK], [OK], [OK],
    ]  # fmt: skip
    packets = ask(module, b"\x0a")[1:]
    assert [len(packet.content) for packet in packets] == [size] * (192 * 192 // 2 // size)


def test_settings_are_read_back(make_print: MakePrint) -> None:
    module = ZfmModule(AS608)
    module.press(make_print(AS608))
    for content in (b"\x01", b"\x0e\x04\x0c", b"\x0e\x05\x01", b"\x0e\x06\x00"):
        assert ask(module, content) == [OK]
    (answer,) = ask(module, b"\x0f")
    assert SystemParameters.parse(answer.content[1:]) == SystemParameters(
        0x0C, 9, 200, 1, 0xFFFFFFFF, 32, 115200
    )


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"\x0e\x04\x00", 0x1B),
        (b"\x0e\x04\x03", 0x1B),  # 28800: the R503 knows 1, 2, 4, 6, 12
        (b"\x0e\x05\x06", 0x1B),
        (b"\x0e\x06\x04", 0x1B),
        (b"\x0e\x07\x01", 0x1A),
        (b"\x0e\x04", 0x01),
        (b"\x35\x01", 0x01),
        (b"\x13abcd", 0x13),
        (b"\x04", 0xFC),
        (b"\xaa", 0xFC),
    ],
)
def test_what_cannot_be_done_is_refused(content: bytes, refusal: int) -> None:
    module = ZfmModule(R503)
    assert ask(module, UNLOCK) == [OK]
    assert ask(module, content) == code(refusal)
    assert (module.baud, module.packet_size, module.light) == (57600, 128, None)


def test_after_power_on_an_r503_wants_its_password_again() -> None:
    module = ZfmModule(R503)
    assert [ask(module, content) for content in (b"\x01", UNLOCK, b"\x01")] == [
        code(0x21), [OK], code(0x02),
    ]  # fmt: skip
    assert module.restart() == [b"\x55"]
    assert ask(module, b"\x01") == code(0x21)


def test_a_soft_reset_ends_with_the_start_up_byte() -> None:
    assert ZfmModule(R503).receive(encode(Packet(PacketKind.COMMAND, b"\x3d"))) == [
        [encode(OK), b"\x55"]
    ]


def test_only_the_r503_says_what_it_is_and_lights_up() -> None:
    new, old = ZfmModule(R503), ZfmModule(AS608)
    ask(new, UNLOCK)
    assert R503.product is not None
    assert ask(new, b"\x3c") == [Packet(PacketKind.ANSWER, b"\x00" + R503.product.encode())]
    assert ask(new, b"\x35\x01\x40\x02\x00") == [OK]
    assert new.light == (1, 0x40, 2, 0)
    assert [ask(old, b"\x3c"), ask(old, b"\x35\x01\x40\x02\x00")] == [code(0xFC), code(0xFC)]
    assert ask(ZfmModule(replace(AS608, unknown_code=None)), b"\x3c") == []


def test_simple_commands_are_confirmed() -> None:
    module = ZfmModule(R503)
    ask(module, UNLOCK)
    for command in (Command.HAND_SHAKE, Command.CHECK_SENSOR):
        assert ask(module, bytes([command])) == [OK]
    assert ask(module, b"\x1d") == [Packet(PacketKind.ANSWER, bytes(3))]


def test_damaged_commands_are_reported_and_noise_is_not() -> None:
    module = ZfmModule(AS608)
    damaged = encode(Packet(PacketKind.COMMAND, b"\x01"))[:-1] + b"\x77"
    assert module.receive(b"\x00\x55") == []
    assert module.receive(damaged) == [[encode(code(0x01)[0])]]
    assert module.receive(encode(OK)) == []  # an answer is no command
    assert module.commands == 0


def test_the_status_is_for_people() -> None:
    module = ZfmModule(R503, baud=115200)
    assert module.status() == {
        "Sensor": "R503",
        "Picture": "192 × 192, 508 dpi",
        "Speed": "115200 bit/s",
        "Packets": "128 bytes",
        "Commands": "0",
        "Last command": "none yet",
    }
    ask(module, b"\xaa")
    ask(module, b"\x01")
    assert (module.status()["Commands"], module.status()["Last command"]) == ("2", "GEN_IMG")


def test_a_late_change_of_speed_comes_after_some_commands() -> None:
    module = ZfmModule(replace(AS608, speed_change=SpeedChange.LATE, late_after=3))
    speeds = []
    for content in (b"\x0e\x04\x0c", b"\x01", b"\x01", b"\x01"):
        ask(module, content)
        speeds.append(module.baud)
    assert speeds == [57600, 57600, 115200, 115200]


def test_a_sleeping_module_wakes_by_a_command_that_it_does_not_hear() -> None:
    module = ZfmModule(SLEEPING_R503)
    assert [ask(module, content) for content in (UNLOCK, b"\x33", b"\x01", b"\x01", UNLOCK)] == [
        [OK], [OK], [], code(0x21), [OK],
    ]  # fmt: skip


def test_the_information_page_is_512_bytes_in_packets() -> None:
    packets = ask(ZfmModule(AS608), b"\x16")
    assert packets[0] == OK
    assert [len(packet.content) for packet in packets[1:]] == [128] * 4
    assert packets[-1].kind is PacketKind.LAST_DATA
