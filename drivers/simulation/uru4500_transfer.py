"""Makes the bytes in which a U.are.U reader sends a picture: header, blocks, keystream."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from greenline.drivers.simulation.uru4500_scrambler import keystream, scramble
from greenline.drivers.uru4500_picture import (
    HEADER_BYTES,
    HEIGHT,
    KEY_STAYS,
    NEXT_KEY,
    NOT_SENT,
    SCRAMBLED,
    WIDTH,
    Block,
)

Pixels = NDArray[np.uint8]

# As one reader was seen to send: 290 lines, of which the 123rd is left out.
USUAL_BLOCKS = (
    Block(SCRAMBLED, 72),
    Block(0, 1),
    Block(SCRAMBLED, 49),
    Block(NOT_SENT, 1),
    Block(0, 1),
    Block(SCRAMBLED, 49),
    Block(0, 1),
    Block(SCRAMBLED, 116),
)
_RUBBISH = bytes.fromhex("0000104080015a000000c47a3000")  # what stands behind the last block


def encode_picture(
    raw: Pixels, blocks: Sequence[Block], key_number: int, key_of: Callable[[int], int]
) -> bytes:
    """Return a whole transfer. raw: uint8, shape (290, 384), as the sensor sees it.

    blocks: 290 lines together, at most 15 blocks. key_of: the key of a number, 32 bits.
    """
    header, body = bytearray(HEADER_BYTES), bytearray()
    number, line, keys = key_number, 0, _Keys(key_of(key_number))
    for block in blocks:
        if block.flags & NEXT_KEY:
            number += 1
            keys = _Keys(key_of(number))
        clear = raw[line : line + block.lines].reshape(-1)
        line += block.lines
        stream = b"" if block.flags & KEY_STAYS else keys.take(clear.size)
        if block.scrambled:
            body += scramble(clear, np.frombuffer(stream, np.uint8)).tobytes()
        elif block.sent:
            body += clear.tobytes()
    lists = b"".join(bytes([block.flags, block.lines]) for block in blocks)
    header[:4] = bytes.fromhex("10408001")
    header[4:7] = (len(body) // WIDTH).to_bytes(2, "little") + bytes([key_number])
    header[16:46] = (lists + _RUBBISH + bytes(30))[:30]
    return bytes(header + body)


def delivered(raw: Pixels, blocks: Sequence[Block]) -> Pixels:
    """Return what can be known of the picture when such a transfer has arrived.

    The last pixel of each scrambled block is 0; lines that were not sent repeat the next ones, or
    are 0 where none come.
    """
    kept, line = raw.copy(), 0
    for block in blocks:
        if block.scrambled:
            kept[line + block.lines - 1, WIDTH - 1] = 0
        line += block.lines
    for block in reversed(blocks):
        line -= block.lines
        if not block.sent:
            behind = kept[line + block.lines : line + 2 * block.lines].copy()
            kept[line : line + block.lines] = 0
            kept[line : line + len(behind)] = behind
    return kept


class _Keys:
    """One key's stream, from which blocks take their parts in turn."""

    def __init__(self, key: int) -> None:
        self._stream = keystream(key, WIDTH * HEIGHT)
        self._at = 0

    def take(self, count: int) -> bytes:
        part = self._stream[self._at : self._at + count]
        self._at += count
        return part
