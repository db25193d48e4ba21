"""The uplink process: a pipe without memory between the kiosk's socket and the broker.

It holds no key that opens or signs an envelope and keeps no state: killing it loses nothing, since
the kiosk offers again whatever has no answer. It connects to the broker only while a kiosk is
there, and confirms to the broker only what the kiosk has committed; so a delivery that no kiosk
committed comes again with the next connection.
"""

import logging
import socket
import threading
from collections.abc import Callable
from pathlib import Path

from greenline.firmware import pipe
from greenline.firmware.errors import PipeError
from greenline.link.connection import NotConnectedError
from greenline.link.counts import Counts, Meter
from greenline.link.link import Link, full_jitter
from greenline.link.settings import LinkSettings
from greenline.protocol.envelope import EnvelopeKind, Lane, kind_of, lane_of
from greenline.protocol.topics import request_topic, result_topic, status_topic

log = logging.getLogger(__name__)

_CHUNK = 65536
_RETRY_S = 0.5
_NOBODY_LISTENS = "no matcher listens there now; it is sent again"


class Uplink:
    """Serves one kiosk session after another."""

    def __init__(
        self,
        kiosk: str,
        socket_path: Path,
        settings: LinkSettings,
        jitter: Callable[[float], float] = full_jitter,
    ) -> None:
        self._kiosk = kiosk
        self._socket_path = socket_path
        self._settings = settings
        self._jitter = jitter
        self._meter = Meter()
        self._stop = threading.Event()
        self._session: _Session | None = None

    def run(self) -> None:
        """Serve until stop(). Raises LinkError when the certificate files cannot be used."""
        while not self._stop.is_set():
            try:
                kiosk = _connect(self._socket_path)
            except OSError as fault:
                log.debug("no kiosk", extra={"reason": str(fault)})
                self._stop.wait(_RETRY_S)
                continue
            self._session = _Session(kiosk, self._kiosk, self._settings, self._jitter, self._meter)
            if not self._stop.is_set():
                self._session.run()

    def counts(self) -> Counts:
        """Return what the link has counted since the process started. Any thread."""
        return self._meter.counts()

    def stop(self) -> None:
        """End run(), from any thread or a signal handler."""
        self._stop.set()
        if self._session is not None:
            self._session.stop()


class _Session:
    """One kiosk connection and the broker link that lives as long as it does."""

    def __init__(
        self,
        kiosk: socket.socket,
        name: str,
        settings: LinkSettings,
        jitter: Callable[[float], float],
        meter: Meter,
    ) -> None:
        self._kiosk = kiosk
        self._name = name
        self._link = Link(
            settings,
            [result_topic(name)],
            self,
            jitter,
            nobody_listens=_NOBODY_LISTENS,
            meter=meter,
        )
        self._sending = threading.Lock()

    def run(self) -> None:
        """Serve until the kiosk hangs up or stop() is called."""
        self._tell(pipe.Hello(pipe.VERSION))
        self._tell(pipe.LinkDown("connecting to the broker"))
        reader = threading.Thread(target=self._read_kiosk, name="kiosk reader", daemon=True)
        reader.start()
        try:
            self._link.run()
        finally:
            self.stop()
            reader.join()
            self._kiosk.close()

    def stop(self) -> None:
        """End run()."""
        self._link.stop()
        try:
            self._kiosk.shutdown(socket.SHUT_RDWR)
        except OSError:
            log.debug("the kiosk had hung up already")

    def link_up(self, window: int) -> None:
        """Pass on that a broker is there (called by the link)."""
        self._tell(pipe.LinkUp(window))

    def link_down(self, reason: str) -> None:
        """Pass on that no broker is there (called by the link)."""
        self._tell(pipe.LinkDown(reason))

    def published(self, token: bytes, refusal: str) -> None:
        """Pass on what the broker said of an offer (called by the link)."""
        self._tell(pipe.Published(token, refusal))

    def arrived(self, delivery: int, topic: str, payload: bytes) -> None:  # noqa: ARG002  # the link's interface
        """Pass on a message for the kiosk (called by the link)."""
        self._tell(pipe.Arrived(delivery, payload))

    def _read_kiosk(self) -> None:
        decoder = pipe.Decoder()
        try:
            while data := self._kiosk.recv(_CHUNK):
                for message in decoder.feed(data):
                    self._handle(message)
        except (OSError, PipeError) as fault:
            log.info("kiosk lost", extra={"reason": str(fault)})
        self._link.stop()

    def _handle(self, message: pipe.Message) -> None:
        match message:
            case pipe.Offer(request_id, expiry_s, envelope):
                urgent = lane_of(envelope) == Lane.PERSON_WAITING
                topic = self._topic(envelope)
                try:
                    self._link.publish(request_id, topic, envelope, expiry_s, urgent=urgent)
                except NotConnectedError as fault:
                    self._tell(pipe.Published(request_id, str(fault)))
            case pipe.Committed(delivery):
                self._link.acknowledge(delivery)
            case _:
                raise PipeError("the kiosk sent what only an uplink may send")

    def _topic(self, envelope: bytes) -> str:
        is_status = kind_of(envelope) == EnvelopeKind.KIOSK_STATUS
        return status_topic(self._name) if is_status else request_topic(self._name)

    def _tell(self, message: pipe.FromUplink) -> None:
        try:
            with self._sending:
                self._kiosk.sendall(pipe.encode(message))
        except OSError as fault:
            log.info("kiosk lost", extra={"reason": str(fault)})
            self._link.stop()


def _connect(path: Path) -> socket.socket:
    kiosk = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        kiosk.connect(str(path))
    except OSError:
        kiosk.close()
        raise
    return kiosk
