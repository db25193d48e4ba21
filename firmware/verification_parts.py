"""What the desk of leads is made of. Used by verification_making.py."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from greenline.firmware.audit_events import Audit
from greenline.firmware.lead_state import LeadShown
from greenline.firmware.store_rows import Answer
from greenline.firmware.taken_file import TakenFile
from greenline.firmware.verification_file import LeadsFile


class LeadStore(Protocol):
    """Where requests and answers lie."""

    def envelope(self, request_id: bytes) -> bytes | None:
        """Return a request that waits; None when it has left."""

    def answer(self, request_id: bytes) -> Answer | None:
        """Return an answer; None when there is none any more."""


@dataclass(frozen=True)
class DeskParts:
    """What the desk needs. show: draws the leads. purge: has a case erased here and at the matcher,
    told why and by whom; raises StoreError: it is not. purpose: of a case that is not known to have
    another; empty where they differ.

    asks: says whether the centre can be asked from here. list_age_ms: allowed age of a list.
    """

    store: LeadStore
    file: LeadsFile
    taken: TakenFile
    audit: Audit
    purpose: str
    matcher: str
    show: Callable[[tuple[LeadShown, ...]], None]
    purge: Callable[[bytes, str, str], object]
    asks: Callable[[], bool]
    list_age_ms: int | None = None
