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
from greenline.firmware.attack_detection import AttackDetection, attack_score
from greenline.firmware.audit_events import UNLOGGED, Audit
from greenline.firmware.errors import StoreError
from greenline.firmware.finger_view import FingerView
from greenline.firmware.impressions import Case, Impression, Submitted, Unusable
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
from greenline.protocol.envelope import EnvelopeKind, Header, Lane, seal
from greenline.protocol.examination import FingerQuality
from greenline.protocol.keys import Identity, Signer
from greenline.protocol.messages import ImpressionMessage, Request, encode_request

__all__ = ["Case", "Extraction", "Impression", "Least", "Line", "Submitted", "Unusable"]

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
class Least:
    """What a picture must reach. score: 0-100. keep_poor: a poorer one is an impression all the
    same, as long as there is a finger in it; whole: none is given up while it arrives.
    """

    score: int
    keep_poor: bool = False
    whole: bool = False


def _believed() -> bool:
    return False


@dataclass(frozen=True)
class Line:
    """The steps, with everything they need. now_ms: Unix milliseconds; clock: seconds, monotonic.

    lifetime_ms: how long a request may wait for its answer. software: version, for the request.
    early_stop: give up a picture on its way that cannot become good enough. settling: of a finger
    on a live sensor. glass: judges in judge's place and knows residue. attacks: looks for forged
    fingers; view: shows them to the officer; None: nothing does. audit: is told before anything is
    kept. clock_doubtful: says that now_ms may be far behind. committed: is told how many seconds
    each commit took.
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
    attacks: AttackDetection | None = None
    view: FingerView | None = None

    def take(
        self,
        finger: int,
        progress: Progress | None = None,
        judged: Callable[[Frame, Quality], None] | None = None,
        seen: Callable[[Quality], None] = nobody_looks,
        ended: Callable[[], bool] = nobody_ends_it,
        least: Least | None = None,
    ) -> Impression | Retry | Unusable:
        """Take one press. finger: ISO position 0-10. judged: told as soon as the quality is known.

        seen: told the quality of a live sensor's frames, and of a slow one's rows so far once they
        are good enough. ended: says that nothing is wanted any more (Retry.STOPPED). least: of the
        picture; None: minimum_quality. Raises DriverError when the sensor fails, ModelsError when
        the picture cannot be one.
        """
        wanted = least or Least(self.minimum_quality)
        early = self.early_stop and not wanted.whole
        looking = Looking(
            self._judge, wanted.score, early, self.settling, seen, ended, wanted.keep_poor,
            self._view,
        )  # fmt: skip
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
        self._view(frame, frame.height)
        if judged is not None:
            judged(frame, quality)
        if not _usable(quality, wanted):
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
        attack = None if self.attacks is None else attack_score(self.attacks, frame)
        model = self.extraction.model_id
        return Impression(finger, record, quality, model, milliseconds, attack)

    def _view(self, frame: Frame, height: int) -> None:
        if self.view is not None:
            self.view.show(frame, height)

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
        request_id = case.request_id or os.urandom(REQUEST_ID_BYTES)
        pending = Pending(request_id, lane, created, created + self.lifetime_ms)
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
        captured = tuple(
            FingerQuality(impression.finger, impression.quality.score)
            for impression in case.impressions
        )
        return Submitted(pending, (self.clock() - started) * 1000, case.operator, captured)

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


def _usable(quality: Quality, least: Least) -> bool:
    """Say whether a picture is worth a template."""
    if is_residue(quality):  # no finger, even where every score will do
        return False
    return quality.score >= least.score or (least.keep_poor and quality.score > 0)
