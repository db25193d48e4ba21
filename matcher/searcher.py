"""Searches one request after another: from the ledger to the answer in the ledger, then out.

On the search thread alone. A search that fails or is incomplete is put off; nothing is lost.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from greenline.matcher.answering import Answer, Answering
from greenline.matcher.ledger import Ledger
from greenline.matcher.schedule import Schedule
from greenline.matcher.tally import Tally
from greenline.protocol.errors import ProtocolError

log = logging.getLogger(__name__)

_TICK_S = 1.0


@dataclass(frozen=True)
class Searcher:
    """The search of one service.

    refuse: counts what gets no answer. deliver: sends a final answer that the ledger holds.
    tell: sends a kiosk an answer that is not kept. done: is told what needs no receipt any more.
    retry_s: wait before the next try, in seconds.
    """

    ledger: Ledger
    schedule: Schedule
    answering: Answering
    tally: Tally
    refuse: Callable[[str, ProtocolError], None]
    deliver: Callable[[bytes], None]
    tell: Callable[[str, bytes], None]
    done: Callable[[bytes], None]
    retry_s: float

    def step(self) -> None:
        """Search for the most urgent request, if one comes in time. Raises DatabaseError."""
        waiting = self.schedule.next(_TICK_S)
        if waiting is None:
            return
        done = False
        try:
            done = self._search(waiting.request_id)
        finally:
            if done:
                self.done(waiting.request_id)
                self.schedule.done(waiting)
            else:
                self.schedule.put_off(waiting, self.retry_s)

    def _search(self, request_id: bytes) -> bool:
        """Search for one request; False when it has to be searched again."""
        request = self.ledger.request(request_id)
        if request is None:
            return True
        self.ledger.searching(request_id)
        try:
            answer = self.answering.answer(request.envelope, request.kiosk, request.expires_ms)
        except ProtocolError as fault:
            # Its kiosk was removed since, or has other keys: nobody could read an answer.
            self.refuse(request.kiosk, fault)
            self.ledger.drop(request_id)
            return True
        self._note(request_id, answer)
        if answer.final:
            self.ledger.answer(request_id, answer.envelope)
            self.deliver(request_id)
        else:
            self.tell(request.kiosk, answer.envelope)
        return answer.final

    def _note(self, request_id: bytes, answer: Answer) -> None:
        about = {"request": request_id.hex(), "final": answer.final, "outcome": answer.outcome}
        log.info("searched", extra=about | ({"reason": answer.refusal} if answer.refusal else {}))
        self.tally.answer(answer.outcome)
        if answer.refusal:
            self.tally.refuse(answer.refusal)
