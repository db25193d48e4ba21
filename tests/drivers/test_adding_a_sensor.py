"""The how-to for new sensors is true: its code runs, and the files it names are there."""

import re
import sys
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from greenline.drivers.errors import BadTransferError, PortLostError, PortTimeoutError
from greenline.drivers.sensor import Retry
from greenline.drivers.simulation.faults import (
    BadChecksum,
    CutOff,
    Noise,
    OnPictures,
    Silent,
    Times,
)
from greenline.drivers.simulation.virtual import VirtualPort
from greenline.drivers.simulation.wire import Wire
from greenline.prints.frame import Frame

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/adding-a-sensor.md").read_text()
BLOCKS = re.findall(r"```python\n# (.*?)\n(.*?)```", TEXT, re.DOTALL)
MODULES = [head for head, _ in BLOCKS if head.endswith(".py")]


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Everything that the how-to defines, made from its text as if its files were there."""
    names: dict[str, Any] = {}
    for head, code in BLOCKS:
        module = ModuleType("greenline." + head.removesuffix(".py").replace("/", "."))
        exec(compile(code, head, "exec"), module.__dict__)  # noqa: S102  # our own document
        monkeypatch.setitem(sys.modules, module.__name__, module)
        names |= vars(module)
    return names


@pytest.fixture
def pressed(example: dict[str, Any]) -> Frame:
    noise = np.random.default_rng(1).integers(0, 256, (example["HEIGHT"], example["WIDTH"]))
    return Frame(noise.astype(np.uint8), example["DPI"])


def test_the_example_scans_over_a_pseudo_terminal(example: dict[str, Any], pressed: Frame) -> None:
    with ExitStack() as stack:
        stand = example["Gt521Stand"](stack)
        with stand.open() as sensor:
            assert sensor.scan() is Retry.NO_FINGER
            assert not sensor.wait_finger(present=True, timeout_s=0.0)
            stand.press(pressed)
            assert sensor.wait_finger(present=True, timeout_s=5.0)
            got = sensor.scan()
            assert isinstance(got, Frame)
            np.testing.assert_array_equal(got.pixels, pressed.pixels)
            info = sensor.info()
            assert (info.width, info.height, info.dpi) == (got.width, got.height, got.dpi)
            stand.unplug()
            with pytest.raises(PortLostError):
                sensor.finger_present()


@pytest.mark.parametrize("fault", [Noise(b"\x55\xaa\x5a\x00"), BadChecksum(1), CutOff(3000)])
def test_the_example_gives_the_right_picture_after_a_damaged_one(
    example: dict[str, Any], pressed: Frame, fault: Any
) -> None:
    module = example["Gt521Module"]()
    port = VirtualPort(Wire(module, paced=True), baud=9600)
    sensor = example["Gt521"].open(port, port.clock)
    module.press(pressed)
    port.wire.faults.append(Times(1, OnPictures(fault)))
    got = sensor.scan()
    assert isinstance(got, Frame)
    np.testing.assert_array_equal(got.pixels, pressed.pixels)
    port.wire.faults.append(OnPictures(fault if not isinstance(fault, Noise) else CutOff(12)))
    with pytest.raises(BadTransferError):
        sensor.scan()
    port.wire.faults[:] = [Silent()]
    with pytest.raises(PortTimeoutError):
        sensor.scan()


class HissingPort(VirtualPort):
    """A line on which there is always a byte of noise when nothing else is there."""

    def read(self, most: int, deadline: float) -> bytes:
        assert self.clock.now < 600.0, "it has listened to the noise for ten minutes"
        self.clock.now += 0.001
        return super().read(most, self.clock.now) or b"\x33"


def test_the_example_does_not_wait_for_a_line_that_hisses_to_fall_silent(
    example: dict[str, Any], pressed: Frame
) -> None:
    module = example["Gt521Module"]()
    port = HissingPort(Wire(module, [Silent()], paced=True), baud=9600)
    with pytest.raises(PortTimeoutError):
        example["Gt521"].open(port, port.clock)
    assert port.clock() < 2.0
    port.wire.faults.clear()
    sensor = example["Gt521"].open(port, port.clock)
    module.press(pressed)
    port.wire.faults.append(OnPictures(CutOff(12)))
    with pytest.raises(BadTransferError):  # after three tries, for each twice a picture's time
        sensor.scan()
    assert port.clock() < 350.0


def test_every_file_that_is_named_is_there() -> None:
    named = set(re.findall(r"`((?:drivers|tests|docs|cli)/[\w./-]+\.\w+)`", TEXT))
    assert len(named) >= 15
    assert {name for name in named if not (ROOT / name).exists()} == set()
    assert all(not (ROOT / name).exists() for name in MODULES)  # the example stays one


@pytest.mark.parametrize(
    ("file", "names"),
    [
        ("drivers/urls.py", ["_open_usb", "_OPENERS"]),
        ("drivers/simulation/wire.py", ["SerialModule", "faults"]),
        ("tests/drivers/test_sensor_contract.py", ["STANDS", "class Stand"]),
        ("drivers/discovery.py", ["KINDS"]),
    ],
)
def test_what_it_says_is_in_a_file_is_there(file: str, names: list[str]) -> None:
    text = (ROOT / file).read_text()
    assert [name for name in names if name not in text] == []
