"""From a request's envelope to the answer's: check, open, search, seal. No network, no ledger."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from greenline.matcher.engine import LocalEngine, Search
from greenline.prints import fmr
from greenline.prints.errors import RecordError
from greenline.prints.template import FEWEST_MINUTIAE, Template
from greenline.protocol.envelope import Envelope, EnvelopeKind, Header, seal
from greenline.protocol.errors import MalformedError, ProtocolError, WrongKeyError
from greenline.protocol.keys import Identity, OpeningKey, SigningKey
from greenline.protocol.messages import (
    Candidate,
    Outcome,
    Request,
    Result,
    SearchedList,
    decode_request,
    encode_result,
)

_ANSWER_LIFETIME_MS = 24 * 3600 * 1000
_LATEST_MS = 2**62


@dataclass(frozen=True)
class Answer:
    """A sealed answer. final: False when the search was incomplete and is tried again."""

    envelope: bytes
    outcome: Outcome
    final: bool


@dataclass(frozen=True)
class Answering:
    """Answers requests of known kiosks.

    kiosks: by name. threshold: score from which an entry is a candidate. now_ms: Unix
    milliseconds; clock: seconds.
    """

    engine: LocalEngine
    kiosks: Mapping[str, Identity]
    opener: OpeningKey
    signer: SigningKey
    threshold: float
    most_candidates: int
    software: str
    now_ms: Callable[[], int]
    clock: Callable[[], float] = time.perf_counter

    def check(self, data: bytes, topic_kiosk: str) -> Envelope:
        """Return the envelope if a known kiosk really sent it. Raises ProtocolError."""
        envelope = Envelope.from_bytes(data)
        header = envelope.header
        if header.kind is not EnvelopeKind.REQUEST:
            raise MalformedError("only requests are meant for the matcher")
        if header.kiosk != topic_kiosk:
            raise WrongKeyError("the envelope names another kiosk than its topic")
        kiosk = self.kiosks.get(header.kiosk)
        if kiosk is None:
            raise WrongKeyError(f"the kiosk {header.kiosk!r} is not enrolled here")
        if header.recipient != self.opener.public.id:
            raise WrongKeyError("the request is sealed to another matcher's key")
        if max(header.created_ms, header.expires_ms) > _LATEST_MS:
            raise MalformedError("the request's times are beyond all reason")
        envelope.verify(kiosk.verify)
        return envelope

    def answer(self, data: bytes, kiosk: str) -> Answer:
        """Search and seal the answer. data: an envelope that check() let pass when it came.

        Raises DatabaseError when the gallery cannot be read, ProtocolError when check() would not
        let the envelope pass now (the kiosk was removed, a key was replaced).
        """
        envelope = self.check(data, kiosk)
        result = self._result(envelope)
        header = envelope.header
        now = self.now_ms()
        answer_header = Header(
            EnvelopeKind.RESULT,
            header.lane,
            header.request_id,
            header.kiosk,
            now,
            now + _ANSWER_LIFETIME_MS,
        )
        recipient = self.kiosks[header.kiosk].seal
        sealed = seal(answer_header, encode_result(result), recipient, self.signer)
        return Answer(sealed.to_bytes(), result.outcome, result.outcome is not Outcome.INCOMPLETE)

    def _result(self, envelope: Envelope) -> Result:
        if envelope.header.expires_ms <= self.now_ms():
            return self._without_search(Outcome.EXPIRED, "the request had expired")
        try:
            request = decode_request(envelope.open(self.opener))
            probes = [_probe(impression.template) for impression in request.impressions]
        except (ProtocolError, RecordError) as fault:
            return self._without_search(Outcome.REFUSED, str(fault)[:200])
        self.engine.refresh()
        refusal = self._refusal(request, probes)
        if refusal:
            return self._without_search(Outcome.REFUSED, refusal[:200])
        return self._search(request, probes)

    def _refusal(self, request: Request, probes: list[Template]) -> str:
        lists = self.engine.lists()
        for name in request.lists:
            if name not in lists:
                return f"there is no list {name!r} here"
            if request.purpose not in lists[name].purposes:
                return f"the list {name!r} may not be searched for the purpose {request.purpose!r}"
        if max(len(probe) for probe in probes) < FEWEST_MINUTIAE:
            return "the templates hold too few minutiae to be compared"
        return ""

    def _search(self, request: Request, probes: list[Template]) -> Result:
        started = self.clock()
        found = self.engine.search(probes, request.lists, self.threshold, self.most_candidates)
        elapsed_ms = (self.clock() - started) * 1000
        return Result(
            outcome=_outcome(found),
            candidates=tuple(
                Candidate(
                    reference=candidate.reference,
                    list_name=candidate.list_name,
                    score=round(candidate.score, 3),
                    finger=candidate.finger,
                )
                for candidate in found.candidates
            ),
            searched=tuple(
                SearchedList(info.name, entries, info.changed_ms)
                for info, entries in found.searched
            ),
            coverage=found.coverage,
            threshold=self.threshold,
            search_ms=round(elapsed_ms, 3),
            answered_ms=self.now_ms(),
            software=self.software,
            reason="" if found.coverage >= 1 else "a part of the lists could not be read",
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


def _probe(record: bytes) -> Template:
    views = fmr.decode(record).views
    if not views:
        raise RecordError("the record holds no finger")
    return views[0].template
