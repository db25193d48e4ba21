"""A recorded conversation of a real U.are.U 4500, replayed by umockdev through the real libusb.

The recording is not ours to copy; it lies beside the repository. umockdev answers only what the
driver of the recording said, in its order: anything else times out.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from PIL import Image

SHARED = Path(os.environ.get("GREENLINE_SHARED", Path(__file__).resolve().parents[3] / "shared"))
RECORDING = SHARED / "data" / "uru4500"
PLACE = "/sys/devices/pci0000:00/0000:00:14.0/usb1/1-10"  # of the device in the recording
SEED = "seed=0x51ea2124"  # what the driver of the recording chose

pytestmark = [
    pytest.mark.skipif(not RECORDING.is_dir(), reason=f"no recording in {RECORDING}"),
    pytest.mark.skipif(not shutil.which("umockdev-run"), reason="umockdev is not installed"),
]


def replay(*python: str) -> subprocess.CompletedProcess[str]:
    """Run Python on a machine on which the recorded reader is all that is plugged in."""
    umockdev = ["umockdev-run", "--device", str(RECORDING / "device")]
    umockdev += ["--pcap", f"{PLACE}={RECORDING / 'capture.pcapng'}", "--", sys.executable]
    # umockdev may leave folders behind, and the path of a socket in them must be short.
    with TemporaryDirectory(prefix="u", dir="/tmp") as folder:
        return subprocess.run(
            [*umockdev, *python],
            env={**os.environ, "TMPDIR": folder},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


def capture(tmp_path: Path, options: str) -> subprocess.CompletedProcess[str]:
    command = ["-m", "greenline.cli", "capture", "--device", f"usb:05ba:000a?{options}"]
    return replay(*command, "--out", str(tmp_path / "got.png"), "--timeout", "20")


def test_the_recorded_conversation_gives_the_reference_picture_pixel_by_pixel(
    tmp_path: Path,
) -> None:
    # Told that its pixels are of 500 dpi, the driver leaves them as they are.
    ended = capture(tmp_path, f"{SEED}&dpi=500")
    assert ended.returncode == 0, ended.stderr
    assert "U.are.U® 4500 Fingerprint Reader {FB0B9071-" in ended.stdout
    with Image.open(tmp_path / "got.png") as got:
        assert (got.mode, round(got.info["dpi"][0])) == ("L", 500)
        coloured = got.convert("RGB")  # as the reference was written
    with Image.open(RECORDING / "capture.png") as reference:
        np.testing.assert_array_equal(np.asarray(coloured), np.asarray(reference))


def test_the_recorded_picture_becomes_a_frame_of_500_dpi(tmp_path: Path) -> None:
    ended = capture(tmp_path, SEED)
    assert ended.returncode == 0, ended.stderr
    with Image.open(RECORDING / "capture.png") as reference:
        smaller = np.asarray(reference.convert("L").resize((375, 283), Image.Resampling.BICUBIC))
    with Image.open(tmp_path / "got.png") as got:
        assert (got.size, round(got.info["dpi"][0])) == ((375, 283), 500)
        assert np.abs(np.asarray(got).astype(int) - smaller).mean() < 2


def test_what_the_recording_does_not_hold_ends_in_a_sentence_and_not_in_a_hang(
    tmp_path: Path,
) -> None:
    ended = capture(tmp_path, "seed=0x51ea2125")
    # It had been opened and started up, so the replay itself works.
    assert ended.stdout.startswith("U.are.U® 4500 Fingerprint Reader {FB0B9071-"), ended.stderr
    assert ended.returncode == 6
    assert "greenline: the reader was reset because a register failed twice" in ended.stderr


def test_a_program_that_ends_without_closing_its_reader_is_not_aborted() -> None:
    ended = replay(
        "-c",
        "from greenline.drivers.urls import open_sensor\n"
        f"sensor = open_sensor('usb:05ba:000a?{SEED}')\n"
        "print(sensor.info().width)\n",
    )
    assert (ended.returncode, ended.stdout) == (0, "375\n"), ended.stderr
