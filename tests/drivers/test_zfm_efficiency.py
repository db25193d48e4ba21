"""A scan takes no longer than its bytes take on the line, nearly: 98 % at every speed."""

from collections.abc import Callable

import pytest

from greenline.drivers.simulation.spoilers import ANSWER_BYTES, Shape
from greenline.drivers.simulation.virtual import VirtualPort
from greenline.drivers.simulation.wire import Wire
from greenline.drivers.simulation.zfm_kinds import AS608, R503, R551, ModuleKind
from greenline.drivers.simulation.zfm_module import ZfmModule
from greenline.drivers.zfm import Zfm
from greenline.prints.frame import Frame

COMMAND_BYTES = 12


@pytest.mark.parametrize("packet_size", [32, 64, 128, 256])
@pytest.mark.parametrize("baud", [9600, 19200, 38400, 57600, 115200])
@pytest.mark.parametrize("kind", [AS608, R503, R551], ids=lambda kind: kind.name)
def test_a_scan_uses_98_per_cent_of_the_line(
    kind: ModuleKind, baud: int, packet_size: int, make_print: Callable[[ModuleKind], Frame]
) -> None:
    module = ZfmModule(kind, baud, packet_size)
    module.press(make_print(kind))
    port = VirtualPort(Wire(module, paced=True), baud)
    sensor = Zfm.open(port, port.clock)
    before = port.clock()
    assert isinstance(sensor.scan(), Frame)
    took_s = port.clock() - before
    picture = Shape(packet_size, kind.width * kind.height // 2).line_bytes
    line_s = (COMMAND_BYTES + ANSWER_BYTES + COMMAND_BYTES + picture) * 10 / baud
    assert 0.98 <= line_s / took_s <= 1.0 + 1e-6  # more than all would be a slip of the clock
