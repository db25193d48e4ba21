"""How much of its line a picture's transfer uses: prints a Markdown table.

    python bench/zfm_transfer.py [--real]

A scan is timed from its first command to the picture: GenImg, UpImage and the data packets, each
byte ten bits long. What the line can carry is the time of these bytes alone. In virtual time the
module answers at once, so what is lost is the driver's. --real adds some scans over a paced
pseudo-terminal (the middle one of three), in which the machine and the simulator have their share.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np

from greenline.drivers.sensor import Sensor
from greenline.drivers.simulation.line import PtyLine
from greenline.drivers.simulation.spoilers import ANSWER_BYTES, Shape
from greenline.drivers.simulation.virtual import VirtualPort
from greenline.drivers.simulation.wire import Wire
from greenline.drivers.simulation.zfm_kinds import AS608, R503, R551, ModuleKind
from greenline.drivers.simulation.zfm_module import ZfmModule
from greenline.drivers.urls import open_sensor
from greenline.drivers.zfm import Zfm
from greenline.prints.frame import Frame

BAUDS = (9600, 19200, 38400, 57600, 115200)
PACKET_SIZES = (32, 64, 128, 256)
REAL = [
    (R503, 115200, 32), (R503, 115200, 256), (R503, 57600, 128), (AS608, 115200, 128),
    (AS608, 57600, 256),
]  # fmt: skip
_COMMAND_BYTES = 12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--real", action="store_true", help="also over a paced pseudo-terminal")
    options = parser.parse_args()
    print("| module | bit/s | packet | line, s | scan, s | used | clock |")
    print("|---|---|---|---|---|---|---|")
    worst = min(
        _report(kind, baud, size, _virtual_s(kind, baud, size), "virtual")
        for kind in (AS608, R503, R551)
        for baud in BAUDS
        for size in PACKET_SIZES
    )
    print(f"\nWorst in virtual time: {worst:.2%}")
    if options.real:
        worst = min(_report(*case, _real_s(*case), "real") for case in REAL)
        print(f"\nWorst over the pseudo-terminal: {worst:.2%}")


def line_s(kind: ModuleKind, baud: int, packet_size: int) -> float:
    """Return how long the bytes of one scan take on the line, in seconds."""
    shape = Shape(packet_size, kind.width * kind.height // 2)
    return (2 * _COMMAND_BYTES + ANSWER_BYTES + shape.line_bytes) * 10 / baud


def _report(kind: ModuleKind, baud: int, size: int, took_s: float, clock: str) -> float:
    least_s = line_s(kind, baud, size)
    used = least_s / took_s
    cells = (f"{kind.name} {kind.width}x{kind.height}", baud, size, f"{least_s:.3f}")
    print(
        "|", " | ".join(map(str, (*cells, f"{took_s:.3f}", f"{used:.2%}", clock))), "|", flush=True
    )
    return used


def _virtual_s(kind: ModuleKind, baud: int, size: int) -> float:
    module = ZfmModule(kind, baud, size)
    port = VirtualPort(Wire(module, paced=True), baud)
    return _timed_scan(Zfm.open(port, port.clock), module, port.clock)


def _real_s(kind: ModuleKind, baud: int, size: int) -> float:
    module = ZfmModule(kind, baud, size)
    with (
        PtyLine(Wire(module, paced=True)) as line,
        open_sensor(f"serial:{line.path}?baud={baud}") as sensor,
    ):
        return statistics.median(_timed_scan(sensor, module, time.monotonic) for _ in range(3))


def _timed_scan(sensor: Sensor, module: ZfmModule, clock: Callable[[], float]) -> float:
    kind = module.kind
    noise = np.random.default_rng(7).integers(0, 256, (kind.height, kind.width), np.uint8)
    module.press(Frame(noise, kind.dpi))
    before = clock()
    got = sensor.scan()
    took_s = clock() - before
    if not isinstance(got, Frame) or not np.array_equal(got.pixels, (noise >> 4) * np.uint8(17)):
        raise SystemExit("the picture is not the one that was pressed")
    return took_s


if __name__ == "__main__":
    main()
