"""A deletion receipt: the piece of an audit log that proves that something of a case was deleted.

It holds the entry that tells of it and what follows, up to the next signature, cut out as a segment
of its own (docs/audit.md), so whoever knows the signer's public key can check it and needs nothing
else. It proves that the holder of that key said so, when, why, at whose word and at which place of
a log that nobody can change unseen; it cannot prove that no copy was kept. Pure.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from greenline.protocol.audit import CASE_BYTES, Checkpoint, Entry, Record, pseudonym
from greenline.protocol.audit_details import Kind
from greenline.protocol.audit_head import End, Head
from greenline.protocol.audit_verify import Walk
from greenline.protocol.errors import ForgedError, MalformedError, WrongKeyError
from greenline.protocol.keys import VerifyKey

MOST_BYTES = 1 << 20
_MOST_PROOFS = 64

COPY_OF_REQUEST = "copy of the request"
COPY_OF_ANSWER = "copy of the answer"
NO_COPY = "no copy left"
COPY_FOR_EXAMINERS = "copy for the examiners"
COPIES = frozenset({COPY_OF_REQUEST, COPY_OF_ANSWER, NO_COPY})
"""What a matcher notes of its copies; a kiosk notes "request", "answer", "case"."""

Case = Annotated[bytes, Meta(min_length=CASE_BYTES, max_length=CASE_BYTES)]


class Receipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Proofs of one case, in a file. case: its pseudonym. proofs: segments, each one deletion."""

    format: Literal["greenline deletion receipt 1"]
    case: Case
    proofs: Annotated[tuple[bytes, ...], Meta(min_length=1, max_length=_MOST_PROOFS)]


@dataclass(frozen=True)
class Deletion:
    """What one proof says, once it is checked. at_ms: Unix milliseconds, as was believed.

    number, chain: where it stands in whose log. signer: id of the key that signed.
    """

    owner: str
    what: str
    reason: str
    who: str
    at_ms: int
    trusted: bool
    number: int
    chain: bytes
    signer: bytes


def encode_receipt(case: bytes, proofs: Iterable[bytes]) -> bytes:
    """Write a receipt as JSON."""
    receipt = Receipt("greenline deletion receipt 1", case, tuple(proofs))
    return msgspec.json.format(msgspec.json.encode(receipt)) + b"\n"


def decode_receipt(data: bytes) -> Receipt:
    """Read what encode_receipt() wrote. Raises MalformedError."""
    if len(data) > MOST_BYTES:
        raise MalformedError(f"a receipt of {len(data)} bytes is too long")
    try:
        return msgspec.json.decode(data, type=Receipt)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise MalformedError(f"this is no deletion receipt: {fault}") from fault


def case_of(name: bytes) -> frozenset[bytes]:
    """Return the pseudonyms that 16 bytes may mean: themselves, or those of a request's id."""
    return frozenset({name, pseudonym(name)})


def find_proofs(
    segments: Mapping[str, bytes], cases: frozenset[bytes]
) -> Iterator[tuple[bytes, bytes]]:
    """Yield each deletion of a chain that is signed, as (case, proof). segments: in order."""
    walk = Walk(None)
    open_runs: list[tuple[bytes, list[Record]]] = []
    for name, data in segments.items():
        for record in walk.segment(name, data):
            link = record.link
            if isinstance(link, Entry) and _erases_one_of(link, cases):
                open_runs.append((link.event.case, []))
            for _, run in open_runs:
                run.append(record)
            if isinstance(link, Checkpoint) and walk.head is not None:
                for case, run in open_runs:
                    yield case, _cut_out(walk.head.owner, walk.head.chain, run)
                open_runs = []


def check_proof(case: bytes, proof: bytes, keys: Iterable[tuple[str, VerifyKey]]) -> Deletion:
    """Return what a proof says. keys: those that may have signed, and whose each is.

    Raises MalformedError, ForgedError, WrongKeyError: it proves nothing.
    """
    head = Head.from_bytes(proof)
    walk = Walk([key for owner, key in keys if owner == head.owner])
    records = list(walk.segment("receipt", proof))
    walk.finish()
    if walk.fault is not None:
        known = walk.fault.kind.value != "key unknown"
        kind = ForgedError if known else WrongKeyError
        raise kind(f"{head.owner}, entry {walk.fault.number}: {walk.fault.words}")
    first = records[0].link if records else None
    if not isinstance(first, Entry) or first.event.kind is not Kind.ERASE:
        raise MalformedError("the receipt does not begin with a deletion")
    if first.event.case != case:
        raise MalformedError("the receipt is about another case")
    event = first.event
    return Deletion(
        head.owner, str(event.details.get("what", "")), str(event.details.get("reason", "")),
        event.who, first.moment.wall_ms, first.moment.trusted, first.number, head.chain,
        walk.signer,
    )  # fmt: skip


def is_everywhere(deletions: Iterable[Deletion], matchers: Collection[bytes]) -> bool:
    """Say whether a kiosk proves that a case is gone there, and a matcher that its copy is.

    matchers: ids of the keys that matchers sign with. Nobody is both: a kiosk's word about a
    matcher's copy counts for nothing, nor does one key under two names.
    """
    found = list(deletions)
    kiosks = [each for each in found if _is_a_case(each) and each.signer not in matchers]
    copies = [each for each in found if each.what in COPIES and each.signer in matchers]
    return any(kiosk.owner != copy.owner for kiosk in kiosks for copy in copies)


def _erases_one_of(entry: Entry, cases: frozenset[bytes]) -> bool:
    return entry.event.kind is Kind.ERASE and entry.event.case in cases


def _is_a_case(deletion: Deletion) -> bool:
    """Whether this leaves nothing at a kiosk: one that was answered has its answer still."""
    return deletion.what in {"case", "answer"} or (deletion.what, deletion.reason) == (
        "request", "expired",
    )  # fmt: skip


def _cut_out(owner: str, chain: bytes, run: list[Record]) -> bytes:
    first = run[0].link
    head = Head(owner, chain, End(first.number - 1, first.previous))
    return head.to_bytes() + b"".join(record.data for record in run)
