"""Which of several matcher processes takes a request: its id says it, nobody has to be asked.

Every process subscribes to all requests. No shared subscription of MQTT: whoever joined one would
swallow a share of the requests.
"""

import hashlib
from typing import Annotated

import msgspec
from msgspec import Meta

_REQUEST_ID = slice(8, 24)
"""Where an envelope has it (docs/protocol.md, 2)."""


class Split(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The share of one process: part 1, 2, ... of so many. All must be told the same "of"."""

    part: Annotated[int, Meta(ge=1)]
    of: Annotated[int, Meta(ge=1, le=64)]

    def __post_init__(self) -> None:
        """Refuse a part that does not exist."""
        if self.part > self.of:
            raise ValueError(f"there is no part {self.part} of {self.of}")

    def takes(self, envelope: bytes) -> bool:
        """Return whether this process takes what arrived.

        Not checked yet: junk falls to one process as well, by what stands where the id would be,
        and is counted once.
        """
        share = hashlib.sha256(envelope[_REQUEST_ID]).digest()
        return int.from_bytes(share[:8]) % self.of == self.part - 1


ALL = Split(1, 1)
