"""The matcher's own keys while they are being replaced: the newest, and those that still serve.

A kiosk seals to the newest keys that it knows. Whoever asks an earlier generation is answered by
that generation, so a kiosk that has not heard of the new one can check the answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from greenline.protocol.errors import WrongKeyError
from greenline.protocol.keys import OpeningKey, Signer


@dataclass(frozen=True)
class Generation:
    """One generation. until_ms: it opens nothing from then on, Unix milliseconds; None: in use."""

    signer: Signer
    opener: OpeningKey
    until_ms: int | None = None

    def serves(self, now_ms: int) -> bool:
        """Say whether it opens what is sealed to it."""
        return self.until_ms is None or now_ms < self.until_ms


def asked(generations: Sequence[Generation], recipient: bytes, now_ms: int) -> Generation:
    """Return the generation to which something is sealed. Raises WrongKeyError."""
    found = [each for each in generations if each.opener.public.id == recipient]
    if not found:
        raise WrongKeyError("the envelope was sealed to another key")
    if not found[0].serves(now_ms):
        raise WrongKeyError("the envelope was sealed to a key of this matcher that is retired")
    return found[0]
