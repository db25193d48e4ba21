"""The device key: the one small secret under which everything that this kiosk reads again lies.

It wraps the kiosk's own private keys and the key of each case (vault.py), so whoever destroys it
(wipe.py) destroys them all. KeyPlace is where it lies: a file (key_file.py), or a TPM.
"""

import os
from typing import Protocol, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from greenline.firmware.errors import WrappingError

SECRET_BYTES = 32
WRAP_OVERHEAD_BYTES = 28
"""What wrapping adds: a nonce of 12 bytes and AES-GCM's tag of 16."""

_NONCE_BYTES = 12
_CONTEXT = b"greenline device key 1\0"


class DeviceKey(Protocol):
    """Something that wraps small secrets so that only this device can unwrap them."""

    def wrap(self, secret: bytes, context: bytes) -> bytes:
        """Return the wrapped secret, 28 bytes longer. context: what it is, for unwrap()."""

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Return the secret. Raises WrappingError: another key, another context, or changed."""


class KeyPlace(Protocol):
    """Where the device key lies. Raises DeviceKeyError when the place cannot be used."""

    announcement: str
    """What a person must be told of this place; empty: nothing."""

    def read(self) -> DeviceKey | None:
        """Return the key, or None when there is none (yet, or any more)."""

    def make(self) -> DeviceKey:
        """Make a new key in the place of any earlier one."""

    def destroy(self) -> None:
        """Make the key unreadable for good; harmless when there is none."""


class SecretDeviceKey:
    """A device key as 32 bytes in memory. AES-256-GCM, random nonces (NIST SP 800-38D, 8.2.2)."""

    def __init__(self, secret: bytes) -> None:
        self._cipher = AESGCM(secret)

    @classmethod
    def generate(cls) -> Self:
        """Make a new key that nobody keeps."""
        return cls(os.urandom(SECRET_BYTES))

    def wrap(self, secret: bytes, context: bytes) -> bytes:
        """Return the wrapped secret."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, _CONTEXT + context)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Return the secret. Raises WrappingError."""
        if len(wrapped) < WRAP_OVERHEAD_BYTES:
            raise WrappingError("too short to be wrapped")
        nonce, sealed = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, sealed, _CONTEXT + context)
        except InvalidTag as fault:
            raise WrappingError("wrapped by another device key, or changed") from fault
