"""Fault campaign over the U.are.U driver: prints one Markdown row for each kind of fault.

    nice python bench/uru4500_faults.py --each 550
    nice python bench/uru4500_faults.py --headers 6000

Every case opens the real driver on a simulated reader in virtual time, strikes one to three
transfers of a scan, and then wants the right picture from the next scan or, if the driver gave up,
from the next driver. Exit code 1 if anything but the right picture, a retry or an error of ours
came out, or if the next picture was not right. The readers take turns in how they send a picture:
as the recorded one does, in every way that is known, and not scrambled. Wrong bytes are struck
where a header has meaning, although the check sum of every USB packet rules them out.
"""

import argparse
import errno
import logging
import random
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from greenline.drivers.errors import BadPacketError, DriverError
from greenline.drivers.sensor import Retry
from greenline.drivers.simulation.uru4500_reader import URU4500, UruReader
from greenline.drivers.simulation.uru4500_transfer import USUAL_BLOCKS
from greenline.drivers.simulation.usb_faults import (
    Both,
    Changed,
    Fails,
    Flipped,
    Short,
    Sound,
    UsbFault,
)
from greenline.drivers.simulation.usb_virtual import VirtualUsbPort
from greenline.drivers.uru4500 import Uru4500
from greenline.drivers.uru4500_codec import Mode
from greenline.drivers.uru4500_picture import Block, Header, to_frame, unscramble
from greenline.prints.frame import Frame

_PICTURE_BYTES = 111040
_MEANINGFUL = range(4, 32)  # bytes of the header: number of lines, key, the recorded blocks
_BLOCKS = (
    USUAL_BLOCKS,
    (
        Block(0x02, 24), Block(0x00, 1), Block(0x01, 2), Block(0x04, 30), Block(0x00, 200),
        Block(0x82, 10), Block(0x06, 12), Block(0x02, 11),
    ),
    (Block(0x00, 145), Block(0x00, 144), Block(0x01, 1)),
)  # fmt: skip
_LISTED = range(4, 46)  # number of lines, key, all 15 places for blocks
_REGISTERS = 4  # of a scan: capture, seed, key, finger off
_HEAD = (
    "kind of fault", "scans", "right at once", "right after repeats", "retry", "given up",
    "other error", "wrong picture", "foreign exception", "longest, virtual s", "next right",
)  # fmt: skip

Strike = Callable[[VirtualUsbPort, random.Random], None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--each", type=int, default=550, help="scans with each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--headers", type=int, metavar="PAIRS",
        help="instead: every wrong byte of a header, and so many pairs of wrong bytes",
    )  # fmt: skip
    options = parser.parse_args()
    if options.headers is not None:
        sys.exit(_headers(options.headers, options.seed))
    logging.disable(logging.WARNING)  # the driver tells of each repeat
    print(_row(_HEAD), _row(["---"] * len(_HEAD)), sep="\n")
    bad = 0
    for kind, strike in _kinds().items():
        # The same faults again for the same seed, which is all that is wanted of chance here.
        dice = random.Random(f"{options.seed} {kind}")  # noqa: S311  # no secret
        bad += _run(kind, strike, options.each, dice)
    sys.exit(bad > 0)


def _kinds() -> dict[str, Strike]:
    return {
        "bulk stall (EPIPE)": _on_pictures(lambda _: Fails(errno.EPIPE)),
        "bulk silence (ETIMEDOUT)": _on_pictures(lambda _: Fails(errno.ETIMEDOUT)),
        "bulk noise (EPROTO)": _on_pictures(lambda _: Fails(errno.EPROTO)),
        "bulk babble (EOVERFLOW)": _on_pictures(lambda _: Fails(errno.EOVERFLOW)),
        "bulk input/output (EIO)": _on_pictures(lambda _: Fails(errno.EIO)),
        "short read": _on_pictures(lambda dice: Short(dice.randrange(1, _PICTURE_BYTES))),
        "0-byte picture": _empty,
        "wrong byte in the header": _on_pictures(_wrong_byte),
        "wrong bit in the header": _on_pictures(_wrong_bit),
        "two wrong bytes in the header": _on_pictures(
            lambda dice: Both(_wrong_byte(dice), _wrong_byte(dice))
        ),
        "unplugged in a picture (ENODEV)": _on_pictures(lambda _: Fails(errno.ENODEV)),
        "register stall (EPIPE)": _on_registers(lambda _: Fails(errno.EPIPE)),
        "register silence (ETIMEDOUT)": _on_registers(lambda _: Fails(errno.ETIMEDOUT)),
        "register noise (EPROTO)": _on_registers(lambda _: Fails(errno.EPROTO)),
        "register cut short": _on_registers(lambda _: Short(0)),
        "wrong key": _wrong_key,
        "unplugged at a register (ENODEV)": _on_registers(lambda _: Fails(errno.ENODEV)),
        "rubbish events": _rubbish_events,
    }


def _wrong_byte(dice: random.Random) -> UsbFault:
    return Changed(dice.choice(_MEANINGFUL), dice.randrange(256))


def _wrong_bit(dice: random.Random) -> UsbFault:
    return Flipped(dice.choice(_MEANINGFUL), dice.randrange(8))


def _on_pictures(draw: Callable[[random.Random], UsbFault]) -> Strike:
    def strike(port: VirtualUsbPort, dice: random.Random) -> None:
        port.picture_faults.extend(draw(dice) for _ in range(dice.randint(1, 3)))

    return strike


def _on_registers(draw: Callable[[random.Random], UsbFault]) -> Strike:
    def strike(port: VirtualUsbPort, dice: random.Random) -> None:
        port.control_faults.extend([Sound()] * dice.randrange(_REGISTERS))
        port.control_faults.extend(draw(dice) for _ in range(dice.randint(1, 3)))

    return strike


def _empty(port: VirtualUsbPort, dice: random.Random) -> None:
    port.reader.empty = dice.randint(1, 3)


def _wrong_key(port: VirtualUsbPort, dice: random.Random) -> None:
    for _ in range(dice.randint(1, 3)):
        port.control_faults.extend([Sound(), Sound(), Changed(0, dice.randrange(256))])


def _rubbish_events(port: VirtualUsbPort, dice: random.Random) -> None:
    for _ in range(dice.randint(1, 300)):
        port.reader.report(dice.choice((0x56AA, 0x0800, dice.randrange(1 << 16))))


def _run(kind: str, strike: Strike, count: int, dice: random.Random) -> int:
    tally: Counter[str] = Counter()
    longest = 0.0
    for number in range(count):
        port = VirtualUsbPort(_pressed(number))
        sensor = Uru4500.open(port, port.clock)
        sensor.wait_finger(present=True, timeout_s=1.0)
        strike(port, dice)
        begun = port.clock()
        tally[_outcome(sensor, port)] += 1
        longest = max(longest, port.clock() - begun)
        port.control_faults.clear()
        port.picture_faults.clear()
        port.reader.empty = 0
        tally["next right"] += _next_is_right(sensor, port)
    print(_row((kind, count, *(tally[name] for name in _HEAD[2:9]), f"{longest:.1f}",
                tally["next right"])), flush=True)  # fmt: skip
    return tally["wrong picture"] + tally["foreign exception"] + count - tally["next right"]


def _pressed(seed: int) -> UruReader:
    kind = replace(URU4500, blocks=_BLOCKS[seed % len(_BLOCKS)])
    reader = UruReader(kind, seed=seed % 4)  # few keys: the simulated scrambler is slow
    rows, columns = np.mgrid[:290, :384]
    waves = 127 + 120 * np.sin(np.hypot(rows - 40 - seed % 50, columns - 60) / 1.4)
    reader.press(Frame(waves.astype(np.uint8), 512.0))
    return reader


def _outcome(sensor: Uru4500, port: VirtualUsbPort) -> str:
    try:
        got = sensor.scan_native()
    except DriverError as fault:
        return "given up" if type(fault).__name__ == "PortLostError" else "other error"
    except Exception as error:  # noqa: BLE001  # what the campaign is looking for
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return "foreign exception"
    if isinstance(got, Retry):
        return "retry"
    if not np.array_equal(got.pixels, port.reader.delivers.pixels):
        return "wrong picture"
    return "right after repeats" if port.failures else "right at once"


def _next_is_right(sensor: Uru4500, port: VirtualUsbPort) -> bool:
    try:
        got = sensor.scan_native()
    except DriverError:
        port.reader.restart()
        port = VirtualUsbPort(port.reader)
        got = Uru4500.open(port, port.clock).scan_native()
    return isinstance(got, Frame) and np.array_equal(got.pixels, port.reader.delivers.pixels)


def _headers(pairs: int, seed: int) -> bool:
    """Decode pictures with wrong headers, one row a list of blocks; True: one byte was enough."""
    dice = random.Random(seed)  # noqa: S311  # no secret
    print(_row(("blocks", "wrong bytes", "headers", "refused", "unusual", "right", "wrong")))
    print(_row(["---"] * 7))
    bad = 0
    for number, blocks in enumerate(_BLOCKS):
        reader = _pressed(number)
        reader.mode = Mode.CAPTURE
        whole, right = reader.take_picture() or b"", reader.delivers
        each = [{at: value} for at in _LISTED for value in range(256) if whole[at] != value]
        several = [_cancelling(whole, blocks, dice) for _ in range(pairs)]
        for count, changes in (("one", each), ("two", several)):
            tally = Counter(_decoded(whole, change, reader, right) for change in changes)
            kinds = [tally[name] for name in ("refused", "unusual", "right", "wrong")]
            print(_row((len(blocks), count, len(changes), *kinds)), flush=True)
            bad += tally["wrong"] if count == "one" else 0
    return bad > 0


def _cancelling(whole: bytes, blocks: tuple[Block, ...], dice: random.Random) -> dict[int, int]:
    """Return two numbers of lines that are wrong and make the same sum."""
    first, second = (17 + 2 * place for place in dice.sample(range(len(blocks)), 2))
    step = dice.randint(1, 60)
    return {first: (whole[first] + step) & 0xFF, second: (whole[second] - step) & 0xFF}


def _decoded(whole: bytes, change: dict[int, int], reader: UruReader, right: Frame) -> str:
    transfer = bytearray(whole)
    for at, value in change.items():
        transfer[at] = value
    try:
        if not Header.parse(bytes(transfer)).complete:
            return "unusual"
        got = to_frame(unscramble(bytes(transfer), reader.key), reader.kind.optics)
    except BadPacketError:
        return "refused"
    return "right" if np.array_equal(got.pixels, right.pixels) else "wrong"


def _row(cells: object) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


if __name__ == "__main__":
    main()
