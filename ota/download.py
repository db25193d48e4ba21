"""Fills the slot with a release's chunks: from the card where they are, else from a source.

It goes on where any run before it ended, whatever ended that and whatever it read from: the journal
says which chunks are on the card. A chunk is verified before it is written, and the slot is read
back at the end; what reads back differently is fetched once more. Memory holds one chunk at a time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from greenline.ota.chunks import chunk_path, expand
from greenline.ota.errors import CardError, RefusedError
from greenline.ota.index import Chunk, Index
from greenline.ota.journal import Journal
from greenline.ota.pace import Monotonic
from greenline.ota.place import SlotWriter
from greenline.ota.plan import Holdings
from greenline.ota.slot_file import DamagedSlotError, offsets
from greenline.ota.source import Source


@dataclass(frozen=True)
class Progress:
    """Bytes. done: of the image, on the card; fetched: compressed, in this run."""

    done: int
    total: int
    fetched: int


@dataclass(frozen=True)
class Steps:
    """How much is put on the card and into the journal at once: bytes, and seconds at most."""

    size: int = 4 << 20
    seconds: float = 20


class Download:
    """One release into one slot. Used once."""

    def __init__(
        self,
        index: Index,
        journal: Journal,
        holdings: Holdings,
        slot: SlotWriter,
        clock: Monotonic,
        told: Callable[[Progress], None],
        steps: Steps = Steps(),
    ) -> None:
        """told: hears of progress, at each step."""
        self._index: Final = index
        self._journal: Final = journal
        self._holdings: Final = holdings
        self._slot: Final = slot
        self._clock: Final = clock
        self._told: Final = told
        self._steps: Final = steps
        self._pending: list[int] = []
        self._pending_bytes = 0
        self._since = clock()
        self._done = self._fetched = 0

    def run(self, source: Source) -> None:
        """Bring all of it onto the card. Raises LostError, RefusedError, CardError."""
        self._take_stock()
        self._fill(source)
        try:
            self._slot.prove()
        except DamagedSlotError as fault:
            self._forget(fault)
            self._fill(source)
            self._slot.prove()

    def _take_stock(self) -> None:
        for number, (offset, chunk) in enumerate(offsets(self._index)):
            if self._journal.has(number):
                self._done += chunk.size
                self._holdings.wrote(self._slot, offset, chunk)
        self._tell()

    def _fill(self, source: Source) -> None:
        try:
            for number, (offset, chunk) in enumerate(offsets(self._index)):
                if not self._journal.has(number):
                    data = self._holdings.find(chunk) or self._read(source, chunk)
                    self._slot.write(offset, data)
                    self._holdings.wrote(self._slot, offset, chunk)
                    self._wrote(number, chunk)
        except CardError:
            raise  # what is not on the card for certain is not claimed
        except BaseException:
            self._step()
            raise
        self._step()

    def _read(self, source: Source, chunk: Chunk) -> bytes:
        """Return a chunk from the source, read a second time when it was spoilt on the way."""
        path = chunk_path(chunk.sha256)
        frame = source.read(path, chunk.compressed)
        self._fetched += len(frame)
        try:
            return expand(frame, chunk)
        except RefusedError:
            frame = source.read(path, chunk.compressed)
            self._fetched += len(frame)
            return expand(frame, chunk)

    def _wrote(self, number: int, chunk: Chunk) -> None:
        self._pending.append(number)
        self._pending_bytes += chunk.size
        full = self._pending_bytes >= self._steps.size
        if full or self._clock() - self._since >= self._steps.seconds:
            self._step()

    def _step(self) -> None:
        """Have it on the card first, then in the journal."""
        if self._pending:
            self._slot.flush()
            self._journal.add(self._pending)
        self._done += self._pending_bytes
        self._pending = []
        self._pending_bytes = 0
        self._since = self._clock()
        self._tell()

    def _forget(self, fault: DamagedSlotError) -> None:
        damaged = {offset for offset, _ in fault.chunks}
        numbers = [
            number for number, (offset, _) in enumerate(offsets(self._index)) if offset in damaged
        ]
        self._journal.forget(numbers)
        self._done -= sum(chunk.size for _, chunk in fault.chunks)

    def _tell(self) -> None:
        self._told(Progress(self._done, self._index.image.size, self._fetched))
