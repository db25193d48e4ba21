"""What stands on the kiosk's side of the gate: where it takes from, and whom it tells."""

from collections.abc import Sequence
from typing import Protocol

from greenline.firmware.store_rows import Pending


class Source(Protocol):
    """Where the gate takes what leaves."""

    def pending(self) -> list[Pending]:
        """Return what waits at the start."""

    def envelope(self, request_id: bytes) -> bytes | None:
        """Return what is to be sent, or None when it has left. Raises StoreError."""


class GateListener(Protocol):
    """Whom the gate tells, on the gate's thread."""

    def link_changed(self, *, up: bool, detail: str) -> None:
        """Tell whether a broker can be reached, and if not why."""

    def uplink_changed(self, *, missing: str) -> None:
        """Tell why there is no uplink process; empty: there is one."""

    def arrived(self, envelopes: Sequence[bytes]) -> list[bytes | None]:
        """Commit what arrived together; return of each the id of the request that has left by it.

        Raises StoreError: it is to come again.
        """

    def offered(self, request_id: bytes) -> None:
        """Tell that an uplink has a request; until a broker has it, a lost link takes that back."""

    def published(self, request_id: bytes) -> None:
        """Tell that a broker has a request."""

    def housekeeping(self) -> list[Pending]:
        """Let what is past its time expire; return those requests."""
