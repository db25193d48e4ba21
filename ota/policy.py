"""Whether a signed release is for this device, now. Pure: no I/O; everything comes in.

The client asks before it fetches, the installer again before it writes. A signature says who made a
release, not that this device should take it: an older firmware, or one for other hardware, can
stand in newer metadata.
"""

import datetime
import hashlib
from dataclasses import dataclass

from greenline.ota.errors import RefusedError
from greenline.ota.floors import Floors
from greenline.ota.index import Index
from greenline.ota.reasons import WORDS, Reason


@dataclass(frozen=True)
class Device:
    """What this device is. bootloader: its date; None: unknown, or there is none that matters.

    security_version: of what runs now.
    """

    name: str
    hardware: str
    security_version: int
    bootloader: datetime.date | None = None


def judge(index: Index, device: Device, floors: Floors, now: datetime.datetime) -> None:
    """Return when the device may install it now. Raises RefusedError with the reason."""
    if device.hardware not in index.hardware:
        raise _refused(index, Reason.WRONG_HARDWARE, f"this is {device.hardware}")
    least = max(device.security_version, floors.security_version)
    if index.security_version < least:
        told = f"security version {index.security_version}, this device has {least}"
        raise _refused(index, Reason.DOWNGRADE, told)
    if index.data_floor < floors.data:
        told = f"it knows data layout {index.data_floor}, the data has {floors.data}"
        raise _refused(index, Reason.DATA_FLOOR, told)
    if device.security_version < index.from_release_security_at_least:
        told = f"at least security version {index.from_release_security_at_least} first"
        raise _refused(index, Reason.PREVIOUS_TOO_OLD, told)
    _judge_bootloader(index, device)
    if not is_due(index, device, now):
        told = f"{index.rollout_permille} of 1000 devices get it now"
        raise _refused(index, Reason.NOT_OUR_TURN, told)


def is_due(index: Index, device: Device, now: datetime.datetime) -> bool:
    """Tell whether the rollout has reached this device: the same answer at each asking."""
    if index.deadline is not None and now >= index.deadline:
        return True
    return turn(device.name, index.release) < index.rollout_permille


def turn(name: str, release: str) -> int:
    """Return a device's turn in a release's rollout, 0 to 999: another for each release."""
    digest = hashlib.sha256(f"{name}\0{release}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % 1000


def _judge_bootloader(index: Index, device: Device) -> None:
    least = index.bootloader_not_before
    if least is None or (device.bootloader is not None and device.bootloader >= least):
        return
    told = f"it wants one of {least} or later, this one is of {device.bootloader or 'unknown date'}"
    raise _refused(index, Reason.BOOTLOADER_TOO_OLD, told)


def _refused(index: Index, reason: Reason, told: str) -> RefusedError:
    return RefusedError(reason, f"release {index.release}: {WORDS[reason]} ({told})")
