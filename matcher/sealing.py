"""What goes back to a kiosk: sealed to it, and signed by the keys that it asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from greenline.matcher.generations import Generation, asked
from greenline.protocol.envelope import EnvelopeKind, Header, seal
from greenline.protocol.errors import WrongKeyError
from greenline.protocol.keys import Identity


@dataclass(frozen=True)
class Sealing:
    """Seals for known kiosks. kiosks: by name. generations: this matcher's keys, newest first."""

    kiosks: Mapping[str, Identity]
    generations: Sequence[Generation]

    def back(
        self, request: Header, kind: EnvelopeKind, body: bytes, now_ms: int, lifetime_ms: int
    ) -> bytes:
        """Return the envelope for who sent a request. Times: milliseconds.

        request: of an envelope that Answering.check() let pass. Raises WrongKeyError when its kiosk
        is no longer known.
        """
        try:
            signer = asked(self.generations, request.recipient, now_ms).signer
        except WrongKeyError:
            signer = self.generations[0].signer
        header = Header(
            kind, request.lane, request.request_id, request.kiosk, now_ms, now_ms + lifetime_ms
        )
        asking = self.kiosks.get(request.kiosk)
        if asking is None:
            raise WrongKeyError(f"the kiosk {request.kiosk!r} was removed during its search")
        return seal(header, body, asking.seal, signer).to_bytes()
