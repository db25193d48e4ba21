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


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An adapter with the port ttyUSB0, linked as fingerprint; a reader; a port of the board."""
    adapter = device(tmp_path, "1-1", "0403", "6001", 4)
    device(tmp_path, "1-2", "05ba", "000a", 12)
    (adapter / "1-1:1.0/ttyUSB0").mkdir(parents=True)
    board = tmp_path / "sys/devices/platform/serial"
    board.mkdir(parents=True)
    for name, target in {"ttyUSB0": adapter / "1-1:1.0/ttyUSB0", "ttyAMA0": board}.items():
        (tmp_path / "sys/class/tty" / name).mkdir(parents=True)
        (tmp_path / "sys/class/tty" / name / "device").symlink_to(target)
        (tmp_path / "dev").mkdir(exist_ok=True)
        (tmp_path / "dev" / name).touch()
    (tmp_path / "dev/fingerprint").symlink_to(tmp_path / "dev/ttyUSB0")
    return tmp_path


@pytest.mark.parametrize(
    ("url", "node"),
    [
        ("serial:/dev/ttyUSB0?baud=best", "001/004"),
        ("serial:/dev/fingerprint", "001/004"),
        ("usb:05ba:000a?turn=0", "001/012"),
        ("usb:05BA:000A", "001/012"),
    ],
)
def test_the_device_behind_the_address_is_reset(root: Path, url: str, node: str) -> None:
    nodes: list[Path] = []
    assert reset_usb(url, root, nodes.append)
    assert nodes == [root / "dev/bus/usb" / node]


@pytest.mark.parametrize(
    "url",
    ["serial:/dev/ttyAMA0", "serial:/dev/ttyUSB1", "usb:05ba:0007", "usb:05ba", "folder:/x", ""],
)
def test_where_no_usb_device_is_nothing_is_reset(root: Path, url: str) -> None:
    nodes: list[Path] = []
    assert not reset_usb(url, root, nodes.append)
    assert (nodes, usb_device_of(url, root)) == ([], None)


@pytest.mark.parametrize(
    ("fault", "words"),
    [(PermissionError(13, "no"), "its udev rule is missing"), (OSError(19, "gone"), "gone")],
)
def test_a_reset_that_fails_is_a_lost_port(root: Path, fault: OSError, words: str) -> None:
    def fail(_: Path) -> None:
        raise fault

    with pytest.raises(PortLostError, match=words):
        reset_usb("usb:05ba:000a", root, fail)


def test_without_a_node_the_kernels_own_reset_is_a_lost_port(root: Path) -> None:
    with pytest.raises(PortLostError, match="USB device 1-1: it cannot be reset"):
        reset_usb("serial:/dev/ttyUSB0", root)
