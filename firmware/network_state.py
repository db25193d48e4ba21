"""What NetworkManager says of this device's networks, where it is there. Read only.

Setting up a network is the system's affair (nmtui, nmcli): the kiosk has no right to it.
"""

import shutil
import subprocess

from greenline.firmware.office_state import Fact

NOT_MANAGED = "Not managed here: this system has no NetworkManager that we may ask"
_PATIENCE_S = 5
_KINDS = {"ethernet": "Ethernet", "wifi": "Wi-Fi", "gsm": "LTE"}
_FIELDS = 4


def network_state(program: str = "nmcli") -> tuple[Fact, ...]:
    """Return a line for each network device. program: nmcli, by name or path."""
    found = shutil.which(program)
    if found is None:
        return (Fact("Network", NOT_MANAGED),)
    asked = [found, "-t", "-e", "no", "-f", "DEVICE,TYPE,STATE,CONNECTION", "device"]
    try:
        told = subprocess.run(
            asked, check=True, capture_output=True, timeout=_PATIENCE_S, text=True, errors="replace"
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return (Fact("Network", NOT_MANAGED),)
    return read_devices(told) or (Fact("Network", "No network device is there", well=False),)


def read_devices(told: str) -> tuple[Fact, ...]:
    """Read what nmcli prints: device, type, state and connection, a line each."""
    facts = []
    for line in told.splitlines():
        fields = line.split(":", _FIELDS - 1)
        if len(fields) != _FIELDS or fields[1] not in _KINDS:
            continue
        device, kind, state, connection = fields
        words = f"{state} ({connection})" if connection else state
        facts.append(Fact(f"{_KINDS[kind]} {device}"[:64], words[:200], state == "connected"))
    return tuple(facts)
