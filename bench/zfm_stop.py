"""What stopping a serial module's picture costs: prints a Markdown table.

    python bench/zfm_stop.py

In virtual time: a scan is stopped after so many eighths of its rows, another finger is laid on the
module, and the next scan begins at once. The module goes on sending what is left of the first
picture (it cannot be told to stop); the rest of the pause is the driver's.
"""

import numpy as np

from greenline.drivers.sensor import Arriving, Retry
from greenline.drivers.simulation.spoilers import Shape
from greenline.drivers.simulation.virtual import VirtualPort
from greenline.drivers.simulation.wire import Wire
from greenline.drivers.simulation.zfm_kinds import AS608, R503, R551, ModuleKind
from greenline.drivers.simulation.zfm_module import ZfmModule
from greenline.drivers.zfm import Zfm
from greenline.prints.frame import Frame

CASES = [(AS608, 115200), (AS608, 57600), (R503, 115200), (R503, 57600), (R551, 115200)]
PACKET = 128
EIGHTHS = (2, 4, 6, 7)


def main() -> None:
    print(
        "| module | bit/s | stopped after | whole picture, s | told after, s "
        "| next picture begins, s later | of it the module's, s | next picture |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for kind, baud in CASES:
        for eighths in EIGHTHS:
            cells = _stop(kind, baud, eighths)
            print("|", " | ".join((kind.name, str(baud), f"{eighths}/8", *cells)), "|")


def _noise(kind: ModuleKind, seed: int) -> Frame:
    pixels = np.random.default_rng(seed).integers(0, 256, (kind.height, kind.width), np.uint8)
    return Frame(pixels, kind.dpi)


def _stop(kind: ModuleKind, baud: int, eighths: int) -> tuple[str, ...]:
    module = ZfmModule(kind, baud, PACKET)
    port = VirtualPort(Wire(module, paced=True), baud)
    sensor = Zfm.open(port, port.clock)
    module.press(_noise(kind, 1))
    sensor.scan()  # a module that cannot say its size: it is known now
    before = port.clock()
    sensor.scan()
    whole_s = port.clock() - before

    def watch(arriving: Arriving) -> bool:
        return arriving.frame.height * 8 < eighths * arriving.height

    before = port.clock()
    if sensor.scan(watch=watch) is not Retry.STOPPED:
        raise SystemExit("the scan was not stopped")
    stopped = port.clock()
    pressed = _noise(kind, 2)
    module.press(pressed)
    first: list[float] = []
    got = sensor.scan(lambda _: first.append(port.clock()))
    wanted = (pressed.pixels >> 4) * np.uint8(17)
    right = isinstance(got, Frame) and np.array_equal(got.pixels, wanted)
    shape = Shape(PACKET, kind.width * kind.height // 2)
    rest_s = shape.line_bytes * 10 / baud * (1 - eighths / 8)
    return (
        f"{whole_s:.2f}", f"{stopped - before:.2f}", f"{first[0] - stopped:.2f}", f"{rest_s:.2f}",
        "right" if right else "WRONG",
    )  # fmt: skip


if __name__ == "__main__":
    main()
