"""Packets of MQTT 5, made and cut by hand. Source: OASIS MQTT 5.0, chapters 2 and 3."""

CONNECT, CONNACK, PUBLISH, PUBACK = 0x10, 0x20, 0x30, 0x40
SUBSCRIBE, SUBACK, PINGREQ, PINGRESP, DISCONNECT = 0x80, 0x90, 0xC0, 0xD0, 0xE0

_PROPERTIES: dict[str, tuple[int, int]] = {
    "session_expiry": (0x11, 4),
    "receive_maximum": (0x21, 2),
    "maximum_qos": (0x24, 1),
    "maximum_packet_size": (0x27, 4),
    "server_keep_alive": (0x13, 2),
    "client_id": (0x12, 0),
    "reason": (0x1F, 0),
    "server_reference": (0x1C, 0),
}


def packet(kind: int, body: bytes) -> bytes:
    """Put a fixed header before a packet's body."""
    length, left = bytearray(), len(body)
    while True:
        left, low = divmod(left, 128)
        length.append(low | (0x80 if left else 0))
        if not left:
            return bytes([kind]) + bytes(length) + body


def properties(**wanted: int | str) -> bytes:
    """Encode properties by the names above; a number in its width, a text with its length."""
    body = b""
    for name, value in wanted.items():
        number, width = _PROPERTIES[name]
        body += bytes([number])
        if isinstance(value, str):
            body += len(value.encode()).to_bytes(2) + value.encode()
        else:
            body += value.to_bytes(width)
    return bytes([len(body)]) + body


def connack(code: int = 0, **wanted: int | str) -> bytes:
    """Make a CONNACK."""
    return packet(CONNACK, bytes([0, code]) + properties(**wanted))


def disconnect(code: int, **wanted: int | str) -> bytes:
    """Make a DISCONNECT."""
    return packet(DISCONNECT, bytes([code]) + properties(**wanted))


def publish(topic: str, payload: bytes, message_id: int) -> bytes:
    """Make a PUBLISH at QoS 1."""
    head = len(topic.encode()).to_bytes(2) + topic.encode() + message_id.to_bytes(2)
    return packet(PUBLISH | 0x02, head + b"\0" + payload)


def message_id(body: bytes) -> bytes:
    """Return the packet identifier of a PUBLISH at QoS 1, two bytes."""
    topic_bytes = int.from_bytes(body[:2])
    return body[2 + topic_bytes : 4 + topic_bytes]


def first_packet(data: bytes) -> tuple[int, bytes, bytes] | None:
    """Return the first packet's first byte and body, and what is left; None: it is not whole."""
    length = 0
    for at in range(1, min(5, len(data))):
        length |= (data[at] & 0x7F) << 7 * (at - 1)
        if not data[at] & 0x80:
            end = at + 1 + length
            return None if len(data) < end else (data[0], data[at + 1 : end], data[end:])
    return None
