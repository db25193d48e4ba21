"""The link: keeps one connection after another to a broker, for as long as the process runs.

paho-mqtt 2 does the protocol; whatever it decides badly (no jitter, a flood at reconnect, the
broker's Receive Maximum ignored, acknowledgement before our code has seen a message) is taken from
it: a new client for each connection, our own window, manual acknowledgement, our own waiting.
"""

import datetime
import itertools
import logging
import random
import ssl
import threading
import time
from collections.abc import Callable, Sequence

from greenline.link import ended
from greenline.link.connection import Connection, Listener, NotConnectedError, Try
from greenline.link.counts import Counts, Meter
from greenline.link.course import Course
from greenline.link.ended import Ended
from greenline.link.listener import Purpose
from greenline.link.network import Network
from greenline.link.pace import Message
from greenline.link.reasons import Reaction
from greenline.link.settings import Broker, LinkError, LinkSettings, tls_context

log = logging.getLogger(__name__)

_LONG_S = 10.0
"""After so long without a link there is a backlog, here and everywhere: begin slowly."""

_numbers = itertools.count()


def full_jitter(ceiling_s: float) -> float:
    """Return a wait between 0 and the ceiling, each equally likely."""
    return random.uniform(0, ceiling_s)  # noqa: S311  # it spreads load and hides nothing


class Link:
    """A supervised MQTT 5 connection over TLS 1.3 with mutual authentication, to one broker a time.

    unconfirmed: so many deliveries may wait for acknowledge() before the broker sends no more.
    nobody_listens: what published() is told where nobody has subscribed to what a broker took;
    empty: that it was taken. meter: counts on where another link left off.
    """

    def __init__(
        self,
        settings: LinkSettings,
        subscriptions: Sequence[str],
        listener: Listener,
        jitter: Callable[[float], float] = full_jitter,
        unconfirmed: int = 16,
        *,
        nobody_listens: str = "",
        meter: Meter | None = None,
    ) -> None:
        self._settings = settings
        self._purpose = Purpose(settings, tuple(subscriptions), unconfirmed, nobody_listens)
        self._listener = listener
        self._meter = meter or Meter()
        self._number = next(_numbers)
        self._course = Course(settings, jitter)
        self._client_ids: dict[Broker, str] = {}
        self._stop = threading.Event()
        self._network: Network | None = None
        self._now: Connection | None = None
        self._down_since = -_LONG_S
        self._slowly = True

    def run(self) -> None:
        """Keep a connection until stop() is called. Raises LinkError if it cannot even be tried."""
        context = tls_context(self._settings)
        with Network() as network:
            self._network = network
            for serial in itertools.count(1):
                if self._stop.is_set():
                    break
                context = self._renewed(context) if serial > 1 else context
                self._wait(network, *self._try(context, serial))
            self._network = None

    def stop(self) -> None:
        """End run(), from any thread or from a signal handler."""
        self._stop.set()
        now, network = self._now, self._network
        if now is not None:
            now.close()
        if network is not None:
            network.wake()

    def publish(
        self, token: bytes, topic: str, payload: bytes, expiry_s: int, *, urgent: bool = False
    ) -> None:
        """Send one message; the listener's published(token) follows. Raises NotConnectedError.

        urgent: a person waits for it; it goes before all that is not.
        """
        now = self._now
        if now is None:
            raise NotConnectedError("there is no link")
        now.publish(Message(token, topic, payload, expiry_s, urgent))

    def acknowledge(self, delivery: int) -> None:
        """Tell the broker that a delivery is safe with us. After a lost connection: nothing."""
        now = self._now
        if now is not None:
            now.acknowledge(delivery)

    def counts(self) -> Counts:
        """Return what was counted since the start."""
        return self._meter.counts()

    def _try(self, context: ssl.SSLContext, serial: int) -> tuple[Ended, float]:
        """Serve one connection; return how it ended, and the seconds to wait."""
        broker = self._course.broker
        client_id = self._client_ids.get(broker, self._settings.client_id)
        small = self._slowly or time.monotonic() - self._down_since >= _LONG_S
        one = Try(broker, context, serial, client_id, small)
        connection = Connection(self._purpose, one, self._listener, self._meter, self._number)
        why = self._serve(connection)
        if connection.terms is not None and connection.terms.client_id:
            self._client_ids[broker] = connection.terms.client_id
        up_s = connection.up_s
        if up_s is not None:
            self._down_since = time.monotonic()
            self._slowly = False
        self._slowly = self._slowly or why.reaction is Reaction.SLOWLY
        words = f"{broker}: {why.words}" if self._settings.others else why.words
        self._meter.down(self._number, words)
        self._listener.link_down(words)
        return why, self._course.ended(why, up_s)

    def _wait(self, network: Network, why: Ended, seconds: float) -> None:
        log.info(
            "link down",
            extra={"reason": why.words, "code": why.code, "next_try_s": round(seconds, 2)},
        )
        # A broker that said no was reached: a network that comes up makes no difference to it.
        if network.wait(seconds, early=not why.code):
            log.info("network came up")
            self._meter.woken()

    def _renewed(self, context: ssl.SSLContext) -> ssl.SSLContext:
        """Return what the certificate files hold by now; they are replaced when they are renewed.

        While they cannot be used, what was read before serves on.
        """
        try:
            return tls_context(self._settings)
        except LinkError as fault:
            log.warning("certificate not read", extra={"reason": str(fault)})
            return context

    def _serve(self, connection: Connection) -> Ended:
        self._now = connection
        try:
            return ended.STOPPED if self._stop.is_set() else connection.serve()
        except (OSError, ValueError) as fault:
            return ended.failed(fault, datetime.datetime.now(datetime.UTC))
        except Exception:
            # The last resort of this loop: a fault in a callback must not end the process's link.
            log.exception("link failed")
            return ended.OUR_FAULT
        finally:
            self._now = None
