"""The device key in a file, 0600: on a kiosk without a TPM. A stolen card is then a stolen key.

Destroyed by overwriting it in its place, then unlinking it. On flash memory the card may have put
an older copy aside where no program can reach it (docs/at-rest.md says what that means).
"""

import os
from pathlib import Path

from greenline.firmware.device_key import SECRET_BYTES, SecretDeviceKey
from greenline.firmware.errors import DeviceKeyError
from greenline.link.files import overwrite, remove_file, replace_file
from greenline.protocol.wording import KEYS_IN_FILES

_OTHERS = 0o077


class KeyFile:
    """The file with the 32 bytes."""

    announcement = KEYS_IN_FILES

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> SecretDeviceKey | None:
        """Return the key; None: there is no such file. Raises DeviceKeyError."""
        try:
            mode, secret = self.path.stat().st_mode, self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as fault:
            raise DeviceKeyError(
                f"the device key {self.path} cannot be read: {fault.strerror}"
            ) from fault
        if mode & _OTHERS:
            raise DeviceKeyError(
                f"the device key {self.path} can be read by others: run 'chmod 600 {self.path}', "
                "and enrol this kiosk again if somebody may have copied it"
            )
        # Overwritten, but not unlinked any more: the power went in the middle of a wipe.
        if secret == bytes(len(secret)):
            return None
        if len(secret) != SECRET_BYTES:
            raise DeviceKeyError(f"the device key {self.path} is damaged: enrol this kiosk again")
        return SecretDeviceKey(secret)

    def make(self) -> SecretDeviceKey:
        """Write a new key. Raises DeviceKeyError."""
        secret = os.urandom(SECRET_BYTES)
        try:
            replace_file(self.path, secret, 0o600)
        except OSError as fault:
            raise DeviceKeyError(
                f"the device key {self.path} cannot be written: {fault.strerror}"
            ) from fault
        return SecretDeviceKey(secret)

    def destroy(self) -> None:
        """Overwrite the file where it lies, then remove it, each on the card before the next."""
        try:
            overwrite(self.path)
            remove_file(self.path)
        except FileNotFoundError:
            return
        except OSError as fault:
            raise DeviceKeyError(
                f"the device key {self.path} cannot be destroyed: {fault.strerror}"
            ) from fault
