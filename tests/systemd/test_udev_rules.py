"""The udev rules: every reader that there is a driver for may be used, and nothing else is named.

The rules are read here as udev(7) describes them, as far as this file uses the language.
"""

import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from greenline.drivers.uru4500 import KINDS
from greenline.drivers.usb_faults import UDEV_REMEDY

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "systemd/udev/60-greenline.rules"
PART = re.compile(r'([A-Z]+(?:\{\w+\})?)(==|!=|\+=|=)"([^"]*)"')

Rule = list[tuple[str, str, str]]  # key, operator, value


def rules(text: str) -> list[Rule]:
    """Raises ValueError at a line that is neither a comment nor made of parts."""
    found = []
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        parts = [PART.fullmatch(part) for part in line.split(", ")]
        if not all(parts):
            raise ValueError(f"no rule: {line}")
        found.append([(part[1], part[2], part[3]) for part in parts if part])
    return found


def assigned(device: dict[str, str]) -> dict[str, str]:
    """What the rules make of a device with these attributes."""
    made: dict[str, str] = {}
    for rule in rules(RULES.read_text()):
        wanted = [(key, value) for key, operator, value in rule if operator == "=="]
        if all(
            any(fnmatchcase(device.get(key, ""), choice) for choice in value.split("|"))
            for key, value in wanted
        ):
            made |= {key: value for key, operator, value in rule if operator in ("=", "+=")}
    return made


def usb(vendor: str, product: str, interfaces: str = ":ffffff:") -> dict[str, str]:
    return {
        "SUBSYSTEM": "usb",
        "ENV{DEVTYPE}": "usb_device",
        "ENV{ID_USB_INTERFACES}": interfaces,
        "ATTR{idVendor}": vendor,
        "ATTR{idProduct}": product,
    }


@pytest.mark.parametrize("numbers", KINDS, ids=lambda numbers: f"{numbers[0]:04x}:{numbers[1]:04x}")
def test_every_reader_with_a_driver_may_be_opened_and_reset(numbers: tuple[int, int]) -> None:
    device = usb(*(f"{number:04x}" for number in numbers))
    assert assigned(device) == {"GROUP": "greenline", "MODE": "0660"}


@pytest.mark.parametrize(
    ("device", "made"),
    [
        (usb("0403", "6001"), {"GROUP": "greenline", "MODE": "0660"}),
        (usb("046d", "0825", ":0e0100:0e0200:"), {"GROUP": "greenline", "MODE": "0660"}),
        (usb("045e", "0750", ":030101:"), {}),
        (usb("046d", "c31c", ":030101:"), {}),
        (
            {"SUBSYSTEM": "video4linux", "SUBSYSTEMS": "usb", "ATTR{index}": "0"},
            {"SYMLINK": "camera"},
        ),
        ({"SUBSYSTEM": "video4linux", "SUBSYSTEMS": "usb", "ATTR{index}": "1"}, {}),
        ({"SUBSYSTEM": "video4linux", "SUBSYSTEMS": "platform", "ATTR{index}": "0"}, {}),
        ({"SUBSYSTEM": "i2c-dev"}, {"GROUP": "i2c", "MODE": "0660"}),
        ({"SUBSYSTEM": "gpio", "KERNEL": "gpiochip0"}, {"GROUP": "gpio", "MODE": "0660"}),
        ({"SUBSYSTEM": "tty", "SUBSYSTEMS": "usb", "KERNELS": "1-1.4"}, {}),
    ],
)
def test_the_kiosks_other_devices_are_named_and_no_more(
    device: dict[str, str], made: dict[str, str]
) -> None:
    assert assigned(device) == made


def test_the_lines_that_a_technician_completes_are_rules_that_name_the_sensor() -> None:
    offered = [line[1:] for line in RULES.read_text().splitlines() if line.startswith("#SUBSYSTEM")]
    assert [rule[-1] for rule in rules("\n".join(offered))] == [
        ("SYMLINK", "+=", "fingerprint")
    ] * 3


@pytest.mark.parametrize("line", ['KERNEL="a" MODE="1"', "KERNEL==a", 'kernel=="a"', "rubbish"])
def test_what_is_no_rule_would_be_noticed(line: str) -> None:
    with pytest.raises(ValueError, match="no rule"):
        rules(line)


def test_the_message_to_somebody_without_permission_names_this_file() -> None:
    assert f"sudo cp {RULES.relative_to(ROOT)} /etc/udev/rules.d/ && " in UDEV_REMEDY
