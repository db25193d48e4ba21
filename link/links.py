"""Links to several brokers at the same time, as one: for the matcher, which is where kiosks are.

The listener is called on one thread, whichever link has something to say. An answer goes over the
link on which its kiosk was heard last, and over every link that stands when that one has gone: the
last level of a topic names who speaks, and who is spoken to.
"""

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import msgspec

from greenline.link.connection import Listener, NotConnectedError
from greenline.link.counts import Counts, Meter
from greenline.link.link import Link, full_jitter
from greenline.link.parcels import Parcels
from greenline.link.settings import Broker, LinkError, LinkSettings

log = logging.getLogger(__name__)

_MOST_UNTOLD = 1024
"""Messages that arrived and the listener has not been told of: then brokers have to wait."""


class Links:
    """Used like a Link. Keeps one connection to each broker of the settings."""

    def __init__(
        self,
        settings: LinkSettings,
        subscriptions: Sequence[str],
        listener: Listener,
        jitter: Callable[[float], float] = full_jitter,
        unconfirmed: int = 16,
    ) -> None:
        self._listener = listener
        self._meter = Meter()
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._room = threading.Semaphore(_MOST_UNTOLD)
        self._lock = threading.Lock()
        self._unacknowledged: set[int] = set()
        self._up: set[int] = set()
        self._heard_on: dict[str, int] = {}
        self._parcels = Parcels()
        self._links = [
            Link(
                _only(settings, broker), subscriptions, _Side(self, number, str(broker)), jitter,
                unconfirmed, meter=self._meter,
            )
            for number, broker in enumerate(settings.brokers)
        ]  # fmt: skip

    def run(self) -> None:
        """Keep all connections until stop(). Raises LinkError if they cannot even be tried."""
        teller = threading.Thread(target=self._tell, name="links", daemon=True)
        teller.start()
        others = [
            threading.Thread(target=_run, args=(link,), name="link", daemon=True)
            for link in self._links[1:]
        ]
        for each in others:
            each.start()
        try:
            self._links[0].run()
        finally:
            self.stop()
            for each in others:
                each.join()
            self._work.put(None)
            teller.join()

    def stop(self) -> None:
        """End run(), from any thread or from a signal handler."""
        for link in self._links:
            link.stop()

    def publish(
        self, token: bytes, topic: str, payload: bytes, expiry_s: int, *, urgent: bool = False
    ) -> None:
        """Send one message; the listener's published(token) follows. Raises NotConnectedError."""
        with self._lock:
            heard_on = self._heard_on.get(_peer(topic))
            over = sorted(self._up) if heard_on is None else [heard_on]
        ours = self._parcels.add(token, over)
        refused = [
            number for number in over
            if not self._given(number, ours, topic, payload, expiry_s, urgent=urgent)
        ]  # fmt: skip
        if len(refused) == len(over):
            self._parcels.drop(ours)
            raise NotConnectedError("no link, or the windows are full")
        for number in refused:
            self.later(partial(self.settle, number, ours, "its window is full"))

    def acknowledge(self, delivery: int) -> None:
        """Tell the broker that a delivery is safe with us. After a lost connection: nothing."""
        with self._lock:
            if delivery not in self._unacknowledged:
                return
            self._unacknowledged.discard(delivery)
        theirs, number = divmod(delivery, len(self._links))
        self._links[number].acknowledge(theirs)

    def counts(self) -> Counts:
        """Return what was counted since the start, of all links together."""
        return self._meter.counts()

    def later(self, work: Callable[[], None]) -> None:
        """Have the listener told on its thread: links must not wait for each other's locks."""
        self._work.put(work)

    def came_up(self, number: int, window: int) -> None:
        """Note that a link stands.

        A listener forgets what it has not acknowledged when a link comes up. The broker of another
        link, which still stands, would wait for that for ever: it is acknowledged, and its kiosk
        offers it again.
        """
        self._lose(number)  # what was given to it in the moment in which it went
        with self._lock:
            self._up.add(number)
            forgotten = list(self._unacknowledged)
        self._listener.link_up(window)
        for delivery in forgotten:
            self.acknowledge(delivery)

    def went_down(self, number: int, reason: str) -> None:
        """Note that a link is gone, and with it what was on its way there.

        The listener is told only when none stands any more.
        """
        with self._lock:
            self._up.discard(number)
            self._unacknowledged = {
                each for each in self._unacknowledged if each % len(self._links) != number
            }
            self._heard_on = {
                peer: heard for peer, heard in self._heard_on.items() if heard != number
            }
            last = not self._up
        log.info("broker lost", extra={"reason": reason})
        self._lose(number)
        if last:
            self._listener.link_down(reason)

    def settle(self, number: int, ours: bytes, refusal: str) -> None:
        """Note what became of a message on one link; tell it when that was the last."""
        told = self._parcels.settle(number, ours, refusal)
        if told is not None:
            self._listener.published(told.token, told.refusal)

    def heard(self, number: int, delivery: int, topic: str, payload: bytes) -> None:
        """Pass on a message, and remember on which link its sender is."""
        self._room.release()
        ours = delivery * len(self._links) + number if delivery else 0
        with self._lock:
            self._heard_on[_peer(topic)] = number
            if ours:
                self._unacknowledged.add(ours)
        self._listener.arrived(ours, topic, payload)

    def arriving(self) -> None:
        """Wait for room; only where no lock of paho's that publish() needs is held."""
        self._room.acquire()

    def _lose(self, number: int) -> None:
        for ours in self._parcels.on(number):
            self.settle(number, ours, "the connection was lost")

    def _given(
        self, number: int, ours: bytes, topic: str, payload: bytes, expiry_s: int, *, urgent: bool
    ) -> bool:
        try:
            self._links[number].publish(ours, topic, payload, expiry_s, urgent=urgent)
        except NotConnectedError:
            return False
        return True

    def _tell(self) -> None:
        while (work := self._work.get()) is not None:
            try:
                work()
            except Exception:
                # The last resort of this thread: the next thing is told all the same.
                log.exception("fault while telling of a link")


@dataclass(frozen=True)
class _Side:
    """The listener of one link: hands everything to the common thread."""

    links: Links
    number: int
    name: str

    def link_up(self, window: int) -> None:
        """Hand over (called by the link)."""
        self.links.later(partial(self.links.came_up, self.number, window))

    def link_down(self, reason: str) -> None:
        """Hand over (called by the link)."""
        self.links.later(partial(self.links.went_down, self.number, f"{self.name}: {reason}"))

    def published(self, token: bytes, refusal: str) -> None:
        """Hand over (called by the link)."""
        self.links.later(partial(self.links.settle, self.number, token, refusal))

    def arrived(self, delivery: int, topic: str, payload: bytes) -> None:
        """Hand over (called by the link)."""
        self.links.arriving()
        self.links.later(partial(self.links.heard, self.number, delivery, topic, payload))


def link_to_all(
    settings: LinkSettings,
    subscriptions: Sequence[str],
    listener: Listener,
    jitter: Callable[[float], float] = full_jitter,
    unconfirmed: int = 16,
) -> Link | Links:
    """Return what keeps a connection to each broker of the settings: a Link when it is one."""
    kind = Links if settings.others else Link
    return kind(settings, subscriptions, listener, jitter, unconfirmed)


def _run(link: Link) -> None:
    try:
        link.run()
    except LinkError as fault:
        log.warning("certificate not read", extra={"reason": str(fault)})


def _only(settings: LinkSettings, broker: Broker) -> LinkSettings:
    return msgspec.structs.replace(settings, host=broker.host, port=broker.port, others=())


def _peer(topic: str) -> str:
    return topic.rpartition("/")[2]
