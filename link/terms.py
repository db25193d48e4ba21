"""What a broker's CONNACK lays down for one connection, as far as we need it (MQTT 5, 3.2.2.3)."""

from dataclasses import dataclass
from typing import Any

_LARGEST = 268_435_455 + 5
"""A packet that says nothing of its size may be as large as MQTT allows."""


@dataclass(frozen=True)
class Terms:
    """window: most publishes without PUBACK. largest: bytes of a packet. confirms: QoS 1 is there.

    keeps_s: how long the broker keeps our session. client_id: that it gave us; empty: our own.
    """

    window: int
    largest: int
    confirms: bool
    keeps_s: int
    client_id: str


def terms_of(properties: Any, window: int, session_expiry_s: int) -> Terms:
    """Read paho's properties of a CONNACK; what is absent is as the standard says."""
    theirs = int(getattr(properties, "ReceiveMaximum", 65535))
    return Terms(
        window=max(1, min(window, theirs)),
        largest=int(getattr(properties, "MaximumPacketSize", _LARGEST)),
        confirms=int(getattr(properties, "MaximumQoS", 2)) >= 1,
        keeps_s=int(getattr(properties, "SessionExpiryInterval", session_expiry_s)),
        client_id=str(getattr(properties, "AssignedClientIdentifier", "")),
    )


def publish_bytes(topic: str, payload_bytes: int) -> int:
    """Return how large the PUBLISH packet of a message is (3.3): QoS 1, with an expiry."""
    body = 2 + len(topic.encode()) + 2 + 1 + 5 + payload_bytes
    length_bytes = 1 + (body >= 1 << 7) + (body >= 1 << 14) + (body >= 1 << 21)
    return 1 + length_bytes + body
