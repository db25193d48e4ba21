"""Messages on their way over one or several links: each is told of once, by the last link."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass

_TOKEN_BYTES = 8


@dataclass
class _Parcel:
    token: bytes
    left: set[int]
    taken: bool = False


@dataclass(frozen=True)
class Told:
    """What became of a message. refusal: empty, when one link's broker at least took it."""

    token: bytes
    refusal: str


class Parcels:
    """Safe to share between threads; calls nobody. Links go by their numbers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._parcels: dict[bytes, _Parcel] = {}
        self._number = 0

    def add(self, token: bytes, links: Iterable[int]) -> bytes:
        """Note a message that is given to these links; return the token to give it with."""
        with self._lock:
            self._number += 1
            ours = self._number.to_bytes(_TOKEN_BYTES)
            self._parcels[ours] = _Parcel(token, set(links))
            return ours

    def drop(self, ours: bytes) -> None:
        """Forget a message that no link took."""
        with self._lock:
            self._parcels.pop(ours, None)

    def settle(self, link: int, ours: bytes, refusal: str) -> Told | None:
        """Note what one link said; return what became of the message, when that was the last."""
        with self._lock:
            parcel = self._parcels.get(ours)
            if parcel is None or link not in parcel.left:
                return None
            parcel.left.discard(link)
            parcel.taken = parcel.taken or not refusal
            if parcel.left:
                return None
            del self._parcels[ours]
            return Told(parcel.token, "" if parcel.taken else refusal)

    def on(self, link: int) -> list[bytes]:
        """Return what is on its way over a link."""
        with self._lock:
            return [ours for ours, parcel in self._parcels.items() if link in parcel.left]
