"""What each reason code of MQTT 5 means for us: what the link does then, and what a person reads.

Source: OASIS MQTT 5.0, table 2-6 and sections 3.2.2.2 (CONNACK), 3.4.2.1 (PUBACK), 3.9.3 (SUBACK)
and 3.14.2.1 (DISCONNECT). A code that the standard does not know counts as 0x80 "Unspecified
error", as 2.4 of it says of all from 0x80 on.
"""

from dataclasses import dataclass
from enum import Enum, auto


class Packet(Enum):
    """Which packet brought a code."""

    CONNACK = auto()
    SUBACK = auto()
    PUBACK = auto()
    DISCONNECT = auto()


class Reaction(Enum):
    """What the link does after a failure."""

    AGAIN = auto()
    """The next broker at once, then the usual waits; a network that comes up ends a wait."""
    SLOWLY = auto()
    """The broker has too much to do: the next broker, then longer waits, and begin with little."""
    TECHNICIAN = auto()
    """No waiting cures it: the next broker, then the longest usual wait each time."""


@dataclass(frozen=True)
class Reason:
    """One code's meaning. words: for everybody. advice: what a technician looks at; may be empty.

    name: the standard's.
    """

    reaction: Reaction
    name: str
    words: str
    advice: str = ""

    def __str__(self) -> str:
        """Return words and advice as one line."""
        return f"{self.words}: {self.advice}" if self.advice else self.words


_CALL = "call a technician"
_CERTIFICATE = f"{_CALL}, who looks at this device's certificate and the broker's access list"
_VERSIONS = f"{_CALL}: broker and Greenline do not fit together"

UNSPECIFIED = 0x80
NO_SUBSCRIBERS = 0x10
NO_QOS = 0x9B
SERVER_MOVED = (0x9C, 0x9D)

_USUAL: dict[int, Reason] = {
    0x80: Reason(Reaction.AGAIN, "Unspecified error", "the broker failed and does not say why"),
    0x81: Reason(
        Reaction.TECHNICIAN, "Malformed packet", "the broker could not read us", _VERSIONS
    ),
    0x82: Reason(
        Reaction.TECHNICIAN, "Protocol error", "the broker says that we broke the rules", _VERSIONS
    ),
    0x83: Reason(
        Reaction.AGAIN,
        "Implementation specific error",
        "the broker cannot do this now",
        "its own log says why",
    ),
    0x84: Reason(
        Reaction.TECHNICIAN,
        "Unsupported protocol version",
        "this broker does not speak MQTT 5",
        f"{_CALL}: another broker is needed",
    ),
    0x85: Reason(
        Reaction.TECHNICIAN,
        "Client identifier not valid",
        "the broker does not accept this device's name",
        f"{_CALL}, who looks at broker.client_id",
    ),
    0x86: Reason(
        Reaction.TECHNICIAN,
        "Bad user name or password",
        "the broker does not know this device",
        _CERTIFICATE,
    ),
    0x87: Reason(
        Reaction.TECHNICIAN,
        "Not authorized",
        "the broker does not let this device in (not authorized)",
        _CERTIFICATE,
    ),
    0x88: Reason(Reaction.AGAIN, "Server unavailable", "the broker is not available"),
    0x89: Reason(Reaction.SLOWLY, "Server busy", "the broker is busy"),
    0x8A: Reason(
        Reaction.TECHNICIAN, "Banned", "the broker has shut this device out (banned)", _CERTIFICATE
    ),
    0x8B: Reason(Reaction.AGAIN, "Server shutting down", "the broker is shutting down"),
    0x8C: Reason(
        Reaction.TECHNICIAN,
        "Bad authentication method",
        "the broker wants another way to log in",
        f"{_CALL}: the broker has to take certificates",
    ),
    0x8D: Reason(
        Reaction.AGAIN, "Keep alive timeout", "the broker had not heard from us for too long"
    ),
    0x8E: Reason(
        Reaction.SLOWLY,
        "Session taken over",
        "another connection took this device's place",
        f"if it goes on, {_CALL}: two devices or processes use one certificate",
    ),
    0x8F: Reason(
        Reaction.TECHNICIAN,
        "Topic filter invalid",
        "the broker does not accept what we want to hear",
        _VERSIONS,
    ),
    0x90: Reason(
        Reaction.TECHNICIAN, "Topic name invalid", "the broker does not accept our topic", _VERSIONS
    ),
    0x91: Reason(
        Reaction.AGAIN,
        "Packet identifier in use",
        "the broker still has an older message under this number",
    ),
    0x92: Reason(
        Reaction.AGAIN, "Packet identifier not found", "the broker does not know this message"
    ),
    0x93: Reason(
        Reaction.SLOWLY, "Receive maximum exceeded", "the broker got too many messages at once"
    ),
    0x94: Reason(
        Reaction.TECHNICIAN,
        "Topic alias invalid",
        "the broker does not accept our topic",
        _VERSIONS,
    ),
    0x95: Reason(
        Reaction.TECHNICIAN,
        "Packet too large",
        "a message is larger than the broker takes",
        f"{_CALL}, who raises max_packet_size at the broker",
    ),
    0x96: Reason(Reaction.SLOWLY, "Message rate too high", "the broker gets messages too fast"),
    0x97: Reason(
        Reaction.SLOWLY,
        "Quota exceeded",
        "the broker has no room (quota exceeded)",
        "if it goes on, call a technician, who looks at the broker's limits",
    ),
    0x98: Reason(
        Reaction.SLOWLY,
        "Administrative action",
        "an administrator ended the connection",
        "ask whoever runs the broker",
    ),
    0x99: Reason(
        Reaction.TECHNICIAN,
        "Payload format invalid",
        "the broker does not accept what is in a message",
        f"{_CALL}: it must not look into payloads",
    ),
    0x9A: Reason(
        Reaction.TECHNICIAN, "Retain not supported", "the broker keeps no messages", _VERSIONS
    ),
    0x9B: Reason(
        Reaction.TECHNICIAN,
        "QoS not supported",
        "this broker does not confirm messages (QoS 1)",
        f"{_CALL}: another broker is needed",
    ),
    0x9C: Reason(
        Reaction.AGAIN, "Use another server", "the broker sends us to another one for now"
    ),
    0x9D: Reason(
        Reaction.AGAIN,
        "Server moved",
        "the broker has moved",
        f"{_CALL}, who looks at the list of brokers",
    ),
    0x9E: Reason(
        Reaction.TECHNICIAN,
        "Shared subscriptions not supported",
        "the broker does not accept what we want to hear",
        _VERSIONS,
    ),
    0x9F: Reason(
        Reaction.SLOWLY, "Connection rate exceeded", "too many devices connect at the same time"
    ),
    0xA0: Reason(
        Reaction.AGAIN, "Maximum connect time", "the broker ends connections after some time"
    ),
    0xA1: Reason(
        Reaction.TECHNICIAN,
        "Subscription identifiers not supported",
        "the broker does not accept what we want to hear",
        _VERSIONS,
    ),
    0xA2: Reason(
        Reaction.TECHNICIAN,
        "Wildcard subscriptions not supported",
        "the broker does not accept what we want to hear",
        f"{_CALL}: the matcher needs wildcard subscriptions",
    ),
}

_OTHERWISE: dict[tuple[Packet, int], Reason] = {
    (Packet.DISCONNECT, 0x00): Reason(Reaction.AGAIN, "Normal disconnection", "the broker hung up"),
    (Packet.PUBACK, NO_SUBSCRIBERS): Reason(
        Reaction.AGAIN, "No matching subscribers", "nobody listens at this broker"
    ),
    (Packet.PUBACK, 0x87): Reason(
        Reaction.TECHNICIAN, "Not authorized", "Not authorized", _CERTIFICATE
    ),
    (Packet.SUBACK, 0x87): Reason(
        Reaction.TECHNICIAN,
        "Not authorized",
        "the broker does not let this device hear its answers (not authorized)",
        _CERTIFICATE,
    ),
    (Packet.DISCONNECT, 0x87): Reason(
        Reaction.TECHNICIAN,
        "Not authorized",
        "the broker has withdrawn this device's permission (not authorized)",
        _CERTIFICATE,
    ),
}


def reason(packet: Packet, code: int) -> Reason:
    """Return what a code means in a packet; one that nobody knows, as an unspecified error."""
    found = _OTHERWISE.get((packet, code), _USUAL.get(code))
    return _USUAL[UNSPECIFIED] if found is None else found
