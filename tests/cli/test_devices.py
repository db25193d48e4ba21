"""`greenline devices`: what is attached, what it says of itself, what it is good for."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import typer

from greenline.cli.devices import Row, app, attached_here, overview
from greenline.cli.errors import CommandError
from greenline.drivers.discovery import NO_DRIVER, Attached
from greenline.drivers.port import SerialPort
from greenline.drivers.simulation.faults import Silent
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
        "product": "", "serial": "", "usb": "", "remark": "", "fault": "",
    }  # fmt: skip
    assert len(sensor.pop("reasons")) == 2
    assert sensor == {
        "model": "R503", "serial": "00000001", "width": 192, "height": 192, "dpi": 508.0,
        "grey_levels": 16, "baud": 57600, "live": False, "fitness": "weak",
    }  # fmt: skip


GREY = "- 16 grey levels instead of 256: faint ridges and pores are lost"
LATER = "- the size of its pictures is known after the first one"


def test_a_module_that_hides_its_size_tells_it_with_a_finger(
    greenline: Greenline, a_print: Path
) -> None:
    module = ZfmModule(AS608)
    with PtyLine(Wire(module, paced=False)) as line:
        url = f"serial:{line.path}"
        without = greenline("devices", "--device", url)
        module.press(read_picture(a_print))
        told = greenline("devices", "--device", url, "--finger", "1")
    assert (without.code, without.err, told.code) == (0, "", 0)
    how = f"- its size becomes known with a finger: greenline devices --device {url} --finger 10"
    assert [line.strip() for line in without.out.splitlines()[2:7]] == [
        "picture  size not known yet, 16 grey levels",
        "search   unknown",
        LATER,
        GREY,
        how,
    ]
    assert told.err == f"ZFM module at {line.path}: place a finger on it within 1 s ...\n"
    assert "256 x 288 pixels, 500 dpi" in told.out
    assert "search   fair" in told.out
    assert "--finger" not in told.out


def test_a_finger_that_does_not_come_is_said(greenline: Greenline) -> None:
    with PtyLine(Wire(ZfmModule(AS608), paced=False)) as line:
        told = greenline("devices", "--device", line.path, "--finger", "0.1")
        program = greenline("devices", "--device", line.path, "--finger", "0.1", "--json")
    assert (told.code, program.code) == (1, 1)
    assert (told.sentence, program.sentence) == ("no finger came within 0.1 s",) * 2
    assert "           - no finger came within 0.1 s" in told.out.splitlines()
    (found,) = json.loads(program.out)["devices"]
    assert (found["fault"], found["sensor"]["width"]) == ("no finger came within 0.1 s", None)


def test_a_module_that_states_its_size_needs_no_finger(greenline: Greenline, line: PtyLine) -> None:
    told = greenline("devices", "--device", line.path, "--finger", "60")
    assert (told.code, told.err) == (0, "")


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


@pytest.mark.parametrize("device", ["serial:{tmp}/none", "parallel:1", "usb://[x", "serial:/%00"])
def test_a_program_is_told_why_a_named_device_does_not_answer(
    greenline: Greenline, tmp_path: Path, device: str
) -> None:
    url = device.format(tmp=tmp_path)
    told = greenline("devices", "--device", url, "--json")
    assert told.code == 6
    (found,) = json.loads(told.out)["devices"]
    assert (found["url"], found["sensor"]) == (url, None)
    assert found["fault"] == told.sentence


def test_an_address_that_cannot_be_meant_is_refused(greenline: Greenline) -> None:
    told = greenline("devices", "--device", "parallel:1")
    assert told.code == 6
    assert "an address begins with one of serial:" in told.err


Listing = Callable[..., tuple[int, str]]


@pytest.fixture
def listing(capsys: pytest.CaptureFixture[str]) -> Listing:
    """Runs the command on a machine of the test's own; returns exit code and standard output."""

    def run(found: Sequence[Attached], *arguments: str) -> tuple[int, str]:
        code = 0
        try:
            typer.main.get_command(app).main(
                list(arguments), standalone_mode=False, obj=lambda _: found
            )
        except CommandError as fault:
            code = fault.exit_code
        return code, capsys.readouterr().out

    return run


@pytest.fixture
def silent() -> Iterator[PtyLine]:
    with PtyLine(Wire(ZfmModule(R503), [Silent()], paced=False)) as plugged:
        yield plugged


MOUSE = Attached("", "USB 1-1", "ACME Mouse", "1234", "5678", "9", "1-1", NO_DRIVER)
CAMERA = Attached("v4l2:/dev/video7", "/dev/video7", "Eye", remark="a camera: v4l2:/dev/video7")


def port(line: PtyLine) -> Attached:
    return Attached(f"serial:{line.path}", str(line.path), "")


def test_what_is_attached_is_asked_and_described(
    listing: Listing, line: PtyLine, silent: PtyLine
) -> None:
    code, out = listing([port(line), port(silent), MOUSE, CAMERA])
    assert code == 0
    module, nothing, mouse, camera = out.split("\n\n")
    assert module.splitlines()[:2] == [str(line.path), "  sensor   R503, serial number 00000001"]
    assert module.splitlines()[-1] == f'  sensor = "serial:{line.path}"'
    assert nothing.startswith(f"{silent.path}\n  no fingerprint module answers at any speed; ")
    assert "(/dev/serial0) whether a serial console uses the line" in nothing
    assert mouse == f"USB 1-1  1234:5678  ACME Mouse  9\n  {NO_DRIVER}"
    assert camera == "/dev/video7  Eye\n  a camera: v4l2:/dev/video7\n"


def test_a_program_gets_every_device(listing: Listing, line: PtyLine, silent: PtyLine) -> None:
    code, out = listing([port(line), port(silent), MOUSE], "--json")
    module, nothing, mouse = json.loads(out)["devices"]
    assert code == 0
    assert (module["sensor"]["model"], module["fault"]) == ("R503", "")
    assert nothing["sensor"] is None
    assert nothing["fault"].startswith("no fingerprint module answers")
    assert mouse == {
        "url": "", "place": "USB 1-1", "words": "ACME Mouse", "vendor": "1234", "product": "5678",
        "serial": "9", "usb": "1-1", "remark": NO_DRIVER, "fault": "", "sensor": None,
    }  # fmt: skip


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_where_no_sensor_answers_the_answer_is_no(
    listing: Listing, silent: PtyLine, options: tuple[str, ...]
) -> None:
    code, out = listing([port(silent), MOUSE, CAMERA], *options)
    assert code == 1
    assert "no fingerprint module answers" in out
    assert listing([], *options)[0] == 1


def test_without_asking_no_byte_is_sent(listing: Listing, line: PtyLine) -> None:
    code, out = listing([port(line), MOUSE], "--no-ask", "--json")
    assert code == 0
    assert [found["fault"] for found in json.loads(out)["devices"]] == ["not asked", ""]
    assert listing([], "--no-ask", "--device", f"serial:{line.path}") == (
        0,
        f"{line.path}\n  not asked\n",
    )
    assert line.wire.module.commands == 0
    assert listing([port(line)], "--ask")[0] == 0
    assert line.wire.module.commands > 0


def test_this_machine_can_be_listed(greenline: Greenline) -> None:
    told = greenline("devices", "--no-ask", "--json")
    assert told.code == 0
    urls = [found["url"] for found in json.loads(told.out)["devices"]]
    assert urls == [found.url for found in attached_here(ask_them=False)]


def test_nothing_attached_is_said_in_a_sentence() -> None:
    assert overview([]).startswith("No serial port and no USB device is attached. Plug the sensor")


def test_what_does_not_answer_is_listed_with_the_reason() -> None:
    found = Attached("", "USB 1-1", "ACME Keyboard", "1234", "5678", "9")
    rows = [Row(found, None, "not a sensor"), Row(found, None, "not asked")]
    head = "USB 1-1  1234:5678  ACME Keyboard  9"
    assert overview(rows) == f"{head}\n  not a sensor\n\n{head}\n  not asked"
