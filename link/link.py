"""The link: keeps one connection after another to the broker, for as long as the process runs.

paho-mqtt 2 does the protocol; whatever it decides badly (no jitter, a flood at reconnect, the
broker's Receive Maximum ignored, acknowledgement before our code has seen a message) is taken from
it: a new client for each connection, our own window, manual acknowledgement, our own waiting.
"""

import logging
import random
import socket
import ssl
import threading
from collections.abc import Callable

from greenline.link.connection import Connection, Listener, NotConnectedError
from greenline.link.settings import LinkError, LinkSettings, backoff_ceiling, tls_context

log = logging.getLogger(__name__)


def full_jitter(ceiling_s: float) -> float:
    """Return a wait between 0 and the ceiling, each equally likely."""
    return random.uniform(0, ceiling_s)  # noqa: S311  # it spreads load and hides nothing


class Link:
    """A supervised MQTT 5 connection over TLS 1.3 with mutual authentication.

    unconfirmed: so many deliveries may wait for acknowledge() before the broker sends no more.
    """

    def __init__(
        self,
        settings: LinkSettings,
        subscriptions: list[str],
        listener: Listener,
        jitter: Callable[[float], float] = full_jitter,
        unconfirmed: int = 16,
    ) -> None:
        self._settings = settings
        self._subscriptions = subscriptions
        self._listener = listener
        self._jitter = jitter
        self._unconfirmed = unconfirmed
        self._stop = threading.Event()
        self._now: Connection | None = None

    def run(self) -> None:
        """Keep a connection until stop() is called. Raises LinkError if it cannot even be tried."""
        context = tls_context(self._settings)
        failures = serial = 0
        while not self._stop.is_set():
            serial += 1
            context = self._renewed(context) if serial > 1 else context
            connection = Connection(
                self._settings,
                context,
                self._subscriptions,
                self._listener,
                serial,
                self._unconfirmed,
            )
            reason = self._serve(connection)
            failures = 1 if connection.was_up else failures + 1
            self._listener.link_down(reason)
            wait = self._jitter(backoff_ceiling(self._settings, failures))
            log.info("link down", extra={"reason": reason, "next_try_s": round(wait, 2)})
            self._stop.wait(wait)

    def stop(self) -> None:
        """End run(), from any thread or from a signal handler."""
        self._stop.set()
        now = self._now
        if now is not None:
            now.close()

    def publish(self, token: bytes, topic: str, payload: bytes, expiry_s: int) -> None:
        """Send one message; the listener's published(token) follows. Raises NotConnectedError."""
        now = self._now
        if now is None:
            raise NotConnectedError("there is no link")
        now.publish(token, topic, payload, expiry_s)

    def acknowledge(self, delivery: int) -> None:
        """Tell the broker that a delivery is safe with us. After a lost connection: nothing."""
        now = self._now
        if now is not None:
            now.acknowledge(delivery)

    def _renewed(self, context: ssl.SSLContext) -> ssl.SSLContext:
        """Return what the certificate files hold by now; they are replaced when they are renewed.

        While they cannot be used, what was read before serves on.
        """
        try:
            return tls_context(self._settings)
        except LinkError as fault:
            log.warning("certificate not read", extra={"reason": str(fault)})
            return context

    def _serve(self, connection: Connection) -> str:
        self._now = connection
        try:
            if not self._stop.is_set():
                connection.serve()
        except (OSError, ValueError) as fault:
            return _say(fault)
        except Exception:
            # The last resort of this loop: a fault in a callback must not end the process's link.
            log.exception("link failed")
            return "a fault in the link itself"
        finally:
            self._now = None
        return connection.reason or "the connection was lost"


def _say(fault: Exception) -> str:
    """Say in plain words why no connection came about."""
    if isinstance(fault, ssl.SSLCertVerificationError):
        return f"the broker's certificate is not one we trust ({fault.verify_message})"
    if isinstance(fault, ssl.SSLError):
        return f"the broker refused our certificate, or TLS failed ({fault.reason})"
    if isinstance(fault, ConnectionRefusedError):
        return "there is no broker at this address"
    if isinstance(fault, socket.gaierror):
        return "the broker's name cannot be resolved"
    return f"no connection to the broker ({fault})"
