"""The pseudo-terminal: link, reopening, unplugging, a kiosk that does not read."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from greenline.drivers.port import SerialPort
from greenline.drivers.sensor import Retry
from greenline.drivers.simulation.line import PtyLine
from greenline.drivers.simulation.wire import Wire
from greenline.drivers.simulation.zfm_kinds import AS608, R503, ModuleKind
from greenline.drivers.simulation.zfm_module import ZfmModule
from greenline.drivers.urls import open_sensor
from greenline.drivers.zfm_codec import Packet, PacketKind, encode
from greenline.prints.frame import Frame

MakePrint = Callable[[ModuleKind], Frame]


def test_the_link_leads_to_the_module_and_goes_with_it(tmp_path: Path) -> None:
    link = tmp_path / "fingerprint"
    line = PtyLine(Wire(ZfmModule(R503), paced=False), link)
    for _ in range(2):
        with line:
            assert line.path == link
            with open_sensor(f"serial:{link}") as sensor:
                assert sensor.scan() is Retry.NO_FINGER
        assert not link.is_symlink()
    line.unplug()  # harmless


def test_a_link_left_over_is_replaced_but_nobodys_file(tmp_path: Path) -> None:
    link, file = tmp_path / "link", tmp_path / "file"
    link.symlink_to("/nowhere")
    file.write_text("precious")
    with PtyLine(Wire(ZfmModule(R503), paced=False), link):
        assert link.exists()
    with pytest.raises(FileExistsError):
        PtyLine(Wire(ZfmModule(R503), paced=False), file).plug_in()
    assert file.read_text() == "precious"


def test_a_kiosk_that_leaves_in_the_middle_of_a_picture_may_come_back(
    make_print: MakePrint,
) -> None:
    module = ZfmModule(R503)
    module.press(make_print(R503))
    get_image, up_image = (encode(Packet(PacketKind.COMMAND, code)) for code in (b"\x01", b"\x0a"))
    with PtyLine(Wire(module, paced=False)) as line:
        for _ in range(3):
            with open_sensor(f"serial:{line.path}"):
                pass  # unlocks the module
            port = SerialPort.open(str(line.path), 57600, time.monotonic)
            port.write(get_image, time.monotonic() + 5)
            taken = b""
            while len(taken) < 12:
                taken += port.read(12, time.monotonic() + 5)
            port.write(up_image, time.monotonic() + 5)
            assert port.read(1, time.monotonic() + 5) == b"\xef"
            port.close()  # more than a terminal holds has not been read
            with open_sensor(f"serial:{line.path}") as sensor:
                assert isinstance(sensor.scan(), Frame)


def test_a_module_restarts_under_an_open_line() -> None:
    module = ZfmModule(R503)
    with PtyLine(Wire(module, paced=False)) as line:
        port = SerialPort.open(str(line.path), 57600, time.monotonic)
        port.write(encode(Packet(PacketKind.COMMAND, b"\x40")), time.monotonic() + 5)
        assert port.read(12, time.monotonic() + 5)  # from now on the line knows that it is open
        line.restart_module()
        time_over = time.monotonic() + 5
        while (got := port.read(10, time_over)) not in (b"", b"\x55"):
            continue  # the rest of the answer
        assert got == b"\x55"
        port.close()


def test_unusual_speeds_are_told_apart() -> None:
    module = ZfmModule(AS608, baud=28800)
    hand_shake = encode(Packet(PacketKind.COMMAND, b"\x40"))
    with PtyLine(Wire(module, paced=False)) as line:
        port = SerialPort.open(str(line.path), 48000, time.monotonic)
        port.write(hand_shake, time.monotonic() + 5)
        assert port.read(10, time.monotonic() + 0.05) == b""
        port.set_baud(28800)
        port.write(hand_shake, time.monotonic() + 5)
        assert port.read(1, time.monotonic() + 5) == b"\xef"
        port.close()
