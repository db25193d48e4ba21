"""What an entry of the audit log may tell, and of which kind of event: a list of what is allowed.

Nothing else gets in: no bytes and no broken numbers at all, so neither a template nor a picture nor
a score has a place, and no reference of an entry of a list. A text is short printable ASCII.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from greenline.protocol.errors import MalformedError
from greenline.protocol.messages import Label

Whole = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Labels = Annotated[tuple[Label, ...], Meta(max_length=8)]
Detail = bool | Whole | Label | Labels
Details = Annotated[Mapping[Label, Detail], Meta(max_length=9)]


class Kind(StrEnum):
    """What happened. The first six are those that the law names (LED 2016/680, article 25)."""

    COLLECT = "collect"
    CONSULT = "consult"
    DISCLOSE = "disclose"
    COMBINE = "combine"
    ALTER = "alter"
    ERASE = "erase"
    START = "start"
    STOP = "stop"
    CANCEL = "cancel"
    OVERRIDE = "override"
    CLOCK = "clock"
    LOGIN = "login"
    LOCK_OUT = "lock-out"
    WIPE = "wipe"
    UPDATE = "update"
    CONFIG = "config"
    REPAIR = "repair"
    ALARM = "alarm"
    KEEP = "keep"
    TRUST = "trust"
    RELEASE = "release"
    VERIFY = "verify"
    CASE = "case"
    ATTEMPT = "attempt"


ALLOWED: dict[Kind, dict[str, type]] = {
    # finger: ISO position, of the first impression; impressions: how many.
    Kind.COLLECT: {"finger": int, "impressions": int},
    # outcome: of the search; candidates: how many, never who; again: shown before, by another run.
    Kind.CONSULT: {
        "outcome": str, "candidates": int, "lists": tuple, "kiosk": str, "again": bool,
        "refusal": str,
    },
    # to: the name of whom it was sealed to.
    Kind.DISCLOSE: {"what": str, "to": str, "lists": tuple, "count": int},
    Kind.COMBINE: {"what": str, "lists": tuple, "count": int},
    # operator: whose account; by: the second person that it took.
    Kind.ALTER: {
        "what": str, "list": str, "count": int, "reason": str, "operator": str, "by": str,
    },
    Kind.ERASE: {"what": str, "list": str, "count": int, "reason": str},
    Kind.START: {"software": str, "process": str},
    Kind.STOP: {"process": str, "reason": str},
    Kind.CANCEL: {"what": str, "reason": str},
    Kind.OVERRIDE: {"what": str, "reason": str, "operator": str, "finger": int},
    # What the clock said and what it says, Unix milliseconds.
    Kind.CLOCK: {"before_ms": int, "after_ms": int, "source": str},
    Kind.LOGIN: {"outcome": str, "role": str},
    Kind.LOCK_OUT: {"tries": int, "role": str},
    Kind.WIPE: {"what": str, "reason": str},
    Kind.UPDATE: {"what": str, "version": str, "before": str},
    # digest: of the file, hexadecimal.
    Kind.CONFIG: {"what": str, "digest": str},
    # What was wrong with the log itself at the start: bytes cut off, entries that are missing.
    Kind.REPAIR: {
        "what": str, "bytes": int, "entries": int, "before": str, "kept": int, "lost": int,
    },
    Kind.ALARM: {"what": str, "kiosk": str, "reason": str},
    # Who belongs to a site. root: its number; subject: of an alarm.
    Kind.TRUST: {
        "what": str, "kiosk": str, "serial": str, "root": int, "reason": str, "subject": str,
    },
    # What became of an update. what: as its history has it; at_ms: when, Unix milliseconds as
    # believed then; entry: the byte at which its line ends there.
    Kind.RELEASE: {
        "what": str, "version": str, "slot": str, "reason": str, "at_ms": int, "entry": int,
    },
    # What people made of a lead. what: see firmware/verification_events.py; reason, source: codes;
    # reference: of the answer that the list's owner gave, no personal data; by: the other person.
    Kind.VERIFY: {
        "what": str, "reason": str, "source": str, "reference": str, "by": str, "kiosk": str,
    },
    # What happened to a case at the kiosk. what: see firmware/case_events.py; reason, language,
    # location, legal_basis: codes; version: of the notice; finger, same_as: ISO positions.
    # percent: how much a picture looked forged.
    Kind.CASE: {
        "what": str, "reason": str, "location": str, "legal_basis": str, "language": str,
        "version": str, "finger": int, "same_as": int, "percent": int,
    },
    # One press. quality, threshold: 0 to 100, of its picture; nothing else of it.
    Kind.ATTEMPT: {"finger": int, "attempt": int, "quality": int, "threshold": int},
    # A report of a kiosk: its entries, and the SHA-256 of the segment as it is kept, hexadecimal.
    Kind.KEEP: {"kiosk": str, "chain": str, "first": int, "last": int, "digest": str},
}  # fmt: skip


def check_details(kind: Kind, details: Mapping[str, object]) -> None:
    """Refuse what this kind of event has no business to tell. Raises MalformedError."""
    allowed = ALLOWED[kind]
    for name, value in details.items():
        if name not in allowed:
            raise MalformedError(f"an entry of the kind {kind.value!r} tells no {name!r}")
        # bool is an int to Python, and True is no count.
        if type(value) is not allowed[name]:
            raise MalformedError(f"{name!r} of {kind.value!r} is no {allowed[name].__name__}")
