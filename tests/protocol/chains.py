"""Chains of the audit log, made entry by entry as a device would."""

from dataclasses import dataclass, field

from greenline.protocol.audit import (
    NOT_LOGGED_IN,
    Event,
    Moment,
    Record,
    checkpoint_record,
    event_record,
    pseudonym,
)
from greenline.protocol.audit_details import ALLOWED, Kind
from greenline.protocol.audit_head import End, Head
from greenline.protocol.keys import SigningKey

OWNER = "kiosk-01"
CHAIN = bytes(range(16))
BOOT = b"b" * 16

_EXAMPLES: dict[type, object] = {int: 3, str: "something", bool: True, tuple: ("watch-list",)}


def moment(number: int) -> Moment:
    return Moment(1_800_000_000_000 + 1_000 * number, True, BOOT, 60_000 + 1_000 * number)


def example(kind: Kind) -> Event:
    """An event of a kind with all that this kind may tell."""
    details = {name: _EXAMPLES[allowed] for name, allowed in ALLOWED[kind].items()}
    return Event(kind, NOT_LOGGED_IN, "border-check", pseudonym(b"r" * 16), details)  # type: ignore[arg-type]  # by type


@dataclass
class Chain:
    """Records, and where segments begin. segments(): as they would lie in a folder."""

    signer: SigningKey
    head: Head = field(default_factory=lambda: Head.of_new_chain(OWNER, CHAIN))
    records: list[Record] = field(default_factory=list)
    starts: list[int] = field(default_factory=lambda: [0])

    @property
    def end(self) -> End:
        return self.records[-1].end if self.records else self.head.end

    def event(self, event: Event) -> None:
        self.records.append(event_record(self.end, moment(self.end.number + 1), event))

    def checkpoint(self) -> None:
        when = moment(self.end.number + 1)
        self.records.append(checkpoint_record(self.head, self.end, when, self.signer))

    def new_segment(self) -> None:
        self.starts.append(len(self.records))

    def segments(self) -> dict[str, bytes]:
        ends = [*self.starts[1:], len(self.records)]
        return {
            f"{number:08d}.log": self.segment_head(start).to_bytes()
            + b"".join(record.data for record in self.records[start:end])
            for number, (start, end) in enumerate(zip(self.starts, ends, strict=True), 1)
        }

    def segment_head(self, start: int) -> Head:
        end = self.records[start - 1].end if start else self.head.end
        return Head(self.head.owner, self.head.chain, end)


def of_all_kinds(signer: SigningKey) -> Chain:
    """A chain of two segments with every kind of event, signed three times and at its end."""
    chain = Chain(signer)
    kinds = list(Kind)
    for number, kind in enumerate(kinds, 1):
        chain.event(example(kind))
        if number % 6 == 0:
            chain.checkpoint()
        if number == 12:
            chain.new_segment()
    chain.event(example(Kind.STOP))
    chain.checkpoint()
    return chain
