"""Conversations that this project made itself, replayed to the real driver through pyusb."""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from greenline.drivers.errors import PortLostError
from greenline.drivers.simulation.usb_conversation import (
    Completed,
    Conversation,
    Submitted,
    from_text,
    read_conversation,
    to_text,
)
from greenline.drivers.simulation.usb_description import UsbDescription
from greenline.drivers.simulation.usb_replay import UsbReplay
from greenline.drivers.uru4500 import Uru4500
from greenline.drivers.usb_port import PyUsbPort
from greenline.prints.frame import Frame

HERE = Path(__file__).resolve().parent
CONVERSATIONS = HERE / "conversations"
URU4500, MICROSOFT_V2 = (0x05BA, 0x000A), (0x045E, 0x00CA)
SEED = 0xBAADF00D
# Rows that are not as pressed, by the lists of blocks in make_conversations.py: not sent, or the
# last pixel of a scrambled block. The picture of the first reader stands on its head.
NOT_SENT_4500 = [289 - 25, 289 - 26]
LAST_PIXELS_4500 = [289 - 23, 289 - 266, 289 - 289]


def replay(numbers: tuple[int, int], conversation: Conversation) -> UsbReplay:
    return UsbReplay(UsbDescription(*numbers, "", ""), conversation)


def open_reader(bus: UsbReplay) -> Uru4500:
    known = bus.description
    port = PyUsbPort.open(known.vendor, known.product, backend=bus)
    try:
        return Uru4500.open(port, time.monotonic, new_seed=lambda: SEED)
    except BaseException:
        port.close()
        raise


def test_a_conversation_with_a_4500_gives_the_print_that_was_pressed(reader_print: Frame) -> None:
    bus = replay(URU4500, read_conversation(CONVERSATIONS / "uru4500.txt.gz"))
    with open_reader(bus) as sensor:
        assert sensor.wait_finger(present=True, timeout_s=1.0)
        got = sensor.scan_native()
        assert sensor.wait_finger(present=False, timeout_s=1.0)
    assert bus.left == 0
    assert isinstance(got, Frame)
    wanted = reader_print.pixels.copy()
    wanted[NOT_SENT_4500] = wanted[[289 - 27, 289 - 28]]
    wanted[LAST_PIXELS_4500, 0] = 255
    np.testing.assert_array_equal(got.pixels, wanted)


def test_a_conversation_with_a_microsoft_v2_gives_the_print_that_was_pressed(
    reader_print: Frame,
) -> None:
    bus = replay(MICROSOFT_V2, read_conversation(CONVERSATIONS / "microsoft-v2.txt.gz"))
    with open_reader(bus) as sensor:
        assert sensor.wait_finger(present=True, timeout_s=1.0)
        got = sensor.scan_native()
        assert sensor.wait_finger(present=False, timeout_s=1.0)
    assert bus.left == 0
    assert isinstance(got, Frame)
    wanted = reader_print.pixels.copy()
    wanted[7, 383] = 255
    wanted[289] = 255  # not sent, and nothing behind it
    np.testing.assert_array_equal(got.pixels, wanted)


@pytest.mark.parametrize("name", ["uru4500", "microsoft-v2"])
def test_the_committed_conversations_are_what_the_script_makes(tmp_path: Path, name: str) -> None:
    script = [sys.executable, str(HERE / "make_conversations.py"), str(tmp_path)]
    subprocess.run(script, check=True, timeout=60)
    made = read_conversation(tmp_path / f"{name}.txt.gz")
    assert made == read_conversation(CONVERSATIONS / f"{name}.txt.gz")


def test_a_driver_that_says_something_else_gets_no_answer() -> None:
    said = read_conversation(CONVERSATIONS / "uru4500.txt.gz")
    other = [changed(entry, at) for at, entry in enumerate(said)]
    bus = replay(URU4500, tuple(other))
    with pytest.raises(PortLostError, match="a register failed twice"):
        open_reader(bus)
    # All from the changed request on; the last entry, a read called off, was never one of them.
    assert bus.left == len(said) - 4


def changed(entry: Submitted | Completed, at: int) -> Submitted | Completed:
    """The first writing of the status has another value."""
    if at == 3 and isinstance(entry, Submitted):
        return Submitted(entry.number, entry.kind, entry.address, entry.length, b"\x82")
    return entry


def test_a_conversation_is_the_same_when_written_and_read() -> None:
    said: Sequence[Submitted | Completed] = (
        Submitted(1, "interrupt", b"\x81", 64),
        Submitted(2, "control", bytes.fromhex("4004070000000100"), 1, b"\x81"),
        Completed(2),
        Completed(1, -71),
        Completed(3, 0, b"\x00\xff"),
    )
    assert to_text(said).splitlines()[0] == "S 1 interrupt 81 64 -"
    assert from_text(to_text(said)) == tuple(said)


@pytest.mark.parametrize("line", ["", "S 1", "X 1 2 3", "C 1 0 zz", "C one 0 -"])
def test_a_line_that_is_none_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"no line|non-hex|invalid literal"):
        from_text("C 1 0 -\n" + line + "\n")
