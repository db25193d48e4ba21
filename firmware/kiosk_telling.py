"""What a kiosk tells of itself, to its audit log and on the board. Used by kiosk.py alone."""

import logging
from collections.abc import Callable

import msgspec

from greenline.firmware import audit_events
from greenline.firmware.audit_events import Audit
from greenline.firmware.board import Board, DeviceName
from greenline.firmware.errors import StoreError
from greenline.firmware.store import Store
from greenline.protocol.audit import Event
from greenline.protocol.wording import STORE_WAS_DAMAGED, STORE_WAS_DAMAGED_BADLY

log = logging.getLogger(__name__)


class Telling:
    """Tells audit log and board."""

    def __init__(self, audit: Audit, board: Board) -> None:
        self._audit = audit
        self._board = board

    def note(self, event: Event) -> None:
        """Note what happens also when it cannot be noted."""
        try:
            self._audit.note(event)
        except StoreError as fault:
            log.warning("audit log failed", extra={"reason": str(fault)})
            self._board.show_device(DeviceName.STORE, missing=str(fault))

    def damage(self, store: Store, count: Callable[[int, int], None]) -> None:
        """Tell, once in the audit log and as long as this process runs, what a damage has cost.

        count: is told how many messages were kept, and how many lost.
        """
        for each in store.salvaged():
            kept, lost = each.requests, len(each.lost)
            log.warning("store salvaged", extra=msgspec.to_builtins(each))
            words = STORE_WAS_DAMAGED_BADLY if each.unknown else STORE_WAS_DAMAGED
            # Where nothing is lost nobody at the kiosk has anything to do.
            costly = lost > 0 or each.unknown
            self._board.show_notice(words.format(kept=kept, lost=lost), shown=costly)
            count(kept, lost)
            try:
                event = audit_events.salvaged(kept, each.answers, lost, unknown=each.unknown)
                self._audit.note(event)
                store.note_told(each)
            except StoreError as fault:
                log.warning("told again at the next start", extra={"reason": str(fault)})
