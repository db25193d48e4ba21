"""Resetting USB devices, on a tree of files like the kernel's."""

from pathlib import Path

import pytest

from greenline.drivers.errors import PortLostError
from greenline.drivers.usb_reset import reset_usb, usb_device_of


def device(root: Path, name: str, vendor: str, product: str, number: int) -> Path:
    folder = root / "sys/devices/usb1" / name
    folder.mkdir(parents=True)
    files = {"idVendor": vendor, "idProduct": product, "busnum": "1", "devnum": str(number)}
    for file, text in files.items():
        (folder / file).write_text(text + "\n")
    listed = root / "sys/bus/usb/devices"
    listed.mkdir(parents=True, exist_ok=True)
    (listed / name).symlink_to(folder)
    return folder


def device_file(root: Path, kind: str, name: str, part: Path) -> None:
    part.mkdir(parents=True)
    (root / "sys/class" / kind / name).mkdir(parents=True)
    (root / "sys/class" / kind / name / "device").symlink_to(part)
    (root / "dev").mkdir(exist_ok=True)
    (root / "dev" / name).touch()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """On USB an adapter, two readers alike, one more, a webcam; a serial port and a camera."""
    adapter = device(tmp_path, "1-1", "0403", "6001", 4)
    device(tmp_path, "1-2", "05ba", "000a", 12)
    (device(tmp_path, "1-3", "05ba", "000a", 13) / "serial").write_text("{A1 B2}\n")
    device(tmp_path, "1-4", "045e", "00bb", 15)
    webcam = device(tmp_path, "1-1.4", "046d", "0825", 7)
    board = tmp_path / "sys/devices/platform"
    device_file(tmp_path, "tty", "ttyUSB0", adapter / "1-1:1.0/ttyUSB0")
    device_file(tmp_path, "tty", "ttyAMA0", board / "serial")
    device_file(tmp_path, "video4linux", "video2", webcam / "1-1.4:1.0")
    device_file(tmp_path, "video4linux", "video0", board / "csi")
    (tmp_path / "dev/fingerprint").symlink_to(tmp_path / "dev/ttyUSB0")
    (tmp_path / "dev/camera").symlink_to("video2")
    return tmp_path


@pytest.mark.parametrize(
    ("url", "node"),
    [
        ("serial:/dev/ttyUSB0?baud=best", "001/004"),
        ("serial:/dev/fingerprint", "001/004"),
        ("usb:045e:00bb?turn=0", "001/015"),
        ("usb:045E:00BB", "001/015"),
        ("usb:05ba:000a?turn=0&serial={A1%20B2}", "001/013"),
        ("v4l2:/dev/video2?size=1280x720&rotation=90", "001/007"),
        ("v4l2:/dev/camera", "001/007"),
    ],
)
def test_the_device_behind_the_address_is_reset(root: Path, url: str, node: str) -> None:
    nodes: list[Path] = []
    assert reset_usb(url, root, nodes.append)
    assert nodes == [root / "dev/bus/usb" / node]


@pytest.mark.parametrize(
    "url",
    [
        "serial:/dev/ttyAMA0",
        "serial:/dev/ttyUSB1",
        "serial:/dev/video2",
        "serial:",
        "usb:05ba:0007",
        "usb:05ba:000a",  # two would fit: the wrong one may be at work
        "usb:05ba",
        "usb:05ba:000a?serial={A1}",
        "v4l2:/dev/video0",
        "v4l2:/dev/video9",
        "v4l2:/dev/ttyUSB0",
        "v4l2:",
        "picamera:0",
        "folder:/x",
        "",
    ],
)
def test_where_no_usb_device_is_nothing_is_reset(root: Path, url: str) -> None:
    nodes: list[Path] = []
    assert not reset_usb(url, root, nodes.append)
    assert (nodes, usb_device_of(url, root)) == ([], None)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (PermissionError(13, "no"), "may not reset it; install the udev rules"),
        (OSError(19, "gone"), "gone"),
    ],
)
def test_a_reset_that_fails_is_a_lost_port(root: Path, fault: OSError, words: str) -> None:
    def fail(_: Path) -> None:
        raise fault

    with pytest.raises(PortLostError, match=words):
        reset_usb("usb:045e:00bb", root, fail)


def test_without_a_node_the_kernels_own_reset_is_a_lost_port(root: Path) -> None:
    with pytest.raises(PortLostError, match="USB device 1-1: it cannot be reset"):
        reset_usb("serial:/dev/ttyUSB0", root)
