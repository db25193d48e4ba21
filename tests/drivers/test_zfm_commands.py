"""Parameter blocks, codes and their words."""

import pytest

from greenline.drivers.errors import BadPacketError
from greenline.drivers.zfm_codec import Packet, PacketKind
from greenline.drivers.zfm_commands import (
    Command,
    Confirmation,
    ProductInfo,
    SystemParameters,
    command,
    confirmation,
    reason,
)

PARAMETERS = bytes.fromhex("0004 0009 00c8 0003 ffffffff 0002 0006")
PRODUCT = (
    b"R503".ljust(16, b"\0") + b"2101" + b"00012345" + b"\x01\x02" + b"FPC1\0\0\0\0"
    + bytes.fromhex("00c0 00c0 0600 00c8")
)  # fmt: skip


def test_a_command_is_its_code_and_its_parameters() -> None:
    assert command(Command.SET_SYS_PARA, b"\x04\x0c") == Packet(PacketKind.COMMAND, b"\x0e\x04\x0c")


def test_system_parameters_are_read_from_the_manuals_layout() -> None:
    parameters = SystemParameters.parse(PARAMETERS)
    assert parameters == SystemParameters(4, 9, 200, 3, 0xFFFFFFFF, 128, 57600)
    assert parameters.encode() == PARAMETERS


@pytest.mark.parametrize("code", range(4))
def test_packet_size_codes_are_32_to_256_bytes(code: int) -> None:
    data = PARAMETERS[:12] + bytes([0, code]) + PARAMETERS[14:]
    parameters = SystemParameters.parse(data)
    assert parameters.packet_size == (32, 64, 128, 256)[code]
    assert parameters.encode() == data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        PARAMETERS[:-1],
        PARAMETERS + b"\0",
        PARAMETERS[:12] + b"\x00\x04\x00\x06",
        PARAMETERS[:14] + bytes(2),
    ],
    ids=["nothing", "short", "long", "packet size code 4", "speed 0"],
)  # fmt: skip
def test_impossible_system_parameters_are_refused(data: bytes) -> None:
    with pytest.raises(BadPacketError):
        SystemParameters.parse(data)


def test_product_information_is_read_from_the_manuals_layout() -> None:
    product = ProductInfo.parse(PRODUCT)
    assert product == ProductInfo("R503", "2101", "00012345", 0x0102, "FPC1", 192, 192, 1536, 200)
    assert product.encode() == PRODUCT


def test_product_texts_keep_printable_ascii_only() -> None:
    product = ProductInfo.parse(b"R5\x1b[2J\xff03 \0junk\0" + PRODUCT[16:])
    assert product.model == "R5[2J03"


@pytest.mark.parametrize(
    "data",
    [b"", PRODUCT[:-1], PRODUCT + b"\0", PRODUCT[:38] + bytes(2) + PRODUCT[40:]],
    ids=["nothing", "short", "long", "no width"],
)
def test_impossible_product_information_is_refused(data: bytes) -> None:
    with pytest.raises(BadPacketError):
        ProductInfo.parse(data)


def test_unknown_confirmation_codes_stay_numbers() -> None:
    assert [confirmation(code) for code in (0, 2, 0x77)] == [
        Confirmation.OK, Confirmation.NO_FINGER, 0x77,
    ]  # fmt: skip
    assert reason(0x77) == "a code that the manuals do not explain"
    assert reason(0x29) == "its sensing surface is broken; exchange the sensor"
    assert reason(0x03) == "capture failed"
