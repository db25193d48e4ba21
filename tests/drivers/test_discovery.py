"""What is attached, from lists as the system gives them."""

from pathlib import Path

import pytest
from serial.tools.list_ports_common import ListPortInfo

from greenline.drivers.discovery import Answer, Attached, ask, serial_ports, usb_devices
from greenline.drivers.errors import PortLostError, PortTimeoutError
from greenline.drivers.fitness import fitness_of
from greenline.drivers.simulation.faults import Silent
from greenline.drivers.simulation.line import PtyLine
from greenline.drivers.simulation.wire import Wire
from greenline.drivers.simulation.zfm_kinds import AS608, R503
from greenline.drivers.simulation.zfm_module import ZfmModule
from greenline.drivers.urls import open_sensor
from greenline.prints.frame import Frame

HUB = {"idVendor": "1d6b", "idProduct": "0002", "bDeviceClass": "09"}
READER = {
    "idVendor": "05ba", "idProduct": "000a", "bDeviceClass": "ff",
    "manufacturer": "DigitalPersona, Inc.", "product": "U.are.U\x1b 4500", "serial": "{A1}",
}  # fmt: skip
KEYBOARD = {"idVendor": "046d", "idProduct": "c31c", "bDeviceClass": "00"}


def adapter(device: str) -> ListPortInfo:
    port = ListPortInfo(device)
    port.vid, port.pid, port.serial_number = 0x0403, 0x6001, "FT123"
    port.manufacturer, port.product, port.description = "FTDI", "FT232R", "FT232R USB UART"
    return port


@pytest.fixture
def kernel(tmp_path: Path) -> Path:
    """USB devices as the kernel lists them."""
    listed = {"usb1": HUB, "1-1": READER, "1-2": KEYBOARD, "1-1:1.0": {"bInterfaceClass": "ff"}}
    for name, files in listed.items():
        (tmp_path / name).mkdir()
        for file, text in files.items():
            (tmp_path / name / file).write_text(text + "\n")
    return tmp_path


def test_a_usb_adapter_is_listed_with_what_udev_knows() -> None:
    assert serial_ports([adapter("/dev/ttyUSB7")], links=[]) == [
        Attached("serial:/dev/ttyUSB7", "/dev/ttyUSB7", "FTDI FT232R", "0403", "6001", "FT123")
    ]


def test_a_port_of_the_board_has_no_numbers() -> None:
    assert serial_ports([ListPortInfo("/dev/ttyAMA7")], links=[]) == [
        Attached("serial:/dev/ttyAMA7", "/dev/ttyAMA7", "")
    ]


def test_our_own_link_stands_for_the_port_that_it_leads_to(tmp_path: Path) -> None:
    target, link, absent = tmp_path / "ttyUSB7", tmp_path / "fingerprint", tmp_path / "serial0"
    target.touch()
    link.symlink_to(target)
    (found,) = serial_ports([adapter(str(target))], links=[link, absent])
    assert (found.url, found.serial) == (f"serial:{link}", "FT123")


def test_a_link_to_a_port_that_is_not_listed_is_listed_itself(tmp_path: Path) -> None:
    target, link = tmp_path / "ttyS0", tmp_path / "serial0"
    target.touch()
    link.symlink_to(target)
    assert serial_ports([], links=[link]) == [Attached(f"serial:{link}", str(link), f"-> {target}")]


def test_usb_readers_have_an_address_and_other_devices_do_not(kernel: Path) -> None:
    assert usb_devices(kernel) == [
        Attached("usb:05ba:000a", "USB 1-1", "DigitalPersona, Inc. U.are.U 4500", "05ba", "000a",
                 "{A1}"),
        Attached("", "USB 1-2", "", "046d", "c31c"),
    ]  # fmt: skip


def test_without_usb_nothing_is_listed(tmp_path: Path) -> None:
    assert usb_devices(tmp_path / "none") == []
    assert usb_devices(tmp_path) == []


def test_a_sensor_says_what_it_is() -> None:
    with PtyLine(Wire(ZfmModule(R503, baud=115200), paced=False)) as line:
        answer = ask(f"serial:{line.path}", open_sensor)
        with open_sensor(f"serial:{line.path}") as sensor:
            assert answer == Answer(sensor.info(), 115200, fitness_of(sensor.info()))


def test_a_finger_tells_the_size_of_a_module_that_cannot() -> None:
    module = ZfmModule(AS608)
    with PtyLine(Wire(module, paced=False)) as line:
        without = ask(f"serial:{line.path}", open_sensor, finger_s=0.1)
        module.press(Frame.from_nibbles(bytes(range(256)) * 144, 256, 288, 500.0))
        answer = ask(f"serial:{line.path}", open_sensor, finger_s=5.0)
    assert isinstance(without, Answer)
    assert isinstance(answer, Answer)
    assert (without.info.width, answer.info.width, answer.info.height) == (None, 256, 288)


def test_a_port_in_use_is_a_fault_and_stays_with_its_program() -> None:
    with PtyLine(Wire(ZfmModule(R503), paced=False)) as line:
        url = f"serial:{line.path}"
        with open_sensor(url) as other:
            taken = ask(url, open_sensor)
            assert other.finger_present() is False
        assert isinstance(taken, PortLostError)
        assert "another program uses it" in str(taken)
        assert isinstance(ask(url, open_sensor), Answer)


def test_a_silent_port_is_a_fault_and_free_again() -> None:
    with PtyLine(Wire(ZfmModule(R503), [Silent()], paced=False)) as line:
        url = f"serial:{line.path}"
        assert isinstance(ask(url, open_sensor), PortTimeoutError)
        line.wire.faults.clear()
        assert isinstance(ask(url, open_sensor), Answer)
