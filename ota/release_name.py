"""Tells the application which release it is: by its environment, as only a start can know it.

An image cannot hold its own release's name, and a slot's index is not the kiosk's to read.
"""

from pathlib import Path
from typing import Final

from greenline.ota.durable import replace_file
from greenline.ota.slots import Slot, read_index

RELEASE_VARIABLE: Final = "GREENLINE_RELEASE"
"""The application's environment names its release here; without one it is not from a slot."""

ENVIRONMENT_FILE: Final = "start.env"


def release_variable(slot: Slot) -> dict[str, str]:
    """Return the variable for what runs from a slot; empty where nobody knows what lies there."""
    index = read_index(slot)
    return {} if index is None else {RELEASE_VARIABLE: index.release}


def write_environment(folder: Path, slot: Slot) -> None:
    """Write the same as a file for systemd's EnvironmentFile. Raises CardError."""
    lines = (f"{name}={value}\n" for name, value in release_variable(slot).items())
    replace_file(folder / ENVIRONMENT_FILE, "".join(lines).encode())
