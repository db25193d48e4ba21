"""Fault campaign over the U.are.U driver: prints one Markdown row for each kind of fault.

    nice python bench/uru4500_faults.py --each 550

Every case opens the real driver on a simulated reader in virtual time, strikes one to three
transfers of a scan, and then wants the right picture from the next scan or, if the driver gave up,
from the next driver. Exit code 1 if anything but the right picture, a retry or an error of ours
came out, or if the next picture was not right. One kind is only counted: a byte that arrives as
another is what the check sum of every USB packet rules out.
"""

import argparse
import errno
import logging
import random
import sys
from collections import Counter
from collections.abc import Callable

import numpy as np

from greenline.drivers.errors import DriverError
from greenline.drivers.sensor import Retry
from greenline.drivers.simulation.uru4500_reader import URU4500, UruReader
from greenline.drivers.simulation.usb_faults import Changed, Fails, Short, Sound, UsbFault
from greenline.drivers.simulation.usb_virtual import VirtualUsbPort
from greenline.drivers.uru4500 import Uru4500
from greenline.prints.frame import Frame

_PICTURE_BYTES = 111040
_BEYOND_CRC = "wrong byte in the header"
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
    options = parser.parse_args()
    logging.disable(logging.WARNING)  # the driver tells of each repeat
    print(_row(_HEAD), _row(["---"] * len(_HEAD)), sep="\n")
    bad = 0
    for kind, strike in _kinds().items():
        # The same faults again for the same seed, which is all that is wanted of chance here.
        dice = random.Random(f"{options.seed} {kind}")  # noqa: S311  # no secret
        wrong = _run(kind, strike, options.each, dice)
        bad += wrong if kind != _BEYOND_CRC else 0
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
        _BEYOND_CRC: _on_pictures(
            lambda dice: Changed(dice.choice((4, 5, *range(17, 32, 2))), dice.randrange(256))
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
    reader = UruReader(URU4500, seed=seed % 4)  # few keys: the simulated scrambler is slow
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


def _row(cells: object) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


if __name__ == "__main__":
    main()
