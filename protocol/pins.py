"""PINs: which are too easy to guess, and what is kept of one so that it can be checked.

Kept is Argon2id of the PIN (RFC 9106), bound to the operator. A PIN of six digits has a million
values: whoever gets a verifier tries them all in a day, whatever the hash. So verifiers travel and
lie sealed (operators.py, firmware/operators_file.py), and a kiosk counts wrong tries.
"""

import hmac
import os
import secrets
from itertools import pairwise
from typing import Annotated, Self

import msgspec
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from msgspec import Meta

FEWEST_DIGITS = 6
MOST_DIGITS = 8

# OWASP's password storage cheat sheet, the second of its equal choices: 19 MiB, 2 passes, 1 lane.
_MEMORY_KIB = 19_456
_ITERATIONS = 2
_LANES = 1

_SALT_BYTES = 16
_DIGEST_BYTES = 32
_LONGEST_TYPED = 64
_RUN = 4
_FEWEST_DIFFERENT = 4
_CONTEXT = b"greenline pin 1\0"


class PinVerifier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept of a PIN. The bounds are what a Raspberry Pi may be asked to spend on a try."""

    salt: Annotated[bytes, Meta(min_length=_SALT_BYTES, max_length=_SALT_BYTES)]
    digest: Annotated[bytes, Meta(min_length=_DIGEST_BYTES, max_length=_DIGEST_BYTES)]
    memory_kib: Annotated[int, Meta(ge=8_192, le=65_536)] = _MEMORY_KIB
    iterations: Annotated[int, Meta(ge=1, le=4)] = _ITERATIONS
    lanes: Annotated[int, Meta(ge=1, le=4)] = _LANES

    @classmethod
    def of(cls, pin: str, operator: str) -> Self:
        """Return what to keep of an operator's PIN."""
        blank = cls(os.urandom(_SALT_BYTES), bytes(_DIGEST_BYTES))
        return msgspec.structs.replace(blank, digest=blank._derive(pin, operator))

    def matches(self, pin: str, operator: str) -> bool:
        """Say whether this is the operator's PIN; takes the same time either way."""
        return hmac.compare_digest(self.digest, self._derive(pin, operator))

    def _derive(self, pin: str, operator: str) -> bytes:
        kdf = Argon2id(
            salt=self.salt,
            length=_DIGEST_BYTES,
            iterations=self.iterations,
            lanes=self.lanes,
            memory_cost=self.memory_kib,
            ad=_CONTEXT + operator.encode(),
        )
        # A text of any length may be typed; Argon2 must not be asked to read it all.
        return kdf.derive(pin[:_LONGEST_TYPED].encode())


DECOY = PinVerifier(bytes(_SALT_BYTES), bytes(_DIGEST_BYTES))
"""Stands in for a missing one, so that an unknown operator takes as long as a wrong PIN."""


def why_unfit(pin: str) -> str:
    """Return why nobody may have this PIN, as a sentence; empty: it may be had."""
    if not pin.isascii() or not pin.isdigit() or not FEWEST_DIGITS <= len(pin) <= MOST_DIGITS:
        return f"A PIN has {FEWEST_DIGITS} to {MOST_DIGITS} digits."
    if len(set(pin)) < _FEWEST_DIFFERENT:
        return f"A PIN has at least {_FEWEST_DIFFERENT} different digits."
    if _has_run(pin):
        return f"A PIN has no {_RUN} digits in a row, upwards or downwards."
    if any(pin == pin[:size] * (len(pin) // size) for size in (2, 3, 4)):
        return "A PIN does not repeat itself."
    return ""


def generate_pin() -> str:
    """Return a PIN of the fewest digits that is fit, each equally likely."""
    while True:
        pin = f"{secrets.randbelow(10**FEWEST_DIGITS):0{FEWEST_DIGITS}d}"
        if not why_unfit(pin):
            return pin


def _has_run(pin: str) -> bool:
    steps = [int(later) - int(earlier) for earlier, later in pairwise(pin)]
    needed = _RUN - 1
    windows = (steps[at : at + needed] for at in range(len(steps) - needed + 1))
    return any(window in ([1] * needed, [-1] * needed) for window in windows)
