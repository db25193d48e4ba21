"""The audit log: heads, records, whole segments; reports and receipts; the kiosk's own memory."""

import msgspec

from bench.fuzz import repairs, samples
from bench.fuzz.files import through_file
from bench.fuzz.target import BrokenError, Prepared, Target, comes_back, reads_back
from bench.fuzz.targets.envelopes import MESSAGE_PACK
from greenline.firmware.audit_memory import Known, Memory, memory_key, read_memory
from greenline.protocol.audit import (
    NOT_LOGGED_IN,
    Event,
    Moment,
    Record,
    checkpoint_record,
    event_record,
    pseudonym,
    read_record,
)
from greenline.protocol.audit_details import ALLOWED, Kind
from greenline.protocol.audit_head import End, Head
from greenline.protocol.audit_report import (
    Receipt,
    Report,
    ReportOutcome,
    decode_receipt,
    decode_report,
    encode_receipt,
    encode_report,
)
from greenline.protocol.audit_verify import Walk, is_torn, walked
from greenline.protocol.errors import ProtocolError

_CHAIN = bytes(range(16))
_TORN_EVERY = 16  # it tries a record at every byte: done for some inputs only
_EXAMPLES: dict[type, object] = {int: 3, str: "something", bool: True, tuple: ("watch-list",)}


def _moment(number: int) -> Moment:
    return Moment(
        samples.NOW_MS + 1000 * number, trusted=True, boot=b"b" * 16, monotonic_ms=1000 * number
    )


def _event(kind: Kind) -> Event:
    details = {name: _EXAMPLES[allowed] for name, allowed in ALLOWED[kind].items()}
    return Event(kind, NOT_LOGGED_IN, "border-check", pseudonym(b"r" * 16), details)  # type: ignore[arg-type]  # by type


def _head() -> Head:
    return Head.of_new_chain(samples.KIOSK, _CHAIN)


def _records(kinds: tuple[Kind, ...] = tuple(Kind)) -> list[Record]:
    """A record of each kind, and a signature."""
    found: list[Record] = []
    end = _head().end
    for kind in kinds:
        found.append(event_record(end, _moment(end.number + 1), _event(kind)))
        end = found[-1].end
    return [*found, checkpoint_record(_head(), end, _moment(end.number + 1), samples.signer())]


def _heads() -> tuple[bytes, ...]:
    later = Head(samples.KIOSK, _CHAIN, End(17, bytes(range(32))))
    return _head().to_bytes(), later.to_bytes()


def _record() -> Prepared:
    def decode(data: bytes) -> Record:
        return read_record(data, 0)

    def check(data: bytes, found: Record) -> None:
        if not data.startswith(found.data) or found.link.number < 1:
            raise BrokenError("its bytes are other ones")

    def read(data: bytes) -> object:
        return msgspec.msgpack.decode(data[2:-32])

    def write(tree: object) -> bytes:
        return repairs.audit_record(b"\0\0" + msgspec.msgpack.encode(tree) + bytes(32))

    seeds = tuple(record.data for record in _records())
    return Prepared(decode, seeds, check, tree=(read, write), repaired=repairs.audit_record)


def _segment() -> Prepared:
    """A whole segment is walked; a change that nobody finds would be the failure."""
    records = _records((Kind.START, Kind.CONSULT, Kind.STOP))
    seed = _head().to_bytes() + b"".join(record.data for record in records)
    key = samples.signer().public

    def decode(data: bytes) -> Walk:
        return walked({"00000001.log": data}, [key])

    def check(data: bytes, walk: Walk) -> None:
        # A head alone is a log without entries: nobody can see that there were some.
        if walk.fault is None and walk.entries and data != seed:
            raise BrokenError("nothing was found though it was changed")
        if walk.fault is not None and len(data) % _TORN_EVERY == 0:
            is_torn(data, walk.fault.offset)

    return Prepared(decode, (seed,), check, repaired=repairs.audit_segment)


def _reports() -> tuple[bytes, ...]:
    data = b"".join(record.data for record in _records((Kind.START, Kind.STOP)))
    return (encode_report(Report(_CHAIN, 1, _head().end.digest, 1, data)),)


def _receipts() -> tuple[bytes, ...]:
    return tuple(
        encode_receipt(Receipt(_CHAIN, outcome, 3, bytes(range(32)), samples.NOW_MS, "reason"))
        for outcome in ReportOutcome
    )


def _memory() -> Prepared:
    """No change may be believed."""
    key = memory_key(b"secret")
    known = [Known(_CHAIN, End(number, bytes([number]) * 32), 1) for number in (1, 2)]

    def made(path: object) -> bytes:
        memory = Memory(path, key)  # type: ignore[arg-type]  # a Path
        for each in known:
            memory.write(each)
        memory.close()
        return path.read_bytes()  # type: ignore[attr-defined, no-any-return]

    def check(_data: bytes, found: Known | None) -> None:
        if found is not None and found not in known:
            raise BrokenError("something is remembered that nobody wrote")

    seed = through_file(made)(b"")
    return Prepared(through_file(lambda path: read_memory(path, key)), (seed,), check)


_REFUSALS = (ProtocolError,)

TARGETS = (
    Target(
        "audit-head",
        lambda: Prepared(
            Head.from_bytes,
            _heads(),
            lambda data, head: comes_back(Head.to_bytes)(data[:124], head),
            repaired=repairs.audit_head,
        ),
        _REFUSALS,
        most_bytes=512,
    ),
    Target("audit-record", _record, _REFUSALS),
    Target("audit-segment", _segment, _REFUSALS, most_ms=1000.0),
    Target(
        "audit-report",
        lambda: Prepared(
            decode_report, _reports(), reads_back(encode_report, decode_report), tree=MESSAGE_PACK
        ),
        _REFUSALS,
    ),
    Target(
        "audit-receipt",
        lambda: Prepared(
            decode_receipt,
            _receipts(),
            reads_back(encode_receipt, decode_receipt),
            tree=MESSAGE_PACK,
        ),
        _REFUSALS,
    ),
    Target("audit-memory", _memory, (), most_bytes=2048),
)
