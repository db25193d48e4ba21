"""The kiosk's audit log: note() makes an event durable before it takes effect, or refuses it.

Entries go into segments (audit_segments.py); a signed checkpoint follows after so many of them or
so much time, and at the end. audit_leaving.py sends it to the centre; docs/audit.md tells it all.
"""

import logging
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from greenline.firmware.audit_memory import Known, Memory
from greenline.firmware.audit_recovery import recover
from greenline.firmware.audit_segments import Segment, segment_paths, sync_folder, translated
from greenline.firmware.errors import AuditError
from greenline.protocol.audit import (
    CHECKPOINT_ENTRIES,
    CHECKPOINT_MS,
    DEVICE,
    Event,
    Moment,
    Record,
    checkpoint_record,
    clock_events,
    event_record,
)
from greenline.protocol.audit_details import Kind
from greenline.protocol.audit_head import CHAIN_BYTES, End, Head
from greenline.protocol.keys import Signer

log = logging.getLogger(__name__)

MEMORY = "memory"


@dataclass(frozen=True)
class Sizes:
    """entries, unsigned_bytes: between checkpoints. segment_bytes: then a new one is begun."""

    entries: int = CHECKPOINT_ENTRIES
    unsigned_bytes: int = 24 * 1024
    segment_bytes: int = 256 * 1024


USUAL = Sizes()


class AuditLog:
    """The open log. Safe to share between threads; not between processes.

    keys: of the memory, see audit_memory. moment: what the clocks say now. A log that cannot be
    used is no reason not to start: note() says so, each time, until it can.
    """

    def __init__(
        self,
        folder: Path,
        owner: str,
        signer: Signer,
        keys: Sequence[bytes],
        moment: Callable[[], Moment],
        sizes: Sizes = USUAL,
    ) -> None:
        self.folder = folder
        self._owner = owner
        self._signer = signer
        self._keys = keys
        self._moment = moment
        self._sizes = sizes
        self._lock = threading.RLock()
        self._memory: Memory | None = None
        self._segment: Segment | None = None
        self._sequence = 0
        self._oldest = 1
        self._head = Head.of_new_chain(owner, os.urandom(CHAIN_BYTES))
        self._end = self._head.end
        self._unsigned = self._unsigned_bytes = 0
        self._signed_at_ms = 0
        self._last: Moment | None = None
        self._repairs: list[Event] = []
        try:
            self._open()
        except AuditError as fault:
            log.warning("audit log cannot be opened", extra={"reason": str(fault)})

    @property
    def end(self) -> End:
        """How far the log goes."""
        return self._end

    @property
    def chain(self) -> bytes:
        """The id of the chain that is written now."""
        return self._head.chain

    @property
    def sequence(self) -> int:
        """The running number of the segment that is written now."""
        return self._sequence

    def note(self, *events: Event) -> None:
        """Make events durable, all or none: they survive a power cut when this returns.

        Raises AuditError: then what they tell of must not be done.
        """
        with self._lock:
            self._open()
            moment = self._moment()
            told = [*self._repairs, *clock_events(self._last, moment), *events]
            records: list[Record] = []
            end = self._end
            for event in told:
                records.append(event_record(end, moment, event))
                end = records[-1].end
            size = self._unsigned_bytes + sum(len(record.data) for record in records)
            full = self._unsigned + len(records) >= self._sizes.entries
            if full or size >= self._sizes.unsigned_bytes:
                records.append(checkpoint_record(self._head, end, moment, self._signer))
            self._append(records, signed=len(records) > len(told), moment=moment)
            self._repairs.clear()

    def checkpoint(self) -> None:
        """Sign what is not signed yet. Raises AuditError."""
        with self._lock:
            self._open()
            if self._repairs:
                self.note()
            if self._unsigned:
                moment = self._moment()
                record = checkpoint_record(self._head, self._end, moment, self._signer)
                self._append([record], signed=True, moment=moment)

    def note_signed(self, event: Event) -> None:
        """Make an event durable, and sign it so that it can be proved. Raises AuditError."""
        with self._lock:
            self.note(event)
            self.checkpoint()

    def tend(self) -> None:
        """Sign what has waited long enough (called every few seconds). Raises AuditError."""
        with self._lock:
            waited_ms = self._moment().monotonic_ms - self._signed_at_ms
            if self._unsigned and not 0 <= waited_ms < CHECKPOINT_MS:
                self.checkpoint()

    def remove_oldest(self, sequence: int) -> None:
        """Delete a segment that the centre has, the oldest, and note it. Raises AuditError."""
        with self._lock:
            paths = segment_paths(self.folder)
            if self._memory is None or not paths or sequence != min(paths) < max(paths):
                return
            details = {"what": "segment of this log", "reason": "the centre has it"}
            self.note(Event(Kind.ERASE, DEVICE, details=details))
            self._oldest = sequence + 1
            self._remember()
            self._memory.flush()
            try:
                paths[sequence].unlink()
                sync_folder(self.folder)
            except OSError as fault:
                raise translated(fault, paths[sequence]) from fault

    def close(self) -> None:
        """Sign what is not signed yet and close the files."""
        with self._lock:
            try:
                self.checkpoint()
            except AuditError as fault:
                log.warning("audit log not signed at its end", extra={"reason": str(fault)})
            for file in (self._segment, self._memory):
                if file is not None:
                    file.close()
            self._segment = self._memory = None

    def _open(self) -> None:
        """Go on with what is there, or begin. Raises AuditError."""
        if self._memory is not None:
            return
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as fault:
            raise translated(fault, self.folder) from fault
        paths = segment_paths(self.folder)
        memory = Memory(self.folder / MEMORY, *self._keys)
        try:
            found = recover(self.folder, paths, self._owner, self._signer.public.id, memory.known)
        except AuditError:
            memory.close()
            raise
        self._memory, self._segment, self._repairs = memory, found.segment, found.repairs
        self._sequence = max(paths, default=0)
        self._oldest = min(paths, default=1)
        self._last = found.moment
        if found.head is not None and found.walk is not None:
            self._head, self._end = found.head, found.walk.end
            self._unsigned = self._end.number - found.walk.signed_to
        # What an earlier run left unsigned has waited long enough.
        self._signed_at_ms = -CHECKPOINT_MS if self._unsigned else self._moment().monotonic_ms
        for event in self._repairs:
            log.warning("audit log repaired", extra={"what": str(event.details["what"])})

    def _append(self, records: list[Record], *, signed: bool, moment: Moment) -> None:
        if not records:
            return
        self._current_segment().append(b"".join(record.data for record in records))
        self._end, self._last = records[-1].end, moment
        if signed:
            self._unsigned = self._unsigned_bytes = 0
            self._signed_at_ms = moment.monotonic_ms
        else:
            self._unsigned += len(records)
            self._unsigned_bytes += sum(len(record.data) for record in records)
        self._remember()
        if signed:
            # A witness outside of this log: the system's journal.
            told = {"entry": self._end.number, "digest": self._end.digest.hex()[:32]}
            log.info("audit checkpoint", extra=told)

    def _current_segment(self) -> Segment:
        """Return the segment to write to: a new one behind a signature, once one has grown."""
        grown = self._segment is not None and self._segment.size >= self._sizes.segment_bytes
        if self._segment is not None and not (grown and not self._unsigned):
            return self._segment
        if not self._end.number:
            self._remember()  # first, so that a log without a memory has lost it
        head = Head(self._owner, self._head.chain, self._end)
        segment = Segment.create(self.folder, self._sequence + 1, head)
        if self._segment is not None:
            self._segment.close()
        self._segment, self._head = segment, head
        self._sequence += 1
        return segment

    def _remember(self) -> None:
        if self._memory is None:
            return
        try:
            self._memory.write(Known(self._head.chain, self._end, self._oldest))
        except AuditError as fault:
            # The entry is on the card: what it tells of may be done.
            log.warning("audit memory not written", extra={"reason": str(fault)})
