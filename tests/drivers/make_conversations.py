"""Makes the conversations beside it: what a reader and a driver say over one synthetic print.

    python tests/drivers/make_conversations.py            # print.png and both conversations anew
    python tests/drivers/make_conversations.py FOLDER     # both from print.png, into FOLDER

Written from the protocol's facts, not by listening to the driver: the driver must say exactly
this. Only the picture's bytes come from the simulation, which scrambles by a way of its own.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from greenline.drivers.simulation.uru4500_transfer import encode_picture
from greenline.drivers.simulation.usb_conversation import (
    BULK,
    CANCELLED,
    CONTROL,
    INTERRUPT,
    Completed,
    Submitted,
    write_conversation,
)
from greenline.drivers.uru4500_picture import Block
from greenline.models.training.synthesis import make_finger, press

HERE = Path(__file__).resolve().parent / "conversations"
SEED = bytes.fromhex("0df0adba")  # 0xbaadf00d, as it goes over the wire
OLD_EVENTS = bytes.fromhex("0800100020008000")
KEYS = {3: 0x544409D6, 4: 0xC0FFEE11, 255: 0x9E3779B9}

# Every way of sending lines, and few of them scrambled: those cannot be made small.
BLOCKS_4500 = (
    Block(0x02, 24),
    Block(0x00, 1),
    Block(0x01, 2),
    Block(0x04, 30),
    Block(0x00, 200),
    Block(0x82, 10),
    Block(0x06, 12),
    Block(0x02, 11),
)
BLOCKS_MICROSOFT = (Block(0x02, 8), Block(0x00, 100), Block(0x00, 181), Block(0x01, 1))


class Recorder:
    """Writes down what is said. Each transfer has a number."""

    def __init__(self) -> None:
        self.entries: list[Submitted | Completed] = []
        self._number = 0
        self._interrupt = 0

    def begin(self, kind: str, address: bytes, length: int, data: bytes = b"") -> int:
        self._number += 1
        self.entries.append(Submitted(self._number, kind, address, length, data))
        return self._number

    def end(self, number: int, data: bytes = b"", status: int = 0) -> None:
        self.entries.append(Completed(number, status, data))

    def read(self, register: int, answer: bytes) -> None:
        self.end(self.begin(CONTROL, setup(0xC0, register, len(answer)), len(answer)), answer)

    def begin_write(self, register: int, data: bytes) -> int:
        return self.begin(CONTROL, setup(0x40, register, len(data)), len(data), data)

    def write(self, register: int, data: bytes) -> None:
        self.end(self.begin_write(register, data))

    def listen(self) -> None:
        self._interrupt = self.begin(INTERRUPT, b"\x81", 64)

    def event(self, code: str) -> None:
        self.end(self._interrupt, (bytes.fromhex(code) + OLD_EVENTS).ljust(64, b"\0"))
        self.listen()

    def hang_up(self) -> None:
        self.end(self._interrupt, status=CANCELLED)


def setup(kind: int, register: int, length: int) -> bytes:
    low_high = [number.to_bytes(2, "little") for number in (register, 0, length)]
    return bytes([kind, 0x04]) + b"".join(low_high)


def start_4500(recorder: Recorder) -> None:
    recorder.listen()
    recorder.read(0x07, b"\x01")
    recorder.write(0x07, b"\x81")
    power = recorder.begin_write(0x07, b"\x01")
    recorder.event("56aa")  # before the write has ended, as it was seen
    recorder.end(power)
    recorder.read(0x07, b"\x01")
    recorder.read(0xF0, bytes(range(16)))


def start_microsoft(recorder: Recorder) -> None:
    recorder.listen()
    recorder.read(0x07, b"\x81")
    recorder.write(0x07, b"\x01")
    recorder.read(0x07, b"\x81")
    recorder.read(0x2010, bytes.fromhex("4dae5a0b1247a86c9fbf29fdcc178a74"))
    recorder.write(0x2000, bytes.fromhex("329351371e4adfb1f35f09f329c6ab46"))
    recorder.write(0x07, b"\x01")
    recorder.read(0x07, b"\x01")
    recorder.event("56aa")
    recorder.read(0xF0, bytes(range(16)))


def press_and_lift(recorder: Recorder, transfer: bytes, key_numbers: tuple[int, ...]) -> None:
    recorder.write(0x4E, b"\x10")
    recorder.event("56aa")
    recorder.event("0101")
    picture = recorder.begin(BULK, b"\x82", 111424)
    recorder.write(0x4E, b"\x20")
    recorder.end(picture, transfer)
    for number in key_numbers:
        recorder.write(0x33, bytes([number]) + SEED)
        hidden = bytes(a ^ b for a, b in zip(KEYS[number].to_bytes(4, "little"), SEED, strict=True))
        recorder.read(0x34, hidden)
    recorder.write(0x4E, b"\x12")
    recorder.event("0200")


def end(recorder: Recorder) -> None:
    recorder.write(0x4E, b"\x70")
    recorder.hang_up()


def conversation_4500(print_: np.ndarray) -> list[Submitted | Completed]:
    recorder = Recorder()
    start_4500(recorder)
    raw = np.ascontiguousarray(~print_[::-1, ::-1])
    transfer = encode_picture(raw, BLOCKS_4500, 3, KEYS.__getitem__)
    press_and_lift(recorder, transfer, (3, 4))
    end(recorder)
    return recorder.entries


def conversation_microsoft(print_: np.ndarray) -> list[Submitted | Completed]:
    recorder = Recorder()
    start_microsoft(recorder)
    transfer = encode_picture(~print_, BLOCKS_MICROSOFT, 255, KEYS.__getitem__)
    press_and_lift(recorder, transfer, (255,))
    end(recorder)
    return recorder.entries


def make_print() -> np.ndarray:
    pixels = press(make_finger(4500), 1, width=384, height=290, dpi=512.0).frame.pixels
    return (pixels >> 4) * np.uint8(17)  # a smaller file


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    if folder == HERE:
        Image.fromarray(make_print()).save(HERE / "print.png", optimize=True, dpi=(512, 512))
    print_ = np.array(Image.open(HERE / "print.png"))
    write_conversation(folder / "uru4500.txt.gz", conversation_4500(print_))
    write_conversation(folder / "microsoft-v2.txt.gz", conversation_microsoft(print_))


if __name__ == "__main__":
    main()
