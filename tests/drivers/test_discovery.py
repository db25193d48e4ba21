"""What is attached, from lists as the system gives them."""

import ctypes
from pathlib import Path

import pytest
from serial.tools.list_ports_common import ListPortInfo

from greenline.drivers.discovery import (
    ALIKE,
    NO_CAMERA_FILE,
    NO_DRIVER,
    Answer,
    Attached,
    ask,
    cameras,
    once_each,
    serial_ports,
    usb_devices,
)
from greenline.drivers.errors import PortLostError, PortTimeoutError
from greenline.drivers.fitness import fitness_of
from greenline.drivers.simulation.faults import Silent
from greenline.drivers.simulation.line import PtyLine
from greenline.drivers.simulation.webcam import Webcam, WebcamKernel
from greenline.drivers.simulation.wire import Wire
from greenline.drivers.simulation.zfm_kinds import AS608, R503
from greenline.drivers.simulation.zfm_module import ZfmModule
from greenline.drivers.urls import check_sensor_url, open_sensor
from greenline.drivers.v4l2_codec import Request
from greenline.prints.frame import Frame

HUB = {"idVendor": "1d6b", "idProduct": "0002", "bDeviceClass": "09"}
READER = {
    "idVendor": "05ba", "idProduct": "000a", "bDeviceClass": "ff",
    "manufacturer": "DigitalPersona, Inc.", "product": "U.are.U\x1b 4500", "serial": "{A1}",
}  # fmt: skip
KEYBOARD = {"idVendor": "046d", "idProduct": "c31c", "bDeviceClass": "00"}
WEBCAM = {
    "idVendor": "046d", "idProduct": "0825", "bDeviceClass": "ef", "product": "HD Webcam",
    "serial": "W1",
}  # fmt: skip
SERIAL = {"idVendor": "0403", "idProduct": "6001", "bDeviceClass": "00", "product": "FT232R"}


def adapter(device: str) -> ListPortInfo:
    port = ListPortInfo(device)
    port.vid, port.pid, port.serial_number = 0x0403, 0x6001, "FT123"
    port.manufacturer, port.product, port.description = "FTDI", "FT232R", "FT232R USB UART"
    port.location = "1-4:1.0"
    return port


def plug(folder: Path, listed: dict[str, dict[str, str]]) -> None:
    """Plug USB devices in, as the kernel lists them: by its name for each, what its files say."""
    for name, files in listed.items():
        (folder / name).mkdir(parents=True)
        for file, text in files.items():
            (folder / name / file).write_text(text + "\n")


@pytest.fixture
def kernel(tmp_path: Path) -> Path:
    """USB devices as the kernel lists them."""
    interfaces = {"1-1:1.0": {"bInterfaceClass": "ff"}, "1-2:1.0": {"bInterfaceClass": "03"}}
    plug(tmp_path, {"usb1": HUB, "1-1": READER, "1-2": KEYBOARD, **interfaces})
    return tmp_path


def test_a_usb_adapter_is_listed_with_what_udev_knows() -> None:
    (found,) = serial_ports([adapter("/dev/ttyUSB7")], links=[])
    assert found == Attached(
        "serial:/dev/ttyUSB7", "/dev/ttyUSB7", "FTDI FT232R", "0403", "6001", "FT123", "1-4"
    )


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


def test_a_port_has_the_address_that_stays_the_same(tmp_path: Path) -> None:
    target, ours, by_id = (tmp_path / name for name in ("ttyUSB7", "fingerprint", "by-id"))
    target.touch()
    by_id.mkdir()
    link = by_id / "usb-ACME_UART\\x20%1-if00-port0"
    link.symlink_to(target)
    (by_id / "usb-gone-if00-port0").symlink_to(tmp_path / "gone")
    (found,) = serial_ports([adapter(str(target))], [ours], by_id)
    assert found.place == str(target)
    assert found.url == f"serial:{by_id}/usb-ACME_UART%5Cx20%251-if00-port0"
    check_sensor_url(found.url)
    with pytest.raises(PortLostError, match="it has failed"):  # the file is found, but no terminal
        open_sensor(found.url)
    ours.symlink_to(target)
    (found,) = serial_ports([adapter(str(target))], [ours], by_id)
    assert (found.place, found.url) == (str(target), f"serial:{ours}")


def test_of_two_links_of_ours_the_first_is_taken(tmp_path: Path) -> None:
    links = [tmp_path / name for name in ("fingerprint", "serial0")]
    for link in links:
        link.symlink_to(tmp_path / "ttyAMA0")
    (tmp_path / "ttyAMA0").touch()
    (found,) = serial_ports([], links, tmp_path / "none")
    assert found.url == f"serial:{links[0]}"


def test_usb_readers_have_an_address_and_other_devices_do_not(kernel: Path) -> None:
    assert usb_devices(kernel) == [
        Attached("usb:05ba:000a", "USB 1-1", "DigitalPersona, Inc. U.are.U 4500", "05ba", "000a",
                 "{A1}", "1-1"),
        Attached("", "USB 1-2", "", "046d", "c31c", "", "1-2", NO_DRIVER),
    ]  # fmt: skip


def test_readers_of_one_kind_are_told_apart_by_their_serial_numbers(tmp_path: Path) -> None:
    plug(tmp_path, {"1-1": READER, "1-2": {**READER, "serial": "B 2&"}})
    urls = [found.url for found in usb_devices(tmp_path)]
    assert urls == ["usb:05ba:000a?serial={A1}", "usb:05ba:000a?serial=B%202%26"]
    for url in urls:
        check_sensor_url(url)


@pytest.mark.parametrize("serial", ["", "{A1}"])
def test_readers_that_cannot_be_told_apart_are_not_asked(tmp_path: Path, serial: str) -> None:
    plug(tmp_path, {"1-1": {**READER, "serial": serial}, "1-2": {**READER, "serial": serial}})
    found = usb_devices(tmp_path)
    assert [(one.url, one.remark) for one in found] == [("", ALIKE)] * 2


def test_readers_of_two_kinds_need_no_serial_number(tmp_path: Path) -> None:
    plug(tmp_path, {"1-1": READER, "1-2": {**READER, "idProduct": "0007"}})
    assert [one.url for one in usb_devices(tmp_path)] == ["usb:05ba:000a", "usb:05ba:0007"]


def test_what_carries_a_listed_port_or_camera_is_not_listed_again(tmp_path: Path) -> None:
    plug(tmp_path, {"1-1": READER, "1-2": KEYBOARD, "1-3": WEBCAM, "1-4": SERIAL})
    plug(tmp_path, {"1-3:1.0": {"bInterfaceClass": "0e"}})
    ports = serial_ports([adapter("/dev/ttyUSB7")], links=[])
    camera = Attached("v4l2:/dev/video0", "/dev/video0", "HD Webcam", usb="1-3")
    devices = usb_devices(tmp_path)
    reader, keyboard, webcam, _ = devices
    assert once_each(ports, devices, [camera]) == [*ports, reader, keyboard, camera]
    assert once_each(ports, devices, []) == [*ports, reader, keyboard, webcam]
    assert webcam.remark == NO_CAMERA_FILE


class Listening(WebcamKernel):
    """Notes how often its camera is opened, and what it is asked."""

    def __init__(self, root: Path, webcam: Webcam) -> None:
        super().__init__(webcam, str(root / "dev/video0"))
        self.opened = 0
        self.asked: set[int] = set()

    def open(self, path: str) -> int:
        self.opened += 1
        return super().open(path)

    def ioctl(self, descriptor: int, request: int, argument: ctypes.Structure) -> None:
        self.asked.add(request)
        super().ioctl(descriptor, request, argument)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine with a webcam: its file, the kernel's words for it, and one running program."""
    plug(tmp_path / "sys/bus/usb/devices", {"1-3": WEBCAM})
    entry = tmp_path / "sys/class/video4linux/video0"
    entry.mkdir(parents=True)
    (entry / "name").write_text("HD Webcam: HD Webcam\n")
    (entry / "index").write_text("0\n")
    interface = tmp_path / "sys/bus/usb/devices/1-3/1-3:1.0"
    interface.mkdir()
    (entry / "device").symlink_to(interface)
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/video0").touch()
    (tmp_path / "dev/video-cam").touch()
    (tmp_path / "proc/77/fd").mkdir(parents=True)
    return tmp_path


def webcam(**state: bool) -> Webcam:
    return Webcam(lambda *_: b"", {"MJPG": [(64, 48)]}, name="Eye\x1b of the kiosk", **state)


def seen(words: str, remark: str) -> Attached:
    return Attached("v4l2:/dev/video0", "/dev/video0", words, "046d", "0825", "W1", "1-3", remark)


def test_a_camera_says_what_it_is_and_is_not_switched_on(machine: Path) -> None:
    kernel = Listening(machine, webcam())
    assert cameras(kernel, machine) == [seen("Eye of the kiosk", "a camera: v4l2:/dev/video0")]
    assert kernel.asked <= {Request.QUERYCAP, Request.STREAMOFF}
    assert (kernel.opened, kernel.holders) == (1, 0)


def test_a_camera_that_a_program_has_open_is_left_alone(machine: Path) -> None:
    (machine / "proc/77/fd/5").symlink_to(machine / "dev/video0")
    kernel = Listening(machine, webcam())
    perhaps = seen("HD Webcam: HD Webcam", "perhaps a camera, not asked: v4l2:/dev/video0")
    assert cameras(kernel, machine) == [perhaps]
    (machine / "proc/77/fd/5").unlink()
    assert cameras(kernel, machine, ask_them=False) == [perhaps]
    assert kernel.opened == 0
    (machine / "sys/class/video4linux/video0/index").write_text("1\n")  # for metadata only
    assert cameras(kernel, machine, ask_them=False) == []


def test_a_video_file_without_pictures_is_no_camera(machine: Path) -> None:
    assert cameras(Listening(machine, webcam(streams=False)), machine) == []


def test_a_camera_that_may_not_be_used_is_listed_with_the_reason(machine: Path) -> None:
    (found,) = cameras(Listening(machine, webcam(forbidden=True)), machine)
    assert found.remark.startswith("perhaps a camera: ")
    assert "add its user to the group video" in found.remark


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
    assert (without.missed, answer.missed) == ("no finger came within 0.1 s", "")


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
