"""What a kiosk keeps of its operators, in one file that is replaced as a whole.

The list, its number, wrong tries and PINs that were chosen here lie in the same file, under the
device key: who removes it from the card to be rid of the wrong tries has removed the list too, and
nobody logs in. Not noticed: that a whole older file was put back (docs/operators.md).
"""

import hashlib
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from greenline.firmware.device_key import DeviceKey
from greenline.firmware.errors import StoreError, StoreFullError, WrappingError
from greenline.firmware.operators_lockout import Tries
from greenline.link.files import remove_file, replace_file
from greenline.protocol.envelope import MAX_ENVELOPE_BYTES
from greenline.protocol.pins import PinVerifier

KEY_BYTES = 16

_CONTEXT = b"greenline operators file 1\0"
_NAME = b"greenline operator name 1\0"
_FULL = (28, 122)  # ENOSPC, EDQUOT

Key = Annotated[bytes, Meta(min_length=KEY_BYTES, max_length=KEY_BYTES)]
"""Stands for what was typed as an operator: that may have been a PIN in the wrong field."""


class Chosen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A PIN chosen at this kiosk. replaces: the digest of the centre's; another ends this one."""

    replaces: bytes
    verifier: PinVerifier


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file holds. body: the list as it was sealed; empty: none yet.

    number: of the newest list ever taken. running_ms, wall_ms, trusted: when it was taken, see
    clock.Instant; left_ms: how long it held from then on. tries: wrong ones by account, kiosk: of
    all together.
    """

    number: int = 0
    body: bytes = b""
    running_ms: int = 0
    wall_ms: int = 0
    trusted: bool = False
    left_ms: int = 0
    tries: dict[Key, Tries] = {}
    kiosk: Tries = Tries()
    chosen: dict[Key, Chosen] = {}


def key_of(operator: str) -> bytes:
    """Return what stands for an operator in the file."""
    return hashlib.sha256(_NAME + operator.encode()).digest()[:KEY_BYTES]


def operators_beside(store: Path) -> Path:
    """Return where the operators of a kiosk with this store are kept."""
    return store.with_name(f"{store.name}-operators")


class OperatorsFile:
    """The file, and beside it the one in which a technician's list waits (incoming)."""

    def __init__(self, path: Path, device: DeviceKey) -> None:
        self._path = path
        self._device = device
        self.incoming_path = path.with_name(f"{path.name}-incoming")

    def read(self) -> Kept | None:
        """Return what is kept; None: there is no file. Raises StoreError: it cannot be used."""
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as fault:
            raise self._failed(fault) from fault
        try:
            packed = self._device.unwrap(data, _CONTEXT)
            return msgspec.msgpack.decode(packed, type=Kept)
        except (WrappingError, msgspec.DecodeError, ValueError) as fault:
            raise StoreError(
                f"the operators {self._path} were changed, or are another device's: remove the "
                "file and bring a new list from the centre"
            ) from fault

    def write(self, kept: Kept) -> None:
        """Keep this; it is on the card when this returns. Raises StoreError."""
        packed = self._device.wrap(msgspec.msgpack.encode(kept), _CONTEXT)
        try:
            replace_file(self._path, packed, 0o600)
        except OSError as fault:
            raise self._failed(fault) from fault

    def incoming(self) -> bytes | None:
        """Return the envelope that a technician brought; None: there is none."""
        try:
            with self.incoming_path.open("rb") as file:
                return file.read(MAX_ENVELOPE_BYTES + 1)
        except FileNotFoundError:
            return None
        except OSError as fault:
            raise self._failed(fault) from fault

    def put_incoming(self, envelope: bytes) -> None:
        """Put an envelope where a running kiosk finds it. Raises StoreError."""
        try:
            replace_file(self.incoming_path, envelope, 0o600)
        except OSError as fault:
            raise self._failed(fault) from fault

    def drop_incoming(self) -> None:
        """Remove it: it was taken, or refused. Raises StoreError."""
        try:
            remove_file(self.incoming_path)
        except OSError as fault:
            raise self._failed(fault) from fault

    def _failed(self, fault: OSError) -> StoreError:
        if fault.errno in _FULL:
            return StoreFullError("the disk is full: nobody can log in. Free space, then try again")
        return StoreError(f"the operators {self._path} cannot be used: {fault.strerror}")
