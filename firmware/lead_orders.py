"""What somebody at the page may order of a lead, as it comes."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

_Code = Annotated[str, Meta(max_length=32)]


class LeadOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody at the page does with a lead. candidate: which one, from 0."""

    event: Literal["view", "confirm", "reject", "examine"]
    request_id: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
    justification: _Code = ""
    source: _Code = ""
    reference: _Code = ""
    reason: _Code = ""
    candidate: Annotated[int, Meta(ge=0, le=9)] = 0
