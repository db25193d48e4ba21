"""The capture line, from a finger on the sensor to a durable, sealed request. Read this first.

take() turns one press into an Impression, or says what the person should do differently;
submit() turns a case's impressions into one request that survives a power cut. Straight down, no
callbacks but what a screen draws and the word that it was stopped, on the caller's thread.
"""

import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from greenline.drivers.sensor import Progress, Retry, Sensor
from greenline.firmware import audit_events
from greenline.firmware.audit_events import UNLOGGED, Audit
from greenline.firmware.errors import StoreError
from greenline.firmware.picture import (
    Looking,
    Shot,
    nobody_ends_it,
    nobody_looks,
    take_settled,
    take_watched,
)
from greenline.firmware.residue import Glass, is_residue
from greenline.firmware.store import Pending, Store
from greenline.firmware.trigger import Settling
from greenline.models.early import Forecast, Judge
from greenline.models.quality import Quality
from greenline.prints import fmr
from greenline.prints.frame import Frame
from greenline.prints.template import FEWEST_MINUTIAE, Template
from greenline.protocol.audit import NOT_LOGGED_IN
from greenline.protocol.envelope import EnvelopeKind, Header, Lane, seal
from greenline.protocol.keys import Identity, Signer
from greenline.protocol.messages import ImpressionMessage, Request, encode_request

REQUEST_ID_BYTES = 16

# The longest record a request may carry (ImpressionMessage.template): 30 + 6 n bytes.
_MOST_MINUTIAE = 255


class Extraction(Protocol):
    """What turns a frame into a template."""

    @property
    def model_id(self) -> str:
        """The network and its weights, in one short name."""

    def extract(self, frame: Frame) -> Template:
        """Return the minutiae of a frame, best first. Raises ModelsError."""


@dataclass(frozen=True)
class Impression:
    """One usable press. record: ISO/IEC 19794-2:2005. steps_ms: how long each step took."""

    finger: int
    record: bytes
    quality: Quality
    model: str
    steps_ms: dict[str, float]


@dataclass(frozen=True)
class Unusable:
    """A press whose picture is too poor to be found again; quality says why.

    A picture that was given up early has the quality of its upper rows.
    """

    quality: Quality


@dataclass(frozen=True)
class Case:
    """What is asked for one person. purpose: code; lists: names of the lists to search.

    target_fpir, free_placement: see protocol.messages.Request. operator: who asks, for the audit
    log alone: the request does not tell.
    """

    purpose: str
    lists: tuple[str, ...]
    impressions: tuple[Impression, ...] = ()
    target_fpir: float | None = None
    free_placement: bool = False
    operator: str = NOT_LOGGED_IN


@dataclass(frozen=True)
class Submitted:
    """A request that is on the disk."""

    pending: Pending
    durable_ms: float


def _believed() -> bool:
    return False


@dataclass(frozen=True)
class Line:
    """The steps, with everything they need. now_ms: Unix milliseconds; clock: seconds, monotonic.

    lifetime_ms: how long a request may wait for its answer. software: version, for the request.
    early_stop: give up a picture on its way that cannot become good enough. settling: of a finger
    on a live sensor. glass: judges in judge's place and knows residue. audit: is told before
    anything is kept. clock_doubtful: says that now_ms may be far behind. committed: is
    told how many seconds each commit took.
    """

    sensor: Sensor
    judge: Judge
    extraction: Extraction
    minimum_quality: int
    store: Store
    kiosk: str
    signer: Signer
    matcher: Identity
    lifetime_ms: int
    software: str
    now_ms: Callable[[], int] = field(default=lambda: time.time_ns() // 1_000_000)
    clock: Callable[[], float] = time.monotonic
    early_stop: bool = True
    settling: Settling = field(default_factory=Settling)
    glass: Glass | None = None
    audit: Audit = UNLOGGED
    clock_doubtful: Callable[[], bool] = _believed
    committed: Callable[[float], None] = field(default=lambda _: None)

    def take(
        self,
        finger: int,
        progress: Progress | None = None,
        judged: Callable[[Frame, Quality], None] | None = None,
        seen: Callable[[Quality], None] = nobody_looks,
        ended: Callable[[], bool] = nobody_ends_it,
    ) -> Impression | Retry | Unusable:
        """Take one press. finger: ISO position 0-10. judged: told as soon as the quality is known.

        seen: told the quality of a live sensor's frames, and of a slow one's rows so far once they
        are good enough. ended: says that nothing is wanted any more (Retry.STOPPED). Raises
        DriverError when the sensor fails, ModelsError when the picture cannot be one.
        """
        looking = Looking(
            self._judge, self.minimum_quality, self.early_stop, self.settling, seen, ended
        )
        started = self.clock()
        if self.sensor.info().live:
            taken: Frame | Shot | Retry | Forecast = take_settled(self.sensor, looking, self.clock)
        else:
            taken = take_watched(self.sensor, looking, progress)
        if isinstance(taken, Retry):
            return taken
        if isinstance(taken, Forecast):
            return Unusable(taken.told)
        scanned = self.clock()
        frame, quality = self._judged(taken)
        if judged is not None:
            judged(frame, quality)
        # Residue is no finger, even where every score will do.
        if quality.score < self.minimum_quality or is_residue(quality):
            return Unusable(quality)
        at_quality = self.clock()
        template = self.extraction.extract(frame).best(_MOST_MINUTIAE)
        if len(template) < FEWEST_MINUTIAE:
            return Unusable(quality)
        record = fmr.from_template(template, finger_position=finger, quality=quality.score)
        steps = {
            "transfer": scanned - started,
            "quality": at_quality - scanned,
            "template": self.clock() - at_quality,
        }
        milliseconds = {step: seconds * 1000 for step, seconds in steps.items()}
        return Impression(finger, record, quality, self.extraction.model_id, milliseconds)

    def _judged(self, taken: Frame | Shot) -> tuple[Frame, Quality]:
        if isinstance(taken, Shot):
            return taken.frame, taken.quality
        return taken, self._judge(taken)

    @property
    def _judge(self) -> Judge:
        return self.judge if self.glass is None else self.glass.judge

    def submit(self, case: Case, lane: Lane = Lane.PERSON_WAITING) -> Submitted:
        """Seal, sign and commit the case's request. When this returns, the request is safe.

        Raises StoreError (StoreFullError when the disk is full): then nothing was taken.
        """
        started = self.clock()
        created = self.now_ms()
        pending = Pending(os.urandom(REQUEST_ID_BYTES), lane, created, created + self.lifetime_ms)
        header = Header(
            EnvelopeKind.REQUEST, lane, pending.request_id, self.kiosk, created, pending.expires_ms,
            clock_doubtful=self.clock_doubtful(),
        )  # fmt: skip
        body = encode_request(self._request(case))
        envelope = seal(header, body, self.matcher.seal, self.signer)
        self._note_taken(case, pending)
        began = self.clock()
        try:
            self.store.add_request(pending, envelope.to_bytes())
        except StoreError:
            with contextlib.suppress(StoreError):  # what matters is that it was not kept
                self.audit.note(audit_events.not_kept(pending.request_id, case.purpose))
            raise
        self.committed(self.clock() - began)
        return Submitted(pending, (self.clock() - started) * 1000)

    def _note_taken(self, case: Case, pending: Pending) -> None:
        fingers = [impression.finger for impression in case.impressions]
        if fingers:
            self.audit.note(
                *audit_events.taken(
                    pending.request_id,
                    case.purpose,
                    fingers,
                    case.lists,
                    self.matcher.name,
                    case.operator,
                )
            )

    def _request(self, case: Case) -> Request:
        impressions = tuple(
            ImpressionMessage(
                finger=impression.finger,
                template=impression.record,
                quality=impression.quality.score,
                quality_algorithm=impression.quality.algorithm,
                model=impression.model,
            )
            for impression in case.impressions
        )
        return Request(
            case.purpose,
            case.lists,
            impressions,
            self.software,
            case.target_fpir,
            case.free_placement,
        )
