"""Who may order what of a case: asked here, before the desk is. For the page and for the keys."""

import logging
from collections.abc import Callable
from typing import Protocol

from greenline.firmware import case_orders as orders
from greenline.firmware.case_desk import CaseDesk
from greenline.firmware.case_machine import NotNowError
from greenline.firmware.case_orders import CaseOrder, action_of
from greenline.firmware.errors import StoreError
from greenline.firmware.operators_roles import Action

log = logging.getLogger(__name__)

_UPDATING = "The kiosk is being updated: wait until it has restarted"
_ANSWERED_ADULT = "adult"


class NotAllowedError(Exception):
    """Whoever is logged in may not do this; the text tells the officer so."""


class Access(Protocol):
    """Who is logged in."""

    required: bool

    def may(self, action: Action) -> bool:
        """Say whether whoever is logged in may do this."""

    def reader(self) -> str:
        """Return who that is, for the audit log; empty: nobody."""


class CaseDoor:
    """Takes orders. may_begin: False while an update restarts the device."""

    def __init__(self, access: Access, desk: CaseDesk, may_begin: Callable[[], bool]) -> None:
        self._access = access
        self._desk = desk
        self._may_begin = may_begin

    def order(self, order: CaseOrder) -> None:
        """Do what is ordered.

        Raises NotAllowedError, NotNowError when it cannot be done now, and StoreError when it
        cannot be noted or kept: then it was not done.
        """
        if not self._access.may(action_of(order)):
            raise NotAllowedError("Your role may not do this")
        self._obey(order)

    def confirm(self) -> None:
        """Do the one obvious step (the key OK)."""
        if self._access.may(Action.CHECK):
            _press("ok", self._desk.confirm)

    def stop(self) -> None:
        """End the case (the key at the left)."""
        if self._access.may(Action.STOP):
            _press("left", self._desk.stop)

    def _open(self, order: orders.Open) -> None:
        if not self._may_begin():
            raise NotNowError(_UPDATING)
        # Where nobody logs in there is no supervisor either, and the reason is all there can be.
        supervisor = self._access.may(Action.OVERRIDE) or not self._access.required
        self._desk.open(
            order.purpose, self._access.reader(), more=order.reason, supervisor=supervisor
        )

    def _obey(self, order: CaseOrder) -> None:
        desk = self._desk
        match order:
            case orders.Open():
                self._open(order)
            case orders.Adult(answer):
                desk.adult(is_adult=answer == _ANSWERED_ADULT)
            case orders.Notice(language):
                desk.notice(language)
            case orders.Plan(fingers, missing):
                desk.plan(fingers, _positions(missing))
            case orders.Capture(finger):
                desk.capture(finger)
            case _:
                self._obey_later(order)

    def _obey_later(self, order: CaseOrder) -> None:
        desk = self._desk
        match order:
            case orders.Missing(finger, reason):
                desk.missing(finger, reason)
            case orders.Use(finger, reason):
                desk.use(finger, reason)
            case orders.Refuse(reason):
                desk.refuse(reason)
            case orders.Send():
                desk.send()
            case orders.Close():
                desk.close()
            case orders.Stop():
                desk.stop()


def _positions(missing: dict[str, str]) -> dict[int, str]:
    found = {each: reason for each, reason in missing.items() if each.isdecimal()}
    positions = {int(each): reason for each, reason in found.items()}
    if len(positions) != len(missing) or not set(positions) <= set(range(1, 11)):
        raise NotNowError("A missing finger is named by its position, 1 to 10")
    return positions


def _press(key: str, step: Callable[[], None]) -> None:
    """Do what a key asks for; one that is pressed at the wrong moment does nothing."""
    try:
        step()
    except (NotNowError, StoreError) as refusal:
        log.info("key did nothing", extra={"key": key, "reason": str(refusal)})
