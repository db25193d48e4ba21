"""Valid things of every kind, made by our own encoders: what the corpora consist of.

The keys are fixed and the signatures deterministic, so that the same seed gives the same inputs and
a failing input fails again. What HPKE seals is the exception: it draws its own randomness.
"""

import functools

import numpy as np
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from greenline.prints import fmr
from greenline.prints.template import Template
from greenline.protocol.envelope import EnvelopeKind, Header, Lane
from greenline.protocol.keys import Identity, OpeningKey, SigningKey, VerifyKey
from greenline.protocol.messages import (
    Candidate,
    Evidence,
    ImpressionMessage,
    Outcome,
    Request,
    Result,
    SearchedList,
)

KIOSK, MATCHER = "kiosk-01", "matcher-1"
NOW_MS = 1_800_000_000_000
HOUR_MS = 3_600_000
PURPOSE, LIST = "border-check", "watch-list"


class FixedSigner:
    """A Signer (protocol/keys.py) whose signatures follow from the message (RFC 6979)."""

    def __init__(self, number: int) -> None:
        self.key = ec.derive_private_key(number, ec.SECP256R1())
        self.public: VerifyKey = SigningKey(self.key).public

    def sign(self, message: bytes) -> bytes:
        signature = self.key.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
        r, s = decode_dss_signature(signature)
        return r.to_bytes(32) + s.to_bytes(32)


@functools.cache
def signer(number: int = 7) -> FixedSigner:
    return FixedSigner(number)


@functools.cache
def opener(number: int = 7) -> OpeningKey:
    return OpeningKey.from_bytes(bytes([number]) * 96)


def identity(name: str = KIOSK, number: int = 7) -> Identity:
    return Identity(name, signer(number).public, opener(number).public)


def template(minutiae: int = 30, seed: int = 1, dpi: float = 500.0) -> Template:
    rng = np.random.default_rng(seed)
    return Template(
        256,
        288,
        dpi,
        rng.integers(10, 246, minutiae).astype(np.float32),
        rng.integers(10, 278, minutiae).astype(np.float32),
        rng.uniform(0, 6.28, minutiae).astype(np.float32),
        rng.integers(0, 3, minutiae).astype(np.uint8),
        rng.integers(0, 101, minutiae).astype(np.uint8),
    )


def record(minutiae: int = 30, finger: int = 2) -> bytes:
    return fmr.from_template(template(minutiae), finger_position=finger, quality=60)


def header(kind: EnvelopeKind = EnvelopeKind.REQUEST) -> Header:
    return Header(
        kind, Lane.PERSON_WAITING, bytes(range(16)), KIOSK, NOW_MS, NOW_MS + HOUR_MS,
        signer().public.id, opener().public.id,
    )  # fmt: skip


def requests() -> list[Request]:
    one = ImpressionMessage(2, record(12), 60, "gradient", "greenline-1/0a1b2c3d")
    other = ImpressionMessage(0, record(9, 0), 0, "nfiq2", "iso-19794-2")
    return [
        Request(PURPOSE, (LIST,), (one,), "greenline 0.1.0"),
        Request(PURPOSE, (LIST, "other"), (one, other), "greenline", 0.01, free_placement=True),
    ]


def results() -> list[Result]:
    searched = (SearchedList(LIST, 1000, NOW_MS),)
    candidate = Candidate("case-17", LIST, 7.25, 2, 2)
    usual = (1.0, 4.0, 12.5, NOW_MS, "greenline 0.1.0")
    return [
        Result(Outcome.NONE, (), searched, *usual),
        Result(
            Outcome.CANDIDATES, (candidate, candidate), searched, *usual,
            evidence=Evidence(0, 2, bytes(range(100))),
        ),
        Result(Outcome.REFUSED, (), (), 0.0, 4.0, 0.0, NOW_MS, "greenline", "no such list"),
        Result(Outcome.INCOMPLETE, (), searched, 0.5, 4.0, 3.0, NOW_MS, "greenline"),
    ]  # fmt: skip
