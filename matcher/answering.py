"""From a request's envelope to the answer's: check, open, search, seal. No network, no ledger."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from greenline.matcher.audit_events import UNLOGGED, Audit, searched
from greenline.matcher.engine import Engine, Probe, Query, Search
from greenline.matcher.generations import Generation, asked
from greenline.matcher.sealing import Sealing
from greenline.matcher.timely import Untimely
from greenline.prints import fmr
from greenline.prints.errors import RecordError
from greenline.prints.template import FEWEST_MINUTIAE
from greenline.protocol.envelope import Envelope, EnvelopeKind, Header
from greenline.protocol.errors import MalformedError, ProtocolError, WrongKeyError
from greenline.protocol.keys import Identity, OpeningKey, Signer
from greenline.protocol.messages import (
    Candidate,
    Evidence,
    ImpressionMessage,
    Outcome,
    Request,
    Result,
    SearchedList,
    decode_request,
    encode_result,
)
from greenline.protocol.pairs import encode_pairs

_ANSWER_LIFETIME_MS = 24 * 3600 * 1000
_LATEST_MS = 2**62


@dataclass(frozen=True)
class Answer:
    """A sealed answer. final: False when the search was incomplete and is tried again.

    refusal: the kind of reason for which the request was refused; empty when it was not.
    """

    envelope: bytes
    outcome: Outcome
    final: bool
    refusal: str = ""


class _Refusal(NamedTuple):
    """kind: one of a few, to be counted. words: what the kiosk is told."""

    kind: str
    words: str


@dataclass(frozen=True)
class Answering:
    """Answers requests of known kiosks.

    kiosks: by name. threshold: least score of a candidate. evidence: say which minutiae of the
    first candidate meet. audit: is told of each request before its answer leaves. now_ms: Unix
    milliseconds; clock: seconds. earlier: generations of keys that were replaced.
    """

    engine: Engine
    kiosks: Mapping[str, Identity]
    opener: OpeningKey
    signer: Signer
    threshold: float
    most_candidates: int
    software: str
    now_ms: Callable[[], int]
    clock: Callable[[], float] = time.perf_counter
    evidence: bool = False
    audit: Audit = UNLOGGED
    earlier: tuple[Generation, ...] = ()

    @property
    def generations(self) -> tuple[Generation, ...]:
        """All keys of this matcher, the newest first."""
        return (Generation(self.signer, self.opener), *self.earlier)

    @property
    def sealing(self) -> Sealing:
        """What seals for these kiosks."""
        return Sealing(self.kiosks, self.generations)

    def check(self, data: bytes, topic_kiosk: str) -> Envelope:
        """Return the envelope if a known kiosk really sent it. Raises ProtocolError.

        What it is sealed to is answer()'s affair: a kiosk that uses a key that is not ours (any
        more) is told so.
        """
        envelope = Envelope.from_bytes(data)
        header = envelope.header
        if header.kind is not EnvelopeKind.REQUEST:
            raise MalformedError("only requests are meant for the matcher")
        if header.kiosk != topic_kiosk:
            raise WrongKeyError("the envelope names another kiosk than its topic")
        kiosk = self.kiosks.get(header.kiosk)
        if kiosk is None:
            raise WrongKeyError(f"the kiosk {header.kiosk!r} is not enrolled here")
        if max(header.created_ms, header.expires_ms) > _LATEST_MS:
            raise MalformedError("the request's times are beyond all reason")
        envelope.verify(*kiosk.signing_keys(self.now_ms()))
        return envelope

    def answer(self, data: bytes, kiosk: str, ends_ms: int | None = None) -> Answer:
        """Search and seal the answer. data: an envelope that check() let pass when it came.

        ends_ms: when the request is over by our clock; None: as it says itself.

        Raises DatabaseError when gallery or audit log fail, ProtocolError when check() would not
        let the envelope pass now (the kiosk was removed, a key was replaced).
        """
        envelope = self.check(data, kiosk)
        over = envelope.header.expires_ms if ends_ms is None else ends_ms
        result, refusal = self._result(envelope, over)
        final = result.outcome is not Outcome.INCOMPLETE
        return Answer(self._seal(envelope.header, result), result.outcome, final, refusal)

    def turned_back(self, envelope: Envelope, late: Untimely) -> bytes:
        """Return the answer to a request that is not searched. envelope: one that check() let pass.

        Raises WrongKeyError when its kiosk is no longer known.
        """
        outcome = Outcome.REFUSED if late.final else Outcome.INCOMPLETE
        return self._seal(envelope.header, self._without_search(outcome, late.words[:200]))

    def _seal(self, header: Header, result: Result) -> bytes:
        """Seal and sign for who asked, by the generation of keys that was asked."""
        body = encode_result(result)
        return self.sealing.back(
            header, EnvelopeKind.RESULT, body, self.now_ms(), _ANSWER_LIFETIME_MS
        )

    def _result(self, envelope: Envelope, over_ms: int) -> tuple[Result, str]:
        """Return the result and, when it is a refusal, its kind."""
        result, request, kind = self._found(envelope, over_ms)
        self.audit.note(searched(envelope.header, request, result, kind))
        return result, kind

    def _found(self, envelope: Envelope, over_ms: int) -> tuple[Result, Request | None, str]:
        """Return the result, the request if it was read, and what _result() returns beside."""
        now = self.now_ms()
        if over_ms <= now:
            return self._without_search(Outcome.EXPIRED, "the request had expired"), None, ""
        try:
            generation = asked(self.generations, envelope.header.recipient, now)
            request = decode_request(envelope.open(generation.opener))
            probes = [_probe(impression) for impression in request.impressions]
        except (ProtocolError, RecordError) as fault:
            return self._refused(str(fault)), None, type(fault).__name__
        self.engine.refresh()
        refusal = self._refusal(request, probes)
        if refusal is not None:
            return self._refused(refusal.words), request, refusal.kind
        return self._search(request, probes), request, ""

    def _refused(self, words: str) -> Result:
        return self._without_search(Outcome.REFUSED, words[:200])

    def _refusal(self, request: Request, probes: list[Probe]) -> _Refusal | None:
        lists = self.engine.lists()
        for name in request.lists:
            if name not in lists:
                return _Refusal("unknown list", f"there is no list {name!r} here")
            if not lists[name].valid_at(self.now_ms()):
                return _Refusal("list expired", f"the list {name!r} is no longer valid")
            if request.purpose not in lists[name].purposes:
                return _Refusal(
                    "purpose",
                    f"the list {name!r} may not be searched for the purpose {request.purpose!r}",
                )
        if max(len(probe.template) for probe in probes) < FEWEST_MINUTIAE:
            return _Refusal(
                "too few minutiae", "the templates hold too few minutiae to be compared"
            )
        return None

    def _search(self, request: Request, probes: list[Probe]) -> Result:
        started = self.clock()
        found = self.engine.search(
            Query(
                probes,
                request.lists,
                self.threshold,
                self.most_candidates,
                request.target_fpir,
                request.free_placement,
                self.evidence,
            )
        )
        elapsed_ms = (self.clock() - started) * 1000
        return Result(
            outcome=_outcome(found),
            candidates=tuple(
                Candidate(
                    reference=candidate.reference,
                    list_name=candidate.list_name,
                    score=round(candidate.score, 3),
                    finger=candidate.finger,
                    fingers=candidate.fingers,
                    relabelled=candidate.relabelled,
                )
                for candidate in found.candidates
            ),
            searched=tuple(
                SearchedList(info.name, entries, info.changed_ms)
                for info, entries in found.searched
            ),
            coverage=found.coverage,
            threshold=found.threshold,
            search_ms=round(elapsed_ms, 3),
            answered_ms=self.now_ms(),
            software=self.software,
            reason="" if found.coverage >= 1 else "a part of the lists could not be read",
            evidence=_evidence(found),
        )

    def _without_search(self, outcome: Outcome, reason: str) -> Result:
        return Result(
            outcome=outcome,
            candidates=(),
            searched=(),
            coverage=0.0,
            threshold=self.threshold,
            search_ms=0.0,
            answered_ms=self.now_ms(),
            software=self.software,
            reason=reason,
        )


def _outcome(found: Search) -> Outcome:
    """A candidate is worth telling even if a part was not searched; "none" never is."""
    if found.candidates:
        return Outcome.CANDIDATES
    return Outcome.NONE if found.coverage >= 1 else Outcome.INCOMPLETE


def _evidence(found: Search) -> Evidence | None:
    if found.meeting is None:
        return None
    return Evidence(
        found.meeting.impression, found.meeting.finger, encode_pairs(found.meeting.pairs)
    )


def _probe(impression: ImpressionMessage) -> Probe:
    views = fmr.decode(impression.template).views
    if not views:
        raise RecordError("the record holds no finger")
    return Probe(views[0].template, impression.finger, impression.model)
