"""The kiosk's keys with a TPM: the signing key signs inside it, the device key lies in it.

The signing key is a blob in a file, of use in this TPM alone. The device key, which wraps all other
secrets, lies in the TPM's own memory: destroying it there leaves nothing on the card to be found.
"""

import hashlib
import os

import msgspec

from greenline.firmware.device_key import SECRET_BYTES, SecretDeviceKey
from greenline.firmware.errors import DeviceKeyError
from greenline.firmware.tpm import Blob, Tpm, public_der
from greenline.protocol.errors import KeyFormatError
from greenline.protocol.keys import VerifyKey

_SCALAR_BYTES = 32


class TpmSigner:
    """A P-256 key in a TPM: a Signer (protocol/keys.py)."""

    def __init__(self, tpm: Tpm, blob: Blob) -> None:
        """Load the key. Raises DeviceKeyError."""
        self._tpm = tpm
        self._handle = tpm.load(blob)
        try:
            self.public = VerifyKey(public_der(blob))
        except KeyFormatError as fault:
            raise DeviceKeyError(f"the TPM's key is not the one that is needed: {fault}") from fault

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature r || s over message. Raises DeviceKeyError."""
        r, s = self._tpm.sign(self._handle, hashlib.sha256(message).digest())
        return r.to_bytes(_SCALAR_BYTES) + s.to_bytes(_SCALAR_BYTES)


class TpmPlace:
    """The device key in the TPM's own memory: a KeyPlace (device_key.py)."""

    announcement = ""

    def __init__(self, tpm: Tpm) -> None:
        self._tpm = tpm

    def read(self) -> SecretDeviceKey | None:
        """Return the key; None: there is none. Raises DeviceKeyError."""
        secret = self._tpm.read_memory()
        if secret is not None and len(secret) != SECRET_BYTES:
            raise DeviceKeyError("the TPM's memory holds another thing where the device key lies")
        return None if secret is None else SecretDeviceKey(secret)

    def make(self) -> SecretDeviceKey:
        """Put a new key in the place of any earlier one. Raises DeviceKeyError."""
        secret = os.urandom(SECRET_BYTES)
        self._tpm.write_memory(secret)
        return SecretDeviceKey(secret)

    def destroy(self) -> None:
        """Take the key out of the TPM; harmless when there is none. Raises DeviceKeyError."""
        self._tpm.clear_memory()


def make_signing_blob(tpm: Tpm) -> bytes:
    """Make a signing key in the TPM; returns the bytes that load it again."""
    return msgspec.json.encode(tpm.make_signing_key())


def read_signer(tpm: Tpm, data: bytes) -> TpmSigner:
    """Return the key that make_signing_blob() made. Raises DeviceKeyError."""
    try:
        return TpmSigner(tpm, msgspec.json.decode(data, type=Blob))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise DeviceKeyError("this is no signing key of a TPM: enrol this kiosk again") from fault
