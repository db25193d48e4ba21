"""Opening the pins, and how their faults read. The mock pins are gpiozero's own."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from greenline.drivers.errors import PortLostError
from greenline.drivers.gpio import PinsOnDemand, faults_of_pins, open_pins
from greenline.drivers.lights import GpioLight, LightPins


def test_mock_pins_exist_on_every_machine() -> None:
    pins = open_pins("mock")
    light = GpioLight.open(LightPins(17, 27, 22), pins)
    light.close()
    pins.close()


@pytest.mark.skipif(importlib.util.find_spec("lgpio") is not None, reason="lgpio is installed here")
def test_without_the_library_the_technician_reads_what_is_missing() -> None:
    with pytest.raises(PortLostError, match="the pins of this board: gpiozero or lgpio is not"):
        open_pins()


# Does what lgpio 0.2.2 does with folders when it is imported, and has no pins.
LGPIO = """
import os

class error(Exception):
    pass

def __getattr__(name):
    if name.isupper():
        return 0  # its many constants
    raise AttributeError(name)

folder = os.environ.get("LG_WD") or os.getcwd()
os.chdir(folder)
name = os.path.join(folder, ".lgd-nfy0")
os.mkfifo(name)
pipe = os.open(name, os.O_RDWR)
print("imported")

def gpiochip_open(number):
    raise error("can not open gpiochip")
"""
# Twice, as a kiosk that tries again.
OPEN_PINS = """
import os, sys
from greenline.drivers.errors import PortLostError
from greenline.drivers.gpio import open_pins

for _ in range(2):
    try:
        open_pins()
    except PortLostError as fault:
        print(fault)
    print(os.getcwd())
    os.environ.pop("LG_WD", None)
    os.environ["RUNTIME_DIRECTORY"] = sys.argv[1]
"""


def open_pins_without_a_working_folder(
    tmp_path: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Open the pins where nobody can write, in a process that has yet to import lgpio."""
    (tmp_path / "lgpio.py").write_text(LGPIO)
    (tmp_path / "run").mkdir()
    known = {name: os.environ[name] for name in ("PYTHONPATH", "PATH") if name in os.environ}
    path = os.pathsep.join([str(tmp_path), known.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", OPEN_PINS, str(tmp_path / "run")],
        cwd="/proc",
        env=known | {"PYTHONPATH": path, "TMPDIR": str(tmp_path / "run")} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("variable", ["TMPDIR", "RUNTIME_DIRECTORY", "LG_WD"])
def test_lgpio_gets_a_folder_to_write_to_where_there_is_none(tmp_path: Path, variable: str) -> None:
    folder = tmp_path / "its own"
    folder.mkdir()
    done = open_pins_without_a_working_folder(tmp_path, **{variable: str(folder)})
    imported, fault, at, fault_again, at_again = done.stdout.splitlines()
    assert (imported, at, at_again) == ("imported", "/proc", "/proc")
    assert fault == fault_again
    assert "lgpio needs a folder" not in fault
    # LG_WD is where its owner wants the pipe; of our own folders nothing is left.
    left = [".lgd-nfy0"] if variable == "LG_WD" else []
    assert [entry.name for entry in folder.iterdir()] == left


@pytest.mark.parametrize("variable", ["RUNTIME_DIRECTORY", "LG_WD"])
def test_without_any_folder_to_write_to_the_technician_reads_so_and_it_is_tried_again(
    tmp_path: Path, variable: str
) -> None:
    done = open_pins_without_a_working_folder(tmp_path, **{variable: "/proc"})
    fault, at, imported, fault_again, at_again = done.stdout.splitlines()
    assert fault.startswith("the pins of this board: lgpio needs a folder to write to (")
    assert fault.endswith("); set LG_WD to one that this program may write to")
    assert (at, imported, at_again) == ("/proc", "imported", "/proc")
    assert "lgpio needs a folder" not in fault_again


def test_a_pin_that_does_not_exist_is_named_with_its_device() -> None:
    with pytest.raises(PortLostError, match=r"the light: it cannot be used .*99"):
        GpioLight.open(LightPins(99, 27, 22), open_pins("mock"))


def test_forbidden_pins_say_which_group_is_missing() -> None:
    with (
        pytest.raises(PortLostError, match=r"the keys: .* group gpio"),
        faults_of_pins("the keys"),
    ):
        raise PermissionError(13, "Permission denied")


def test_faults_of_our_own_are_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError), faults_of_pins("the keys"):
        _ = 1 / 0


def test_the_boards_pins_are_opened_once_and_again_after_a_failure() -> None:
    opened = [PortLostError("the pins of this board: gone"), open_pins("mock")]

    def open_them() -> object:
        found = opened.pop(0)
        if isinstance(found, PortLostError):
            raise found
        return found

    board = PinsOnDemand(open_them)
    with pytest.raises(PortLostError, match="gone"):
        board.pins()
    assert board.pins() is board.pins()
    board.close()
    board.close()
