"""Fingers as bare minutiae, and a kiosk that asks: no picture, no device."""

import os
from dataclasses import dataclass, field

import numpy as np

from greenline.matcher.gallery import Gallery
from greenline.prints import fmr
from greenline.prints.template import Template
from greenline.protocol.envelope import Envelope, EnvelopeKind, Header, Lane, seal
from greenline.protocol.keys import Identity, OpeningKey, SealKey, Signer, SigningKey
from greenline.protocol.messages import (
    ImpressionMessage,
    Request,
    Result,
    decode_result,
    encode_request,
)

LIST = "watch-list"
PURPOSE = "border-check"
MODEL = "test-minutiae"
THRESHOLD = 4.0
NOW_MS = 1_800_000_000_000
HOUR_MS = 3_600_000

_WIDTH, _HEIGHT = 256, 288


def finger(seed: int, minutiae: int = 40) -> Template:
    """Minutiae at random: another seed is another finger."""
    rng = np.random.default_rng(seed)
    return Template(
        _WIDTH,
        _HEIGHT,
        500.0,
        rng.uniform(10, _WIDTH - 10, minutiae).astype(np.float32),
        rng.uniform(10, _HEIGHT - 10, minutiae).astype(np.float32),
        rng.uniform(0, 2 * np.pi, minutiae).astype(np.float32),
        rng.integers(1, 3, minutiae).astype(np.uint8),
        rng.integers(40, 100, minutiae).astype(np.uint8),
    )


def mate(template: Template, seed: int = 0) -> Template:
    """Another impression of the same finger: each minutia a little elsewhere."""
    rng = np.random.default_rng(10_000 + seed)
    count = len(template)
    return Template(
        _WIDTH,
        _HEIGHT,
        500.0,
        np.clip(template.x + rng.normal(0, 2, count), 0, _WIDTH - 1).astype(np.float32),
        np.clip(template.y + rng.normal(0, 2, count), 0, _HEIGHT - 1).astype(np.float32),
        ((template.direction + rng.normal(0, 0.08, count)) % (2 * np.pi)).astype(np.float32),
        template.kind,
        template.quality,
    )


def record(template: Template) -> bytes:
    return fmr.from_template(template)


def enrol(gallery: Gallery, seed: int, list_name: str = LIST, position: int = 0) -> str:
    """Enrol the finger of this seed; return its reference."""
    reference = f"entry-{seed}"
    assert gallery.enrol(list_name, reference, position, record(finger(seed)), MODEL, adult=True)
    return reference


@dataclass
class Clock:
    """Unix milliseconds that stand still until a test moves them."""

    now_ms: int = NOW_MS

    def __call__(self) -> int:
        return self.now_ms


@dataclass(frozen=True)
class MatcherKeys:
    signer: SigningKey = field(default_factory=SigningKey.generate)
    opener: OpeningKey = field(default_factory=OpeningKey.generate)


@dataclass(frozen=True)
class Kiosk:
    """Asks, and reads the answers, with keys of its own."""

    name: str
    matcher: Identity
    signer: Signer = field(default_factory=SigningKey.generate)
    opener: OpeningKey = field(default_factory=OpeningKey.generate)

    @property
    def identity(self) -> Identity:
        return Identity(self.name, self.signer.public, self.opener.public)

    def seal(
        self,
        body: bytes,
        *,
        request_id: bytes = b"",
        lane: Lane = Lane.PERSON_WAITING,
        kind: EnvelopeKind = EnvelopeKind.REQUEST,
        name: str = "",
        recipient: SealKey | None = None,
        created_ms: int = NOW_MS,
        expires_ms: int = NOW_MS + HOUR_MS,
        clock_doubtful: bool = False,
    ) -> bytes:
        header = Header(
            kind, lane, request_id or os.urandom(16), name or self.name, created_ms, expires_ms,
            clock_doubtful=clock_doubtful,
        )  # fmt: skip
        return seal(header, body, recipient or self.matcher.seal, self.signer).to_bytes()

    def open(self, answer: bytes) -> Result:
        """Read an answer as a kiosk does. Raises ProtocolError."""
        envelope = Envelope.from_bytes(answer)
        assert (envelope.header.kind, envelope.header.kiosk) == (EnvelopeKind.RESULT, self.name)
        envelope.verify(*self.matcher.signing_keys(NOW_MS))
        return decode_result(envelope.open(self.opener))


def request_body(
    *probes: Template, lists: tuple[str, ...] = (LIST,), purpose: str = PURPOSE
) -> bytes:
    impressions = tuple(
        ImpressionMessage(2, record(probe), 70, "test-quality", MODEL) for probe in probes
    )
    return encode_request(Request(purpose, lists, impressions, "test-kiosk 1"))


def id_of(envelope: bytes) -> bytes:
    return Envelope.from_bytes(envelope).header.request_id
