"""A machine on which a library of the readers is not installed: a sentence that says which.

The library is hidden from a child process, in which the real command runs.
"""

import subprocess
import sys
from pathlib import Path

import pytest

WITHOUT = """
import sys

class NotInstalled:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "{}":
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, NotInstalled())
"""
WITHOUT_LIBUSB = """
import ctypes.util

ctypes.util.find_library = lambda name: None
"""
COMMAND = "from greenline.cli.__main__ import main; main()"


@pytest.mark.parametrize(
    ("device", "hidden", "sentence"),
    [
        (
            "usb:05ba:000a",
            WITHOUT.format("usb"),
            "pyusb is not installed here: install greenline[device]",
        ),
        (
            "usb:05ba:000a",
            WITHOUT_LIBUSB,
            "libusb is not installed here: install Debian's package libusb-1.0-0",
        ),
        (
            "serial:/dev/null",
            WITHOUT.format("serial"),
            "pyserial is not installed here: install greenline[device]",
        ),
    ],
    ids=["pyusb", "libusb", "pyserial"],
)
def test_a_library_that_a_sensor_needs_is_named_with_what_to_install(
    tmp_path: Path, device: str, hidden: str, sentence: str
) -> None:
    out = tmp_path / "finger.png"
    capture = ["capture", "--device", device, "--out", str(out)]
    ended = subprocess.run(
        [sys.executable, "-c", hidden + COMMAND, *capture],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    # 4: "a library that is missing", docs/configuration.md.
    assert (ended.returncode, ended.stderr) == (4, f"greenline: {sentence}\n")
    assert not out.exists()
