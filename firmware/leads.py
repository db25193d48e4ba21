"""Whom the checks tell of leads: the desk at which they are verified, or nobody."""

import logging
from collections.abc import Callable
from typing import Protocol

from greenline.firmware.errors import StoreError
from greenline.protocol.examination import FingerQuality
from greenline.protocol.messages import Result

log = logging.getLogger(__name__)


class Leads(Protocol):
    """What the checks tell."""

    def taken(
        self, request_id: bytes, who: str, captured: tuple[FingerQuality, ...], purpose: str
    ) -> None:
        """Tell who took the fingers of a request, how good they are, and what for."""

    def arrived(self, request_id: bytes, result: Result, *, late: bool, purpose: str) -> None:
        """Tell what a search came to, once it is shown. purpose: empty where it is not known."""

    def forget(self, request_id: bytes) -> None:
        """Tell that an answer was deleted, or that a request has expired."""


class NoLeads:
    """Stands in until there is a desk."""

    def taken(
        self, request_id: bytes, who: str, captured: tuple[FingerQuality, ...], purpose: str
    ) -> None:
        """Forget it."""

    def arrived(self, request_id: bytes, result: Result, *, late: bool, purpose: str) -> None:
        """Forget it."""

    def forget(self, request_id: bytes) -> None:
        """Nothing is kept."""


class LeadsTold:
    """Tells a desk; what it could not keep it begins anew after a restart."""

    def __init__(self, desk: Leads) -> None:
        self._desk = desk

    def taken(
        self, request_id: bytes, who: str, captured: tuple[FingerQuality, ...], purpose: str
    ) -> None:
        """See Leads."""
        _try(lambda: self._desk.taken(request_id, who, captured, purpose))

    def arrived(self, request_id: bytes, result: Result, *, late: bool, purpose: str) -> None:
        """See Leads."""
        _try(lambda: self._desk.arrived(request_id, result, late=late, purpose=purpose))

    def forget(self, request_id: bytes) -> None:
        """See Leads."""
        _try(lambda: self._desk.forget(request_id))


NO_LEADS = NoLeads()


def _try(tell: Callable[[], None]) -> None:
    try:
        tell()
    except StoreError as fault:
        log.warning("lead not kept", extra={"reason": str(fault)})
