"""One connection to the broker, from the first byte to the last: one paho client, used once.

paho calls these methods on its network thread while it holds locks of its own, so nothing here may
call back into paho while holding ours.
"""

import datetime
import logging
import ssl
import time
from dataclasses import dataclass
from typing import Any

from paho.mqtt.client import Client as PahoClient
from paho.mqtt.client import ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from greenline.link import ended
from greenline.link.client import QOS, Client
from greenline.link.counts import Meter
from greenline.link.ended import Ended
from greenline.link.listener import Listener, Purpose
from greenline.link.network import still_ours
from greenline.link.pace import Message, NotConnectedError, Pace
from greenline.link.reasons import NO_QOS, Packet
from greenline.link.sending import Sending
from greenline.link.settings import Broker
from greenline.link.terms import Terms, terms_of

__all__ = ["Connection", "Listener", "NotConnectedError", "Try"]

log = logging.getLogger(__name__)

_LOOP_S = 1.0
_MESSAGE_ID_BITS = 16
_LARGEST_IN = 262_144
"""Bytes of a packet that is received: twice the longest envelope. The broker is told, and held."""
_UNCONFIRMED_TIMES = 1.5
"""So many times connect_timeout_s no PUBACK at all while some are due: this broker does not serve.

It is less than the gate's patience, which would end the whole session with the kiosk.
"""


@dataclass(frozen=True)
class Try:
    """One try. serial: tells its deliveries from those of earlier ones. client_id: at this broker.

    small: begin with few messages on their way.
    """

    broker: Broker
    context: ssl.SSLContext
    serial: int
    client_id: str
    small: bool


class Connection:
    """One connection. link: tells links of one meter apart."""

    def __init__(
        self, purpose: Purpose, one: Try, listener: Listener, meter: Meter, link: int
    ) -> None:
        self._purpose, self._try, self._listener = purpose, one, listener
        self._meter, self._link = meter, link
        self._client = self._make_client()
        pace = Pace(purpose.settings.window, time.monotonic, small=one.small)
        self._sending = Sending(self._client, pace, listener, meter, purpose.nobody_listens)
        self._closing = self._over = False
        self._deadline = self._measure_at = 0.0
        self._up_at: float | None = None
        self._ended: Ended | None = None
        self.terms: Terms | None = None

    @property
    def up_s(self) -> float | None:
        """For how many seconds it has stood; None: it never did."""
        return None if self._up_at is None else time.monotonic() - self._up_at

    def serve(self) -> Ended:
        """Connect and serve until the connection ends; return why. Raises OSError when none is."""
        settings, broker = self._purpose.settings, self._try.broker
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's has no types
        properties.SessionExpiryInterval = settings.session_expiry_s
        properties.ReceiveMaximum = self._purpose.unconfirmed
        properties.MaximumPacketSize = _LARGEST_IN
        self._client.connect(
            broker.host,
            broker.port,
            settings.keepalive_s,
            clean_start=False,  # paho's default would wipe the session of a restarted process
            properties=properties,
        )
        self._deadline = time.monotonic() + settings.connect_timeout_s
        if self._closing:  # close() came while there was nothing to close
            self._client.disconnect()
        try:
            # Not loop_forever(): without a wake-up socket it sends up to a second late.
            while self._client.loop(_LOOP_S) == MQTTErrorCode.MQTT_ERR_SUCCESS:
                self._look_after()
                if self._ended is not None and not self._closing:
                    break
        finally:
            self._over = True
            left_open = self._client.socket()  # after a fault, or a line that is given up
            if left_open is not None:
                left_open.close()
        return self._ended or ended.LOST

    def close(self) -> None:
        """End serve() in an orderly way, also while it is connecting."""
        self._closing = True
        self._client.disconnect()

    def publish(self, message: Message) -> None:
        """Send one message when its turn comes. Raises NotConnectedError."""
        if self._over or self.terms is None or self._up_at is None:
            raise NotConnectedError("no link, or its window is full")
        self._sending.publish(message, self.terms)

    def acknowledge(self, delivery: int) -> None:
        """Confirm a delivery of this connection; one of an earlier connection is left alone."""
        serial, message_id = delivery >> _MESSAGE_ID_BITS, delivery & (1 << _MESSAGE_ID_BITS) - 1
        if serial == self._try.serial:
            self._client.ack(message_id, QOS)

    def _make_client(self) -> Client:
        client = Client(self._purpose.settings, self._try.context, self._try.client_id)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        return client

    def _look_after(self) -> None:
        """Do what no packet triggers. Serving thread, at least once a second."""
        self._sending.tell_refused()
        now = time.monotonic()
        if self._up_at is None and now > self._deadline:
            self._end(ended.UNANSWERED)
        patience_s = self._purpose.settings.connect_timeout_s * _UNCONFIRMED_TIMES
        if self._sending.silent_s() > patience_s:
            self._end(ended.UNCONFIRMED)
        if self._client.incoming_bytes() > _LARGEST_IN:
            self._end(ended.NO_MQTT)
        sock = self._client.line()
        if sock is not None and now >= self._measure_at:
            self._measure_at = now + _LOOP_S
            self._meter.traffic(self._link, sock)
            self._meter.window(self._link, self._sending.window)
            if not still_ours(sock.getsockname()[0]):
                self._end(ended.MOVED_AWAY)

    def _on_connect(
        self,
        _client: PahoClient,
        _data: Any,
        _flags: ConnectFlags,
        code: ReasonCode,
        properties: Any,
    ) -> None:
        if code.is_failure:
            self._refuse(Packet.CONNACK, code, properties)
            return
        settings = self._purpose.settings
        terms = terms_of(properties, settings.window, settings.session_expiry_s)
        if self.terms is not None or not terms.confirms:
            self._end(ended.NO_MQTT if self.terms else ended.refused(Packet.CONNACK, NO_QOS))
            return
        self.terms = terms
        self._sending.limit(terms.window)
        self._client.listen_at_least_every(settings.keepalive_s)
        if terms.keeps_s < settings.session_expiry_s:
            log.info("broker forgets early", extra={"keeps_s": terms.keeps_s})
        if self._purpose.subscriptions:
            self._client.subscribe([(topic, QOS) for topic in self._purpose.subscriptions])
        else:
            self._came_up(terms)

    def _on_subscribe(
        self,
        _client: PahoClient,
        _data: Any,
        _mid: int,
        codes: list[ReasonCode],
        properties: Any,
    ) -> None:
        refused = [code for code in codes if code.is_failure]
        if refused:
            self._refuse(Packet.SUBACK, refused[0], properties)
        elif self.terms is not None and self._up_at is None:
            self._came_up(self.terms)

    def _on_disconnect(
        self,
        _client: PahoClient,
        _data: Any,
        flags: DisconnectFlags,
        code: ReasonCode,
        properties: Any,
    ) -> None:
        if self._closing:
            self._end(ended.STOPPED)
        elif flags.is_disconnect_packet_from_server:
            self._refuse(Packet.DISCONNECT, code, properties)
        elif code == "Keep alive timeout":
            self._end(ended.SILENT if self.terms else ended.UNANSWERED)
        elif code == "Protocol error":
            self._end(ended.NO_MQTT)
        elif self._client.fault is not None:
            self._end(ended.failed(self._client.fault, datetime.datetime.now(datetime.UTC)))
        else:
            self._end(ended.LOST)

    def _on_publish(
        self, _client: PahoClient, _data: Any, mid: int, code: ReasonCode, _properties: Any
    ) -> None:
        self._sending.answered(mid, code.value)

    def _on_message(self, _client: PahoClient, _data: Any, message: MQTTMessage) -> None:
        # At QoS 0 there is nothing to confirm, and the broker would hang up on who confirms it.
        delivery = self._try.serial << _MESSAGE_ID_BITS | message.mid if message.qos else 0
        self._listener.arrived(delivery, message.topic, bytes(message.payload))
        if self._up_at is None:
            # What a session has kept comes before the SUBACK: this broker does answer.
            self._deadline = time.monotonic() + self._purpose.settings.connect_timeout_s

    def _came_up(self, terms: Terms) -> None:
        self._up_at = time.monotonic()
        self._meter.up(self._link, str(self._try.broker), self._sending.window)
        self._listener.link_up(terms.window)

    def _refuse(self, packet: Packet, code: ReasonCode, properties: Any) -> None:
        told = str(getattr(properties, "ReasonString", ""))[:200]
        reference = str(getattr(properties, "ServerReference", ""))[:200]
        found = ended.refused(packet, code.value, reference)
        log.info("broker said no", extra={"code": found.code, "told": told, "sent_to": reference})
        self._meter.code(found.code)
        self._end(found)

    def _end(self, why: Ended) -> None:
        """Remember the first reason why this connection ends; serve() returns it."""
        if self._ended is None:
            self._ended = why
