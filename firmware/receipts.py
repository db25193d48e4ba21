"""What the matcher says of requests that it has and has not answered yet: told on, never kept.

A receipt changes where the officer reads that a request lies, and how often it is offered. Whatever
it says, the request stays in the store until there is an answer or its time is over.
"""

from collections.abc import Callable
from dataclasses import dataclass

from greenline.firmware.inbox import Inbox


@dataclass(frozen=True)
class Receipts:
    """Used by the gate's thread.

    received: is told which request the matcher has. refused: how many forged things came so far.
    """

    inbox: Inbox
    received: Callable[[bytes], None]
    refused: Callable[[int], None]

    def arrived(self, envelope: bytes) -> None:
        """Take a receipt. Raises StoreError."""
        request_id = self.inbox.receipt(envelope)
        if request_id is None:
            self.refused(self.inbox.forged())
        else:
            self.received(request_id)
