"""One connection to the broker, from the first byte to the last: one paho client, used once.

paho calls these methods on its network thread while it holds locks of its own, so nothing here may
call back into paho while holding ours.
"""

import socket
import ssl
import threading
from typing import Any, Protocol

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from greenline.link.settings import LinkSettings

_QOS = 1
_USER_TIMEOUT_MS = 15_000
_LOOP_S = 1.0
_MESSAGE_ID_BITS = 16


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


class NotConnectedError(Exception):
    """There is no connection now, or the window is full: offer the message again later."""


class Connection:
    """One paho client. serial: tells deliveries of this connection from those of an earlier one.

    unconfirmed: the broker is to deliver so many at most before we acknowledge one.
    """

    def __init__(
        self,
        settings: LinkSettings,
        context: ssl.SSLContext,
        subscriptions: list[str],
        listener: Listener,
        serial: int,
        unconfirmed: int,
    ) -> None:
        self._settings = settings
        self._unconfirmed = unconfirmed
        self._subscriptions = subscriptions
        self._listener = listener
        self._serial = serial
        self._lock = threading.Lock()
        self._sending = 0
        self._tokens: dict[int, bytes] = {}
        self._early: dict[int, str] = {}
        self._window = settings.window
        self._client = self._make_client(context)
        self._closing = False
        self.was_up = False
        self.reason = ""

    def serve(self) -> None:
        """Connect and serve until the connection ends. Raises OSError when none comes about."""
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's has no types
        properties.SessionExpiryInterval = self._settings.session_expiry_s
        properties.ReceiveMaximum = self._unconfirmed
        self._client.connect(
            self._settings.host,
            self._settings.port,
            self._settings.keepalive_s,
            clean_start=False,  # paho's default would wipe the session of a restarted process
            properties=properties,
        )
        if self._closing:  # close() came while there was nothing to close
            self._client.disconnect()
        try:
            # Not loop_forever(): without a wake-up socket it sends up to a second late.
            while self._client.loop(_LOOP_S) == MQTTErrorCode.MQTT_ERR_SUCCESS:
                pass
        finally:
            left_open = self._client.socket()  # only after a fault in a callback
            if left_open is not None:
                left_open.close()

    def close(self) -> None:
        """End serve() in an orderly way, also while it is connecting."""
        self._closing = True
        self._client.disconnect()

    def publish(self, token: bytes, topic: str, payload: bytes, expiry_s: int) -> None:
        """Send one message within the window. Raises NotConnectedError."""
        with self._lock:
            if not self.was_up or self._sending >= self._window:
                raise NotConnectedError("no link, or its window is full")
            self._sending += 1
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho's has no types
        properties.MessageExpiryInterval = max(1, expiry_s)
        sent = self._client.publish(topic, payload, _QOS, properties=properties)
        if sent.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            with self._lock:
                self._sending -= 1
            raise NotConnectedError(f"the link did not take the message ({sent.rc.name})")
        with self._lock:
            if sent.mid not in self._early:
                self._tokens[sent.mid] = token
                return
            refusal = self._early.pop(sent.mid)
            self._sending -= 1
        self._listener.published(token, refusal)

    def acknowledge(self, delivery: int) -> None:
        """Confirm a delivery of this connection; one of an earlier connection is left alone."""
        serial, message_id = delivery >> _MESSAGE_ID_BITS, delivery & (1 << _MESSAGE_ID_BITS) - 1
        if serial == self._serial:
            self._client.ack(message_id, _QOS)

    def _make_client(self, context: ssl.SSLContext) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._settings.client_id,
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.max_inflight_messages = self._settings.window
        client.connect_timeout = self._settings.connect_timeout_s
        client.tls_set_context(context)
        client.on_socket_open = self._on_socket_open
        # With this set, publish(), ack() and disconnect() only queue and wake serve(). Otherwise
        # paho writes on the caller's thread: two threads in one TLS connection crash the process.
        client.on_socket_register_write = _leave_it_to_the_loop
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        return client

    def _on_socket_open(self, _client: Client, _data: Any, sock: Any) -> None:
        # Nagle's algorithm with delayed acknowledgement costs 44 ms each way.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _USER_TIMEOUT_MS)

    def _on_connect(
        self, _client: Client, _data: Any, _flags: ConnectFlags, code: ReasonCode, properties: Any
    ) -> None:
        if code.is_failure:
            self._refuse(f"the broker refused us: {code}")
            return
        # paho ignores the broker's Receive Maximum; its absence means 65535.
        theirs = int(getattr(properties, "ReceiveMaximum", 65535))
        self._window = max(1, min(self._settings.window, theirs))
        if self._subscriptions:
            self._client.subscribe([(topic, _QOS) for topic in self._subscriptions])
        else:
            self._came_up()

    def _on_subscribe(
        self, _client: Client, _data: Any, _mid: int, codes: list[ReasonCode], _properties: Any
    ) -> None:
        refused = [code for code in codes if code.is_failure]
        if refused:
            self._refuse(f"the broker refused our subscription: {refused[0]}")
        else:
            self._came_up()

    def _on_disconnect(
        self, _client: Client, _data: Any, _flags: DisconnectFlags, code: ReasonCode, _props: Any
    ) -> None:
        self.reason = self.reason or f"the connection ended: {code}"

    def _on_publish(
        self, _client: Client, _data: Any, mid: int, code: ReasonCode, _properties: Any
    ) -> None:
        # Called for a refusal too ("Not authorized", "Quota exceeded"): that is no success.
        refusal = str(code) if code.is_failure else ""
        with self._lock:
            token = self._tokens.pop(mid, None)
            if token is None:
                self._early[mid] = refusal
                return
            self._sending -= 1
        self._listener.published(token, refusal)

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        # At QoS 0 there is nothing to confirm, and the broker would hang up on who confirms it.
        delivery = self._serial << _MESSAGE_ID_BITS | message.mid if message.qos else 0
        self._listener.arrived(delivery, message.topic, bytes(message.payload))

    def _came_up(self) -> None:
        self.was_up = True
        self._listener.link_up(self._window)

    def _refuse(self, reason: str) -> None:
        self.reason = reason
        self._client.disconnect()


def _leave_it_to_the_loop(_client: Client, _data: Any, _sock: Any) -> None:
    """Stand in for an outer event loop: serve() looks for what is to be written by itself."""
