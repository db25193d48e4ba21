"""In which order requests leave: three lanes, none of which starves. Used by dispatch.py alone.

Among waiting persons the newest goes first: who pressed a finger just now stands there, who did so
before the link went may have left. Every fourth of theirs is the oldest all the same, and of any
sixteen offers some belong to the other lanes, whose oldest goes first.
"""

import heapq
from collections.abc import Callable

from greenline.firmware.store_rows import Pending
from greenline.protocol.envelope import Lane

_TURNS = (0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 1, 0)
"""Which lane is asked first, offer by offer; the others follow in their order."""
_OLDEST_EVERY = 4

_Heap = list[tuple[int, bytes, int]]


class Lanes:
    """What is ready to be offered. turn: tells an entry that counts from one that does no more."""

    def __init__(self) -> None:
        self._oldest: dict[Lane, _Heap] = {lane: [] for lane in Lane}
        self._newest: _Heap = []
        self._offers = 0
        self._persons = 0

    def clear(self) -> None:
        """Forget everything that is ready."""
        self._newest.clear()
        for heap in self._oldest.values():
            heap.clear()

    def add(self, request: Pending, turn: int) -> None:
        """Make a request ready."""
        lane = Lane(request.lane)
        heapq.heappush(self._oldest[lane], (request.created_ms, request.request_id, turn))
        if lane is Lane.PERSON_WAITING:
            heapq.heappush(self._newest, (-request.created_ms, request.request_id, turn))

    def take(self, counts: Callable[[bytes, int], bool]) -> bytes | None:
        """Return the id of the next request, which is ready no more; None: there is none.

        counts: says whether an id with this turn still counts.
        """
        first = _TURNS[self._offers % len(_TURNS)]
        for lane in sorted(Lane, key=lambda lane: (lane != first, lane)):
            found = self._from(lane, counts)
            if found is not None:
                self._offers += 1
                return found
        return None

    def _from(self, lane: Lane, counts: Callable[[bytes, int], bool]) -> bytes | None:
        heap = self._oldest[lane]
        if lane is Lane.PERSON_WAITING:
            self._persons += 1
            heap = heap if self._persons % _OLDEST_EVERY == 0 else self._newest
        while heap:
            _, request_id, turn = heapq.heappop(heap)
            if counts(request_id, turn):
                return request_id
        return None
