"""paho's MQTT client, set up for links that lose packets, and with what it does not offer.

Read beside paho-mqtt 2.1 and 2.2: two of its attributes that are not public are used here and
nowhere else.
"""

import logging
import socket
import ssl
from types import MappingProxyType
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from greenline.link.settings import LinkSettings

QOS = 1
USER_TIMEOUT_MS = 15_000
"""What is sent and not acknowledged by the other side's kernel for so long ends the connection."""


# paho takes a CONNACK with this code, which 3.2.2.2 of the standard has, for no packet at all.
_NAMES = dict(ReasonCode.names)
_NAMES[0x99] = {name: [*packets, PacketTypes.CONNACK] for name, packets in _NAMES[0x99].items()}
ReasonCode.names = MappingProxyType(_NAMES)


class _Faults(logging.Handler):
    """Keeps the last error that paho logs and otherwise hides from its callers."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.last: Exception | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the exception among a record's arguments."""
        for each in record.args or ():
            if isinstance(each, Exception):
                self.last = each


class Client(paho.Client):
    """One MQTT 5 client over TLS. Used for one connection."""

    def __init__(self, settings: LinkSettings, context: ssl.SSLContext, client_id: str) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        self._faults = _Faults()
        logger = logging.Logger("paho", logging.ERROR)
        logger.addHandler(self._faults)
        self.enable_logger(logger)
        self.max_inflight_messages = settings.window
        self.connect_timeout = settings.connect_timeout_s
        self.tls_set_context(context)
        self.on_socket_open = _on_socket_open
        # With this set, publish(), ack() and disconnect() only queue and wake loop(). Otherwise
        # paho writes on the caller's thread: two threads in one TLS connection crash the process.
        self.on_socket_register_write = _leave_it_to_the_loop

    @property
    def fault(self) -> Exception | None:
        """The error for which paho gave up the connection, if it was one of the socket."""
        return self._faults.last

    def listen_at_least_every(self, seconds: int) -> None:
        """Test the line after so long a silence at the latest, whatever the broker wishes.

        A broker's Server Keep Alive says how long it waits for us; pinging earlier is allowed
        (MQTT 5, 3.1.2.10), and its 0 would mean never. paho takes it over as it is.
        """
        if not 0 < self._keepalive <= seconds:
            self._keepalive = seconds

    def line(self) -> socket.socket | None:
        """Return the open socket, None without one."""
        found = self.socket()
        return found if isinstance(found, socket.socket) else None

    def incoming_bytes(self) -> int:
        """Return how large the packet is that is being received; 0 when none is."""
        return int(self._in_packet["remaining_length"])


def _on_socket_open(_client: paho.Client, _data: Any, sock: Any) -> None:
    # Nagle's algorithm with delayed acknowledgement costs 44 ms each way.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)


def _leave_it_to_the_loop(_client: paho.Client, _data: Any, _sock: Any) -> None:
    """Stand in for an outer event loop, which looks for what is to be written by itself."""
