"""`greenline devices`: what is attached, what it says of itself, what it is good for."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from greenline.cli.devices import Row, overview
from greenline.drivers.discovery import Attached
from greenline.drivers.port import SerialPort
from greenline.drivers.simulation.line import PtyLine
from greenline.drivers.simulation.wire import Wire
from greenline.drivers.simulation.zfm_kinds import AS608, R503
from greenline.drivers.simulation.zfm_module import ZfmModule
from greenline.models.picture import read_picture

PARTS = "two presses may show different parts"
Greenline = Callable[..., Any]  # runs the command line; returns conftest.Told


@pytest.fixture
def line() -> Iterator[PtyLine]:
    with PtyLine(Wire(ZfmModule(R503), paced=False)) as plugged:
        yield plugged


def test_a_weak_sensor_is_described_with_what_it_lacks(greenline: Greenline, line: PtyLine) -> None:
    told = greenline("devices", "--device", f"serial:{line.path}")
    assert (told.code, told.err) == (0, "")
    assert told.out.splitlines() == [
        str(line.path),
        "  sensor   R503, serial number 00000001",
        "  picture  192 x 192 pixels, 508 dpi, 16 grey levels",
        "  search   weak",
        "           - 16 grey levels instead of 256: faint ridges and pores are lost",
        "           - it sees 9.6 x 9.6 mm of the finger instead of 12.7 x 16.5 mm: " + PARTS,
        "  speed    57600 bit/s",
        f'  sensor = "serial:{line.path}"',
    ]


def test_a_program_gets_the_same_as_json(greenline: Greenline, line: PtyLine) -> None:
    told = greenline("devices", "--port", line.path, "--json")
    assert told.code == 0
    (found,) = json.loads(told.out)["devices"]
    sensor = found.pop("sensor")
    assert found == {
        "url": f"serial:{line.path}", "place": str(line.path), "words": "", "vendor": "",
        "product": "", "serial": "", "fault": "",
    }  # fmt: skip
    assert len(sensor.pop("reasons")) == 2
    assert sensor == {
        "model": "R503", "serial": "00000001", "width": 192, "height": 192, "dpi": 508.0,
        "grey_levels": 16, "baud": 57600, "fitness": "weak",
    }  # fmt: skip


def test_a_module_that_hides_its_size_tells_it_with_a_finger(
    greenline: Greenline, a_print: Path
) -> None:
    module = ZfmModule(AS608)
    with PtyLine(Wire(module, paced=False)) as line:
        url = f"serial:{line.path}"
        assert "size not known yet" in greenline("devices", "--device", url).out
        module.press(read_picture(a_print))
        told = greenline("devices", "--device", url, "--finger", "1")
    assert "256 x 288 pixels, 500 dpi" in told.out
    assert "search   fair" in told.out


@pytest.mark.parametrize("device", ["serial:{line}", "serial:{line}?baud=best", "{line}"])
def test_no_port_is_left_open(greenline: Greenline, line: PtyLine, device: str) -> None:
    told = greenline("devices", "--device", device.format(line=line.path))
    assert (told.code, told.out.splitlines()[0]) == (0, str(line.path))
    SerialPort.open(str(line.path), 57600, lambda: 0.0).close()  # it is exclusive


def test_a_named_device_that_is_not_there_is_a_fault_of_the_device(
    greenline: Greenline, tmp_path: Path
) -> None:
    told = greenline("devices", "--device", f"serial:{tmp_path}/none")
    assert (told.code, told.out) == (6, "")
    assert "it is not there; plug the sensor in" in told.err


def test_an_address_that_cannot_be_meant_is_refused(greenline: Greenline) -> None:
    told = greenline("devices", "--device", "parallel:1")
    assert told.code == 6
    assert "an address begins with one of serial:" in told.err


def test_listing_alone_asks_nothing(greenline: Greenline) -> None:
    told = greenline("devices", "--no-ask", "--json")
    assert told.code == 0
    assert all(found["sensor"] is None for found in json.loads(told.out)["devices"])


def test_nothing_attached_is_said_in_a_sentence() -> None:
    assert overview([]).startswith("No serial port and no USB device is attached. Plug the sensor")


def test_what_does_not_answer_is_listed_with_the_reason() -> None:
    found = Attached("", "USB 1-1", "ACME Keyboard", "1234", "5678", "9")
    rows = [Row(found, None, "not a sensor"), Row(found, None, "not asked")]
    head = "USB 1-1  1234:5678  ACME Keyboard  9"
    assert overview(rows) == f"{head}\n  not a sensor\n\n{head}\n  not asked"
