"""Prints to press, and lines and buses to press them on."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from greenline.drivers.simulation.faults import Fault
from greenline.drivers.simulation.line import PtyLine
from greenline.drivers.simulation.uru4500_reader import URU4500, ReaderKind, UruReader
from greenline.drivers.simulation.usb_bus import UsbBus
from greenline.drivers.simulation.virtual import VirtualPort
from greenline.drivers.simulation.wire import Wire
from greenline.drivers.simulation.zfm_kinds import R503, ModuleKind
from greenline.drivers.simulation.zfm_module import ZfmModule
from greenline.drivers.uru4500 import Uru4500
from greenline.drivers.uru4500_picture import Optics
from greenline.drivers.usb_port import PyUsbPort
from greenline.drivers.zfm import Zfm
from greenline.prints.frame import Frame


@pytest.fixture
def make_print() -> Callable[[ModuleKind], Frame]:
    """Ridges with noise, of the module's own size: no two rows alike, every grey level there."""

    def make(kind: ModuleKind) -> Frame:
        rows, columns = np.mgrid[: kind.height, : kind.width]
        waves = 127 + 90 * np.sin(np.hypot(rows - 40, columns - 60) / 1.4)
        noise = np.random.default_rng(7).integers(-37, 38, waves.shape)
        return Frame((waves + noise).clip(0, 255).astype(np.uint8), kind.dpi)

    return make


@pytest.fixture
def small() -> ModuleKind:
    """An R503 with a tiny picture (512 bytes), for tests that scan it very often."""
    assert R503.product is not None
    return replace(R503, width=32, height=32, product=replace(R503.product, width=32, height=32))


@pytest.fixture
def make_line() -> Iterator[Callable[..., PtyLine]]:
    """Plug modules in at pseudo-terminals; the end of the test unplugs them."""
    with ExitStack() as stack:

        def make(module: ZfmModule, *faults: Fault, paced: bool = False) -> PtyLine:
            return stack.enter_context(PtyLine(Wire(module, faults, paced=paced)))

        yield make


class Bench:
    """A module with a print on it and its driver, opened over a sound line, in virtual time."""

    def __init__(self, kind: ModuleKind, pressed: Frame) -> None:
        self.module = ZfmModule(kind)
        self.port = VirtualPort(Wire(self.module, paced=True))
        self.sensor = Zfm.open(self.port, self.port.clock)
        self.module.press(pressed)
        self.wanted = (pressed.pixels >> 4) * np.uint8(17)

    def spoil(self, *faults: Fault) -> None:
        self.port.wire.faults[:] = faults

    def demand_right_picture(self) -> None:
        got = self.sensor.scan()
        assert isinstance(got, Frame)
        np.testing.assert_array_equal(got.pixels, self.wanted)


@pytest.fixture
def make_bench(
    make_print: Callable[[ModuleKind], Frame],
) -> Callable[[ModuleKind], Bench]:
    return lambda kind: Bench(kind, make_print(kind))


CONVERSATIONS = Path(__file__).resolve().parent / "conversations"


@pytest.fixture(scope="session")
def reader_print() -> Frame:
    """A synthetic print in the size and resolution of a U.are.U reader."""
    with Image.open(CONVERSATIONS / "print.png") as image:
        return Frame(np.array(image), 512.0)


class ReaderBench:
    """A U.are.U reader on a simulated bus, and drivers opened on it through pyusb."""

    def __init__(self, reader: UruReader) -> None:
        self.reader = reader
        self.bus = UsbBus(reader)
        self.sensors: list[Uru4500] = []

    def open_port(self) -> PyUsbPort:
        kind = self.reader.kind
        return PyUsbPort.open(kind.vendor, kind.product, backend=self.bus, interrupt_read_s=0.02)

    def open(self, optics: Optics | None = None) -> Uru4500:
        port = self.open_port()
        try:
            self.sensors.append(Uru4500.open(port, time.monotonic, optics))
        except BaseException:
            port.close()
            raise
        return self.sensors[-1]


@pytest.fixture
def make_reader() -> Iterator[Callable[..., ReaderBench]]:
    """Make readers; at the end all is closed, and neither thread nor handle may be left over."""
    benches: list[ReaderBench] = []

    def make(kind: ReaderKind = URU4500) -> ReaderBench:
        benches.append(ReaderBench(UruReader(kind)))
        return benches[-1]

    yield make
    for bench in benches:
        for sensor in bench.sensors:
            sensor.close()
    assert [bench.bus.open_handles for bench in benches] == [0] * len(benches)
    assert [thread.name for thread in threading.enumerate() if "USB" in thread.name] == []
