"""Orders to erase a case before its time, from the word of a person to the matcher's word.

    order -> on the card -> audit log, signed -> store, key first -> the matcher -> its word

An order that a power cut has interrupted is carried out at the next start. The matcher is asked as
long as it has not answered; only with its signed word is a case deleted everywhere. What waits lies
in a small file that is replaced as a whole; nothing in it tells of a person.
"""

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from greenline.firmware.clock import Instant
from greenline.firmware.device_key import DeviceKey
from greenline.firmware.errors import StoreError, StoreFullError, WrappingError
from greenline.link.files import replace_file
from greenline.protocol.messages import Label

log = logging.getLogger(__name__)

MOST_ORDERS = 256
REMEMBER_MS = 30 * 24 * 3600 * 1000
"""Of running time: so long the matcher is asked, and at most so long it can be read what became of
it: where there are many, what is done makes room."""

_CONTEXT = b"greenline erasures 1\0"
_FULL = (28, 122)  # ENOSPC, EDQUOT

RequestId = Annotated[bytes, Meta(min_length=16, max_length=16)]


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One order. who: gave it; reason: its code. born_ms: running time.

    here: nothing of the case is left on this kiosk. there: what the matcher said that it erased;
    None: it has not said anything yet.
    """

    request_id: RequestId
    reason: Label
    who: Label
    born_ms: int
    here: bool = False
    there: tuple[Label, ...] | None = None

    @property
    def everywhere(self) -> bool:
        """Whether nothing is left at kiosk and matcher, by the word of both."""
        return self.here and self.there is not None


def erasures_beside(store: Path) -> Path:
    """Return where the orders of a kiosk with this store lie."""
    return store.with_name(f"{store.name}-erasures")


class Erasures:
    """The file of orders. Safe to share between threads; not between processes."""

    def __init__(self, path: Path, device: DeviceKey, now: Callable[[], Instant]) -> None:
        """Read what is there; what cannot be read is put aside, see damaged(). Raises StoreError.

        giving_up: is called with each order that makes room and that the matcher never answered; if
        it raises, nothing is given up.
        """
        self.giving_up: Callable[[Order], None] = _nobody_is_told
        self.found_damaged = False
        self._path = path
        self._device = device
        self._now = now
        self._lock = threading.Lock()
        self._orders = self._read()

    def orders(self) -> tuple[Order, ...]:
        """Return the orders, the newest first."""
        with self._lock:
            return tuple(reversed(self._orders.values()))

    def get(self, request_id: bytes) -> Order | None:
        """Return the order for a request, or None."""
        with self._lock:
            return self._orders.get(request_id)

    def add(self, request_id: bytes, reason: str, who: str) -> Order:
        """Keep an order; when this returns it survives a power cut. Raises StoreError.

        One that is there already is left as it is, and returned.
        """
        with self._lock:
            known = self._orders.get(request_id)
            if known is not None:
                return known
            now_ms = self._now().running_ms
            kept = self._with_room(now_ms)
            for each in self._orders.values():
                if each.request_id not in kept and not each.everywhere:
                    self.giving_up(each)
            order = Order(request_id, reason, who, now_ms)
            self._write({**kept, request_id: order})
            return order

    def change(self, order: Order) -> None:
        """Keep how far an order has come. Raises StoreError."""
        with self._lock:
            self._write({**self._orders, order.request_id: order})

    def remember(self, order: Order) -> None:
        """Know how far an order has come though the card did not take it: it takes it later."""
        with self._lock:
            self._orders = {**self._orders, order.request_id: order}

    def damaged(self) -> Path | None:
        """Return where orders lie that could not be read, until somebody removes them; or None."""
        return self._aside if self._aside.exists() else None

    def remove(self, request_id: bytes) -> None:
        """Forget an order that could not be carried out. Raises StoreError."""
        with self._lock:
            left = {name: each for name, each in self._orders.items() if name != request_id}
            self._write(left)

    def _with_room(self, now_ms: int) -> dict[bytes, Order]:
        """Return the orders that stay beside a new one: what is done and the oldest goes first."""
        found = self._orders.values()
        young = [each for each in found if now_ms - each.born_ms < REMEMBER_MS]
        done = [each.request_id for each in young if each.everywhere]
        leaving = set(done[: max(0, len(young) + 1 - MOST_ORDERS)])
        kept = {each.request_id: each for each in young if each.request_id not in leaving}
        if len(kept) >= MOST_ORDERS:
            raise StoreFullError(
                f"{MOST_ORDERS} orders to erase wait for the matcher: call a technician"
            )
        return kept

    def _write(self, orders: dict[bytes, Order]) -> None:
        data = msgspec.msgpack.encode(list(orders.values()))
        try:
            replace_file(self._path, self._device.wrap(data, _CONTEXT), 0o600)
        except OSError as fault:
            kind = StoreFullError if fault.errno in _FULL else StoreError
            raise kind(f"the orders {self._path} cannot be kept: {fault.strerror}") from fault
        self._orders = orders

    def _read(self) -> dict[bytes, Order]:
        try:
            packed = self._device.unwrap(self._path.read_bytes(), _CONTEXT)
            orders = msgspec.msgpack.decode(packed, type=list[Order])
        except FileNotFoundError:
            return {}
        except OSError as fault:
            raise StoreError(f"the orders {self._path} cannot be read: {fault.strerror}") from fault
        except (WrappingError, msgspec.DecodeError, ValueError, RecursionError) as fault:
            self._put_aside(str(fault))
            return {}
        return {each.request_id: each for each in orders}

    @property
    def _aside(self) -> Path:
        return self._path.with_name(f"{self._path.name}-damaged")

    def _put_aside(self, reason: str) -> None:
        """Keep what cannot be read out of the way of what comes."""
        log.error("orders to erase damaged", extra={"reason": reason})
        try:
            self._path.replace(self._aside)
        except OSError as fault:
            raise StoreError(
                f"the orders {self._path} are damaged, and cannot be put aside: {fault.strerror}"
            ) from fault
        self.found_damaged = True


def _nobody_is_told(_: Order) -> None:
    """Stand in until there is somebody who notes it."""
