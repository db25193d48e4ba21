"""`greenline capture`: a picture from a sensor into a file, or a sentence why there is none."""

import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from greenline.drivers.simulation.faults import Piece, Pieces
from greenline.drivers.simulation.line import PtyLine
from greenline.drivers.simulation.sensor_area import on_sensor
from greenline.drivers.simulation.wire import Wire
from greenline.drivers.simulation.zfm_kinds import R503
from greenline.drivers.simulation.zfm_module import ZfmModule
from greenline.drivers.zfm_codec import Packet, PacketKind, encode
from greenline.drivers.zfm_commands import Confirmation
from greenline.models.picture import read_picture
from greenline.prints.frame import Frame

Greenline = Callable[..., Any]  # runs the command line; returns conftest.Told


@pytest.fixture
def line() -> Iterator[PtyLine]:
    with PtyLine(Wire(ZfmModule(R503), paced=False)) as plugged:
        yield plugged


@pytest.fixture
def pressed(line: PtyLine, a_print: Path) -> Frame:
    frame = read_picture(a_print)
    line.wire.module.press(frame)
    return on_sensor(frame, 192, 192, 508.0)


def test_a_finger_on_a_serial_sensor_becomes_a_picture_with_its_resolution(
    greenline: Greenline, line: PtyLine, pressed: Frame, tmp_path: Path
) -> None:
    out = tmp_path / "finger.png"
    told = greenline("capture", "--device", f"serial:{line.path}", "--out", out)
    assert (told.code, told.err) == (0, "")
    assert "192 x 192 pixels, 508 dpi, quality " in told.out
    with Image.open(out) as image:
        np.testing.assert_array_equal(np.asarray(image), pressed.pixels)
    assert read_picture(out).dpi == pytest.approx(508, abs=0.1)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600  # nobody else's to read


def test_without_a_finger_the_time_runs_out_and_nothing_is_written(
    greenline: Greenline, line: PtyLine, tmp_path: Path
) -> None:
    out = tmp_path / "finger.png"
    told = greenline("capture", "--device", f"serial:{line.path}", "--out", out, "--timeout", "0.2")
    assert (told.code, told.sentence) == (1, "no finger on the sensor")
    assert not out.exists()


class SmudgedAtFirst:
    """A wet finger: so many looks of the module see nothing but a smudge."""

    def __init__(self, module: ZfmModule, looks: int) -> None:
        self._module = module
        self._left = looks

    def spoil(self, answer: Pieces) -> Pieces:
        if self._module.last_command != "GEN_IMG" or not self._left:
            return answer
        self._left -= 1
        return [Piece(encode(Packet(PacketKind.ANSWER, bytes([Confirmation.MESSY]))))]


def test_a_smudged_finger_is_asked_for_once_more(
    greenline: Greenline, line: PtyLine, pressed: Frame, tmp_path: Path
) -> None:
    line.wire.faults.append(SmudgedAtFirst(line.wire.module, looks=4))
    out = tmp_path / "finger.png"
    told = greenline("capture", "--device", f"serial:{line.path}", "--out", out)
    assert told.code == 0
    assert told.out.count("Once more: the picture is smudged\n") == 1  # of two, each two looks
    with Image.open(out) as image:
        np.testing.assert_array_equal(np.asarray(image), pressed.pixels)


@pytest.mark.parametrize(
    ("device", "sentence"),
    [
        ("serial:/dev/there-is-no-such-device", "it is not there"),
        ("usb:045e:00bb", "045e:00bb: it is not there"),
        ("usb:05ba", "names no device"),
        ("finger", "an address begins with one of serial:, usb:"),
        ("usb://[x", "cannot be read as an address"),
        ("v4l2:/dev/there-is-no-such-device", "it is not there; plug the camera in"),
        ("picamera:x", "is no camera's number"),
        ("folder:/there/is/no/such/folder", "this folder cannot be read"),
    ],
)
def test_a_device_that_is_not_there_or_cannot_be_meant_is_a_sentence(
    greenline: Greenline, tmp_path: Path, device: str, sentence: str
) -> None:
    told = greenline("capture", "--device", device, "--out", tmp_path / "finger.png")
    assert told.code == 6
    assert sentence in told.sentence


@pytest.mark.parametrize(
    ("out", "sentence"),
    [
        ("finger.jpg", "the picture is written as PNG: end the file's name in .png"),
        ("finger", "the picture is written as PNG: end the file's name in .png"),
        ("none/finger.png", "cannot be written: there is no folder "),
        ("folder.png", "cannot be written: is a folder, not a file"),
    ],
)
def test_a_picture_that_could_not_be_kept_is_not_asked_for(
    greenline: Greenline, line: PtyLine, pressed: Frame, tmp_path: Path, out: str, sentence: str
) -> None:
    (tmp_path / "folder.png").mkdir()
    told = greenline("capture", "--device", f"serial:{line.path}", "--out", tmp_path / out)
    assert (told.code, told.out) == (3, "")
    assert sentence in told.sentence
    assert line.wire.module.commands == 0


def test_a_camera_gives_a_still(greenline: Greenline, tmp_path: Path) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (48, 64, 3)).astype(np.uint8)
    folder = tmp_path / "pictures"
    folder.mkdir()
    Image.fromarray(pixels).save(folder / "1.png")
    out = tmp_path / "STILL.PNG"
    told = greenline("capture", "--device", f"folder:{folder}?rotation=180", "--out", out)
    assert (told.code, told.err) == (0, "")
    assert told.out == f"folder of pictures\n{out}: 64 x 48 pixels\n"
    with Image.open(out) as image:
        np.testing.assert_array_equal(np.asarray(image), pixels[::-1, ::-1])
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
