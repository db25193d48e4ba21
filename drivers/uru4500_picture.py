"""One picture of a U.are.U reader: from the bytes of a transfer to a frame at 500 dpi.

Sans-IO, but for the keys: the reader gives them one at a time, so they are asked for through a
function. The format's facts come from published open drivers and recorded conversations.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from greenline.drivers.errors import BadPacketError
from greenline.drivers.uru4500_scrambling import Keystream, descramble
from greenline.prints.frame import Frame

WIDTH, HEIGHT = 384, 290
HEADER_BYTES = 64
# More than ever arrives: a transfer that fills the read exactly would leave its end mark behind.
TRANSFER_BYTES = HEADER_BYTES + WIDTH * HEIGHT
FRAME_DPI = 500.0

Pixels = NDArray[np.uint8]
FetchKey = Callable[[int], int]
"""Called with a key's number (0-255); returns the key, 32 bits."""

NOT_SENT, SCRAMBLED, KEY_STAYS, NEXT_KEY = 0x01, 0x02, 0x04, 0x80  # flags of a block

_LINES_AT, _KEY_NUMBER_AT, _BLOCKS_AT, _MOST_BLOCKS = 4, 6, 16, 15
# A scrambled line is noise: its pixels do not depend on their neighbours. Mean square of the step
# from pixel to pixel: 10,900 then (7,600 at least), and twice the variance (1.4 times at least).
# No line of the 320 prints of FVC2002's sets B has steps above 3,500, or above 500 and 0.84 times.
_NOISE_STEP = 5000.0
_NOISE_RATIO = 1.2


@dataclass(frozen=True)
class Optics:
    """How a reader's sensor sits in its housing. dpi: pixels per inch of its own pixels.

    turned: the picture stands on its head. inverted: ridges arrive light on a dark ground.
    """

    turned: bool
    inverted: bool
    dpi: float


@dataclass(frozen=True)
class Block:
    """Some lines of the picture that were sent in the same way. flags: see above."""

    flags: int
    lines: int

    @property
    def sent(self) -> bool:
        """Whether its lines are in the transfer."""
        return not self.flags & NOT_SENT

    @property
    def scrambled(self) -> bool:
        """Whether its lines are there under the keystream."""
        return self.sent and self.flags & (SCRAMBLED | KEY_STAYS) == SCRAMBLED


@dataclass(frozen=True)
class Header:
    """What stands before the lines. lines: how many were sent. key_number: of the first key."""

    lines: int
    key_number: int
    blocks: tuple[Block, ...]

    @property
    def complete(self) -> bool:
        """Whether the blocks make up the whole picture, as they do in every known recording.

        If not, a wrong number of lines left out may have moved all that stands below them.
        """
        return sum(block.lines for block in self.blocks) == HEIGHT

    @classmethod
    def parse(cls, transfer: bytes) -> "Header":
        """Read the header. Raises BadPacketError when it cannot be that of this transfer."""
        if len(transfer) < HEADER_BYTES:
            raise BadPacketError(f"{len(transfer)} bytes are no picture of a U.are.U reader")
        lines = int.from_bytes(transfer[_LINES_AT : _LINES_AT + 2], "little")
        # Whole lines too many as well: then the number is wrong, and the picture would be cut.
        if not 0 < lines < HEIGHT or (len(transfer) - HEADER_BYTES) // WIDTH != lines:
            raise BadPacketError(f"{len(transfer)} bytes are no picture of {lines} lines")
        blocks = tuple(_blocks(transfer, lines))
        sent = sum(block.lines for block in blocks if block.sent)
        if sent != lines or sum(block.lines for block in blocks) > HEIGHT:
            raise BadPacketError(f"the blocks of a picture do not make up its {lines} lines")
        return cls(lines, transfer[_KEY_NUMBER_AT], blocks)


def unscramble(transfer: bytes, fetch_key: FetchKey) -> Pixels:
    """Return the picture as the sensor sees it: uint8, shape (290, 384).

    Lines that are missing at the end stay 0, the ground. Raises BadPacketError when the transfer
    is no whole picture, and what fetch_key raises.
    """
    header = Header.parse(transfer)
    data = np.frombuffer(transfer, np.uint8, header.lines * WIDTH, HEADER_BYTES)
    lines = data.reshape(header.lines, WIDTH).copy()
    said_to_be = lines[_first_scrambled(header)]
    if _count_noise(said_to_be) * 2 > len(said_to_be):
        _take_keystream_off(lines, header, fetch_key)
    # Not even one: a wrong flag in the header spoils no more than the one line of its block.
    if noisy := _count_noise(lines):
        raise BadPacketError(
            f"{noisy} lines of the picture were not sent under the key that the reader gave, or "
            "not in the way that its header says"
        )
    return _assemble(lines, header)


def to_frame(pixels: Pixels, optics: Optics) -> Frame:
    """Return the picture upright with dark ridges, in the sensor's own pixels."""
    if optics.inverted:
        pixels = ~pixels
    if optics.turned:
        pixels = pixels[::-1, ::-1]
    return Frame(np.ascontiguousarray(pixels), optics.dpi)


def frame_size(optics: Optics) -> tuple[int, int]:
    """Return width and height of resampled() frames, pixels."""
    scale = FRAME_DPI / optics.dpi
    return round(WIDTH * scale), round(HEIGHT * scale)


def resampled(frame: Frame) -> Frame:
    """Return the frame at 500 dpi, which matchers expect; a frame that has it is left alone."""
    scale = FRAME_DPI / frame.dpi
    if scale == 1:
        return frame
    width, height = round(frame.width * scale), round(frame.height * scale)
    # The part of the frame that these whole pixels cover, so that both ways have 500 dpi exactly.
    box = (0, 0, min(frame.width, width / scale), min(frame.height, height / scale))
    image = Image.fromarray(frame.pixels).resize((width, height), Image.Resampling.BICUBIC, box)
    return Frame(np.array(image, np.uint8), FRAME_DPI)


def _blocks(transfer: bytes, lines: int) -> Iterator[Block]:
    """Yield blocks until all sent lines are accounted for; what stands behind is old rubbish.

    But for one: lines left out at the end of the picture, if they are just those that it lacks.
    """
    height = 0
    for at in range(_BLOCKS_AT, _BLOCKS_AT + 2 * _MOST_BLOCKS, 2):
        block = Block(transfer[at], transfer[at + 1])
        is_last = not block.sent and height + block.lines == HEIGHT
        if not block.lines or (lines <= 0 and not is_last):
            return
        if block.sent:
            lines -= block.lines
        height += block.lines
        yield block


def _first_scrambled(header: Header) -> slice:
    """Return which lines the first block has that is said to be scrambled, none without one."""
    line = 0
    for block in header.blocks:
        if block.scrambled:
            return slice(line, line + block.lines)
        if block.sent:
            line += block.lines
    return slice(0)


def _count_noise(lines: Pixels) -> int:
    """Return how many lines look scrambled, whatever they are said to be."""
    grey = lines.astype(np.float32)
    steps = np.square(np.diff(grey, axis=1)).mean(axis=1)
    noise = (steps >= _NOISE_STEP) & (steps >= _NOISE_RATIO * grey.var(axis=1))
    return int(np.count_nonzero(noise))


def _take_keystream_off(lines: Pixels, header: Header, fetch_key: FetchKey) -> None:
    """Put every scrambled block in clear, in place."""
    number, line = header.key_number, 0
    keystream = Keystream(fetch_key(number))
    for block in header.blocks:
        if block.flags & NEXT_KEY:
            number = number + 1 & 0xFF
            keystream = Keystream(fetch_key(number))
        if block.scrambled:
            part = lines[line : line + block.lines]
            part[:] = descramble(part.reshape(-1), keystream).reshape(part.shape)
        elif not block.flags & KEY_STAYS:
            keystream.take(block.lines * WIDTH)
        if block.sent:
            line += block.lines


def _assemble(lines: Pixels, header: Header) -> Pixels:
    """Put the blocks at their places; lines that were not sent repeat what comes next."""
    picture = np.zeros((HEIGHT, WIDTH), np.uint8)
    source = target = 0
    for block in header.blocks:
        part = lines[source : source + block.lines]
        picture[target : target + len(part)] = part
        target += block.lines
        if block.sent:
            source += block.lines
    return picture
