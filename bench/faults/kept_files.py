"""The files that a kiosk keeps, made as it makes them and opened as it opens them."""

import logging
import os
import signal
from pathlib import Path

from bench.faults.child import Report, do_script, ended, in_child
from bench.faults.script import Act, Held, Step, another, expected, make_script
from bench.faults.subjects import DEVICE, RELEASED_MS, STORE, Ours
from greenline.firmware.audit import MEMORY, AuditLog, Sizes
from greenline.firmware.audit_events import UNLOGGED
from greenline.firmware.audit_memory import memory_key, read_memory
from greenline.firmware.audit_segments import segment_paths
from greenline.firmware.operators import Operators
from greenline.firmware.operators_file import Kept, OperatorsFile, operators_beside
from greenline.protocol.audit import NOT_LOGGED_IN, Entry, Event, Moment, pseudonym
from greenline.protocol.audit_details import Kind
from greenline.protocol.audit_verify import Walk
from greenline.protocol.keys import SigningKey

_log = logging.getLogger("greenline.verification")

_PUTS = 30
_ENTRIES = 300


class StoreFiles:
    """The store with its log, keys, reserve and clock. killed: its process was, so the log is full.

    A message is there when its answer can be read, or when it waits with its own envelope (then it
    is asked again, and answered from the matcher's ledger).
    """

    def __init__(self, *, killed: bool) -> None:
        self._killed = killed
        steps = make_script("damage", _PUTS, reopen=False)
        # What lets something leave also empties the log: the killed one has it all there.
        self._steps = [s for s in steps if not killed or s.act is not Act.LATER]
        self._expected = expected(self._steps)
        self.messages = len(self._expected.waiting) + len(self._expected.answered)

    def make(self, folder: Path) -> None:
        def work(report: Report) -> None:
            _do(folder, self._steps, report, killed=self._killed)

        came = ended(*in_child(work))
        if came.done != len(self._steps) or came.killed != self._killed:
            raise RuntimeError("the script did not come to its end")

    def lost(self, folder: Path) -> int:
        subject = Ours(folder)
        try:
            gone = self._gone(subject.held())
            subject.put(another())
            return gone
        finally:
            subject.close()

    def _gone(self, found: Held) -> int:
        envelopes = {
            step.parcel.request_id: step.parcel.envelope for step in self._steps if step.parcel
        }
        waits = {each for each in found.waiting if found.waiting[each] == envelopes.get(each)}
        lost = self._expected.waiting.keys() - waits
        wrong = {
            each
            for each, body in self._expected.answered.items()
            if found.answered.get(each) != body and each not in waits
        }
        return len(lost | wrong)


def _do(folder: Path, steps: list[Step], report: Report, *, killed: bool) -> None:
    do_script(Ours, folder, steps, report, close=not killed)
    if killed:
        os.kill(os.getpid(), signal.SIGKILL)


class Clocks:
    """The clock's file. What is lost with it is the time that the kiosk has run."""

    messages = 0
    _RAN_MS = 7 * 86_400_000

    def make(self, folder: Path) -> None:
        subject = Ours(folder)
        subject.later(self._RAN_MS)
        subject.close()

    def lost(self, folder: Path) -> int:
        subject = Ours(folder)
        try:
            return int(subject.clock.instant().running_ms < self._RAN_MS)
        finally:
            subject.close()


class AuditFiles:
    """The audit log with its memory. A loss is noticed by the start or by whoever verifies it."""

    messages = 0

    def __init__(self) -> None:
        self._signer = SigningKey.generate()
        self._key = memory_key(b"the kiosk's own secret")
        self._event = Event(
            Kind.COLLECT, NOT_LOGGED_IN, "border-check", pseudonym(b"r" * 16), {"finger": 2}
        )

    def make(self, folder: Path) -> None:
        log = self._open(folder)
        for _ in range(_ENTRIES):
            log.note(self._event)
        log.close()

    def lost(self, folder: Path) -> int:
        log = self._open(folder)
        log.note(self._event)
        log.close()
        known = read_memory(folder / "audit" / MEMORY, self._key)
        walk = Walk([self._signer.public], known.end if known else None)
        entries = 0
        for path in segment_paths(folder / "audit").values():
            entries += sum(
                isinstance(each.link, Entry) for each in walk.segment(path.name, path.read_bytes())
            )
        walk.finish()
        if walk.fault is not None:
            _log.warning("the log does not verify: %s", walk.fault.words)
        return int(walk.fault is not None or entries <= _ENTRIES)

    def _open(self, folder: Path) -> AuditLog:
        sizes = Sizes(segment_bytes=16 * 1024)
        return AuditLog(folder / "audit", "kiosk-01", self._signer, [self._key], _moment, sizes)


class OperatorsList:
    """The operators' file. A damaged one is refused: nobody logs in until a new list comes."""

    messages = 0

    def make(self, folder: Path) -> None:
        self._file(folder).write(Kept(number=7, running_ms=1, wall_ms=2, left_ms=3))

    def lost(self, folder: Path) -> int:
        file = self._file(folder)
        moment = _moment()
        subject = Ours(folder)
        try:
            found = Operators(
                "kiosk-01", list, [], file, subject.clock.instant, lambda: moment, UNLOGGED
            )
        finally:
            subject.close()
        return int(found.kept.number != 7)

    def _file(self, folder: Path) -> OperatorsFile:
        return OperatorsFile(operators_beside(folder / STORE), DEVICE)


def _moment() -> Moment:
    return Moment(RELEASED_MS, trusted=True, boot=bytes(16), monotonic_ms=1000)
