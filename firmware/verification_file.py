"""What a kiosk keeps of its leads, in one small file that is replaced as a whole.

Each lead's record lies under the key of its case (vault.py): with that key it is gone, whatever is
left of the file on the card. The counts of decisions name nobody.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Protocol

import msgspec
from msgspec import Meta

from greenline.firmware.errors import ShreddedError, StoreError, StoreFullError
from greenline.firmware.verification import Lead
from greenline.link.files import replace_file
from greenline.protocol.examination import FingerQuality

_FULL = (28, 122)  # ENOSPC, EDQUOT

_Id = Annotated[bytes, Meta(min_length=16, max_length=16)]


class Counts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many leads people have decided at this kiosk: the rejected were false hits."""

    confirmed: int = 0
    rejected: int = 0


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept of one lead. captured: what was taken, as far as it is known.

    late: its answer came when the person may have left. purpose: of its case; empty: not known.
    """

    lead: Lead
    captured: tuple[FingerQuality, ...] = ()
    late: bool = False
    purpose: str = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    counts: Counts = Counts()
    sealed: dict[_Id, bytes] = {}


class Sealer(Protocol):
    """What seals under a case's key, and opens."""

    def seal_beside(self, request_id: bytes, body: bytes) -> bytes:
        """Seal something of a case that is there. Raises ShreddedError, StoreError."""

    def open_beside(self, request_id: bytes, sealed: bytes) -> bytes:
        """Return what was sealed. Raises ShreddedError."""


def leads_beside(store: Path) -> Path:
    """Return where the leads of a kiosk with this store are kept."""
    return store.with_name(f"{store.name}-leads")


class LeadsFile:
    """The file. sealer: the store, which has the cases' keys."""

    def __init__(self, path: Path, sealer: Sealer) -> None:
        self._path = path
        self._sealer = sealer

    def read(self) -> tuple[Counts, dict[bytes, Record]]:
        """Return what is kept; of a case that is gone nothing. Raises StoreError."""
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return Counts(), {}
        except OSError as fault:
            raise StoreError(f"the leads {self._path} cannot be read: {fault.strerror}") from fault
        try:
            found = msgspec.msgpack.decode(data, type=_File)
        except (msgspec.DecodeError, ValueError, RecursionError) as fault:
            raise StoreError(
                f"the leads {self._path} are damaged: remove the file; each lead that is still "
                "there begins anew"
            ) from fault
        opened = ((each, self._open(each, sealed)) for each, sealed in found.sealed.items())
        return found.counts, {each: record for each, record in opened if record is not None}

    def write(self, counts: Counts, records: Mapping[bytes, Record]) -> None:
        """Keep this; it is on the card when this returns. Raises StoreError."""
        sealed = {each: self._seal(each, record) for each, record in records.items()}
        there = {each: data for each, data in sealed.items() if data is not None}
        try:
            replace_file(self._path, msgspec.msgpack.encode(_File(counts, there)), 0o600)
        except OSError as fault:
            if fault.errno in _FULL:
                raise StoreFullError("the disk is full: nothing was decided") from fault
            raise StoreError(
                f"the leads {self._path} cannot be written: {fault.strerror}"
            ) from fault

    def _seal(self, request_id: bytes, record: Record) -> bytes | None:
        try:
            return self._sealer.seal_beside(request_id, msgspec.msgpack.encode(record))
        except ShreddedError:
            return None

    def _open(self, request_id: bytes, sealed: bytes) -> Record | None:
        try:
            body = self._sealer.open_beside(request_id, sealed)
            return msgspec.msgpack.decode(body, type=Record)
        except (ShreddedError, msgspec.DecodeError, ValueError):
            return None
