"""Who uses a link: what it is for, and whom it tells."""

from dataclasses import dataclass
from typing import Protocol

from greenline.link.settings import LinkSettings


class Listener(Protocol):
    """Whom the link tells. Called on the link's own thread: return soon, raise nothing."""

    def link_up(self, window: int) -> None:
        """Tell that a connection stands and that so many publishes may be outstanding."""

    def link_down(self, reason: str) -> None:
        """Tell that there is no connection; everything not confirmed must be offered again."""

    def published(self, token: bytes, refusal: str) -> None:
        """Tell that the broker took a message, or why not (refusal is empty when it did)."""

    def arrived(self, delivery: int, topic: str, payload: bytes) -> None:
        """Hand over a message; call acknowledge(delivery) once it is safe."""


@dataclass(frozen=True)
class Purpose:
    """What a link is for. unconfirmed: deliveries that may wait for acknowledge().

    nobody_listens: what published() is told where a broker took a message that nobody has
    subscribed to; empty: nothing, the message is taken.
    """

    settings: LinkSettings
    subscriptions: tuple[str, ...]
    unconfirmed: int = 16
    nobody_listens: str = ""
