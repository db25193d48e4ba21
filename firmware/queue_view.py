"""What waits in this kiosk, as a technician may see it: never what is in an envelope.

Joins where the gate says that each request stands with what the store says of it. Asked from other
threads than the gate's.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from greenline.firmware.audit_events import Audit, exported
from greenline.firmware.dispatch import Standing
from greenline.firmware.queue_messages import MOST_WORDS, Item, Sealed
from greenline.firmware.store_rows import Pending
from greenline.protocol.envelope import Lane


class Standings(Protocol):
    """Who knows how far each request has come."""

    def standing(self) -> tuple[Standing, ...]:
        """Return where everything that waits stands."""

    def retry(self, request_ids: Iterable[bytes] | None = None) -> int:
        """Have requests (None: all) offered at once; return of how many that is news."""


class Shelf(Protocol):
    """Where the requests lie."""

    def pending(self) -> list[Pending]:
        """Return what has no final answer. Raises StoreError."""

    def envelope(self, request_id: bytes) -> bytes | None:
        """Return a pending request's envelope, or None when it has left. Raises StoreError."""


@dataclass(frozen=True)
class LaneReading:
    """What waits in one lane. size: of all envelopes, bytes; oldest_s: age of the oldest."""

    depth: int = 0
    size: int = 0
    oldest_s: float = 0.0


class Queue:
    """What waits. now_ms: Unix milliseconds. matcher: to whom every request is sealed."""

    def __init__(
        self,
        gate: Standings,
        shelf: Shelf,
        audit: Audit,
        matcher: str,
        now_ms: Callable[[], int],
    ) -> None:
        self._gate = gate
        self._shelf = shelf
        self._audit = audit
        self._matcher = matcher
        self._now_ms = now_ms
        self._lock = threading.Lock()
        self._sizes: dict[bytes, int] = {}

    def items(self) -> list[Item]:
        """Return what waits, most urgent lane first, oldest first within one. Raises StoreError."""
        standings = sorted(
            self._gate.standing(),
            key=lambda each: (each.request.lane, each.request.created_ms),
        )
        sizes, now_ms = self._sizes_of(standings), self._now_ms()
        return [
            item_of(
                each.request,
                now_ms,
                sizes.get(each.request.request_id),
                state=each.stage.value,
                offers=each.offers,
                since_s=each.since_s,
                refusal=each.refusal,
            )
            for each in standings
        ]

    def lanes(self) -> dict[Lane, LaneReading]:
        """Return how much waits in each lane, of what is in the store. Raises StoreError."""
        standings, now_ms = self._gate.standing(), self._now_ms()
        sizes = self._sizes_of(standings)
        found = {}
        for lane in Lane:
            there = [
                (sizes[each.request.request_id], each.request.created_ms)
                for each in standings
                if each.request.lane == lane and each.request.request_id in sizes
            ]
            oldest_ms = min((made_ms for _, made_ms in there), default=now_ms)
            found[lane] = LaneReading(
                len(there), sum(size for size, _ in there), max(0, now_ms - oldest_ms) / 1000
            )
        return found

    def retry(self, request_id: bytes | None) -> int:
        """Have a request (None: all) offered at once; return how many that are."""
        return self._gate.retry(None if request_id is None else [request_id])

    def export(self) -> Iterator[Sealed]:
        """Yield every request, sealed, once it is noted that they are handed out.

        Raises StoreError: then nothing was.
        """
        pending = self._shelf.pending()
        self._audit.note(exported(len(pending), self._matcher))
        for each in pending:
            envelope = self._shelf.envelope(each.request_id)
            if envelope is not None:  # else it was answered in between
                yield Sealed(each.request_id, each.lane, each.created_ms, each.expires_ms, envelope)

    def _sizes_of(self, standings: Iterable[Standing]) -> dict[bytes, int]:
        """Return the bytes of the envelopes that are in the store; each is looked at once."""
        known: dict[bytes, int] = {}
        with self._lock:
            for each in standings:
                request_id = each.request.request_id
                size = self._sizes.get(request_id)
                if size is None:
                    envelope = self._shelf.envelope(request_id)
                    size = None if envelope is None else len(envelope)
                if size is not None:
                    known[request_id] = size
            self._sizes = known
        return known


def item_of(
    request: Pending,
    now_ms: int,
    size: int | None,
    *,
    state: str,
    offers: int | None = None,
    since_s: float | None = None,
    refusal: str = "",
) -> Item:
    """Return a row of the list. size: of its envelope; None: it is not in the store."""
    lifetime_ms = request.expires_ms - request.created_ms
    return Item(
        request.request_id,
        "report" if size is None else "request",
        request.lane,
        state,
        request.created_ms,
        request.expires_ms,
        age_s=max(0, now_ms - request.created_ms) / 1000,
        # A clock that was set back makes no life longer.
        left_s=max(0, min(request.expires_ms - now_ms, lifetime_ms)) / 1000,
        size=size,
        offers=offers,
        since_s=since_s,
        refusal=refusal[:MOST_WORDS],
    )
