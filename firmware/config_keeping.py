"""Tables of kiosk.toml about what is kept how long, and about the care of the sensor."""

from typing import Annotated

import msgspec
from msgspec import Meta

from greenline.firmware.retention import NO_MATCH_MS

_MINUTE_MS = 60_000


class RetentionConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How long answers stay here. no_match_min: minutes, of one that names nobody.

    What else an answer may say stays for answer_lifetime_h.
    """

    no_match_min: Annotated[float, Meta(gt=0, le=1440)] = NO_MATCH_MS / _MINUTE_MS

    @property
    def no_match_ms(self) -> int:
        """The same in milliseconds."""
        return int(self.no_match_min * _MINUTE_MS)


class CareConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The sensor's care. clean_every: pictures until a supervisor is reminded; 0: never."""

    clean_every: Annotated[int, Meta(ge=0, le=100_000)] = 200
