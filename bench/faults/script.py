"""What a store is told to do, what it must hold afterwards, and what of that is missing.

A script is the same for the same seed, so that a fault can be made at every point of it. What was
acknowledged is known from outside the process that was killed: how many steps it has reported.
"""

import random
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache

from greenline.protocol.envelope import EnvelopeKind, Header, Lane, seal
from greenline.protocol.keys import OpeningKey, SigningKey

KIOSK = "kiosk-01"
HOUR_MS = 3_600_000
_ANSWER_BYTES = 700
_BODY_BYTES = 1700
_SHORT_MS = 5 * 60_000


class Act(StrEnum):
    """What one step does. LATER: time passes, what is over leaves, the clock is kept."""

    PUT = "put"
    ANSWER = "answer"
    LATER = "later"
    REOPEN = "reopen"


@dataclass(frozen=True)
class Parcel:
    """A request on its way. Times: Unix milliseconds."""

    request_id: bytes
    lane: int
    created_ms: int
    expires_ms: int
    envelope: bytes


@dataclass(frozen=True)
class Step:
    """parcel: of PUT. request_id, body: of ANSWER. later_ms: of LATER. leave: who then expires."""

    act: Act
    parcel: Parcel | None = None
    request_id: bytes = b""
    body: bytes = b""
    later_ms: int = 0
    leave: frozenset[bytes] = frozenset()


@dataclass
class Held:
    """What a store holds, by request id: envelopes that wait, and the bodies of answers."""

    waiting: dict[bytes, bytes] = field(default_factory=dict)
    answered: dict[bytes, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """acknowledged: promises that were looked after. lost: ids. back: what should have left."""

    acknowledged: int
    lost: frozenset[bytes]
    back: frozenset[bytes]


@cache
def signer() -> SigningKey:
    """The kiosk's key in the campaign."""
    return SigningKey.generate()


@cache
def matcher() -> OpeningKey:
    """The matcher's."""
    return OpeningKey.generate()


def make_script(seed: str, puts: int, *, reopen: bool = True) -> list[Step]:
    """Return a script with so many captures: about half are answered, some expire."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    now_ms = 1_800_000_000_000
    steps: list[Step] = []
    waiting: list[Parcel] = []
    for number in range(puts):
        short = chance.random() < 0.2
        parcel = _parcel(chance, now_ms, _SHORT_MS if short else 72 * HOUR_MS)
        steps.append(Step(Act.PUT, parcel))
        waiting.append(parcel)
        long = [each for each in waiting if each.expires_ms - each.created_ms > _SHORT_MS]
        if long and chance.random() < 0.6:
            answered = chance.choice(long)
            waiting.remove(answered)
            body = chance.randbytes(_ANSWER_BYTES)
            steps.append(Step(Act.ANSWER, request_id=answered.request_id, body=body))
        now_ms += 1000
        if number % 8 == 5:
            over = [each for each in waiting if each.expires_ms - each.created_ms == _SHORT_MS]
            waiting = [each for each in waiting if each not in over]
            leave = frozenset(each.request_id for each in over)
            now_ms += 2 * _SHORT_MS
            steps.append(Step(Act.LATER, later_ms=2 * _SHORT_MS, leave=leave))
        if reopen and number % 8 == 7:
            steps.append(Step(Act.REOPEN))
    return steps


def _parcel(chance: random.Random, now_ms: int, lifetime_ms: int) -> Parcel:
    request_id, lane = chance.randbytes(16), chance.choice(list(Lane))
    header = Header(EnvelopeKind.REQUEST, lane, request_id, KIOSK, now_ms, now_ms + lifetime_ms)
    body = chance.randbytes(_BODY_BYTES)
    envelope = seal(header, body, matcher().public, signer())
    return Parcel(request_id, int(lane), now_ms, now_ms + lifetime_ms, envelope.to_bytes())


@cache
def another() -> Parcel:
    """One more capture, to see whether a store that opens also takes."""
    return _parcel(random.Random("another"), 1_800_000_000_000, HOUR_MS)  # noqa: S311 - no secret


def expected(steps: list[Step]) -> Held:
    """Return what a store holds that has done these steps."""
    held = Held()
    for step in steps:
        if step.parcel is not None:
            held.waiting[step.parcel.request_id] = step.parcel.envelope
        if step.act is Act.ANSWER:
            held.waiting.pop(step.request_id, None)
            held.answered[step.request_id] = step.body
        for request_id in step.leave:
            held.waiting.pop(request_id, None)
    return held


def judge(
    acknowledged: list[Step], maybe: list[Step], found: Held, *, answers: bool = True
) -> Verdict:
    """Compare what is there with what was promised.

    maybe: steps that were begun, or refused: they may have been done or not. answers: whether the
    store keeps answers at all.
    """
    held = expected(acknowledged)
    may_leave = {each for step in maybe for each in step.leave}
    may_be_answered = {step.request_id: step.body for step in maybe if step.act is Act.ANSWER}
    may_come = {step.parcel.request_id for step in maybe if step.parcel is not None}
    lost = set()
    for request_id, envelope in held.waiting.items():
        if found.waiting.get(request_id) == envelope or request_id in may_leave:
            continue
        body = may_be_answered.get(request_id)
        if body is None or (answers and found.answered.get(request_id) != body):
            lost.add(request_id)
    if answers:
        lost |= {i for i, body in held.answered.items() if found.answered.get(i) != body}
    back = found.waiting.keys() - held.waiting.keys() - may_come
    return Verdict(len(held.waiting) + len(held.answered), frozenset(lost), frozenset(back))
