"""What a link counts: for metrics, and to look at when something is slow. No payloads, no topics.

The bytes are those of the TCP connection, TLS included, TCP and IP headers not, as the kernel
counts them (linux/tcp.h, struct tcp_info: tcpi_bytes_acked at 120, tcpi_bytes_received at 128).
"""

import socket
import struct
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_BYTES = struct.Struct("=120xQQ")
_SMOOTHING = 8
"""RFC 6298, 2: a new round trip counts an eighth."""


@dataclass(frozen=True)
class Counts:
    """All since the process started, but for what says "now". Times in seconds.

    broker: "host:port" now, empty without a link. window: messages that may be on their way now.
    refused: by "CONNACK 0x87" and the like. failures: tries and connections that ended, by words.
    rtt: from a PUBLISH to its PUBACK; None before the first. published: with a PUBACK that took it.
    unheard: of these, where nobody listened (0x10). woken: waits ended by a network that came up.
    """

    broker: str = ""
    window: int = 0
    connections: int = 0
    reconnects: int = 0
    published: int = 0
    unheard: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    failures: Mapping[str, int] = field(default_factory=dict)
    bytes_in: int = 0
    bytes_out: int = 0
    rtt_last_s: float | None = None
    rtt_smoothed_s: float | None = None
    woken: int = 0


_MOST_KINDS = 64
"""Words of the system stand in some failures: what is kept of them is bounded."""


class Meter:
    """Counts for one or several links. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._up: dict[int, tuple[str, int]] = {}
        self._traffic: dict[int, tuple[int, int]] = {}
        self._totals: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()
        self._rtt: tuple[float, float] | None = None

    def counts(self) -> Counts:
        """Return what was counted so far; it does not change any more."""
        with self._lock:
            totals = self._totals
            traffic = tuple(self._traffic.values())
            last, smoothed = self._rtt or (None, None)
            return Counts(
                broker=" ".join(broker for broker, _ in self._up.values()),
                window=sum(window for _, window in self._up.values()),
                connections=totals["connections"],
                reconnects=max(0, totals["connections"] - 1),
                published=totals["published"],
                unheard=totals["unheard"],
                refused=MappingProxyType(dict(self._refused)),
                failures=MappingProxyType(dict(self._failures)),
                bytes_in=totals["bytes_in"] + sum(each[0] for each in traffic),
                bytes_out=totals["bytes_out"] + sum(each[1] for each in traffic),
                rtt_last_s=last,
                rtt_smoothed_s=smoothed,
                woken=totals["woken"],
            )

    def up(self, link: int, broker: str, window: int) -> None:
        """Note that a connection stands. link: tells connections at the same time apart."""
        with self._lock:
            self._totals["connections"] += 1
            self._up[link] = (broker, window)

    def window(self, link: int, size: int) -> None:
        """Note how many messages may be on their way."""
        with self._lock:
            if link in self._up:
                self._up[link] = (self._up[link][0], size)

    def down(self, link: int, words: str) -> None:
        """Note that a connection ended or did not come about."""
        with self._lock:
            self._up.pop(link, None)
            received, sent = self._traffic.pop(link, (0, 0))
            self._totals["bytes_in"] += received
            self._totals["bytes_out"] += sent
            known = words in self._failures or len(self._failures) < _MOST_KINDS
            self._failures[words if known else "others"] += 1

    def code(self, label: str) -> None:
        """Note a reason code that was no success."""
        with self._lock:
            self._refused[label] += 1

    def published(self, rtt_s: float, *, heard: bool) -> None:
        """Note that the broker took a message, and how long that was."""
        with self._lock:
            self._totals["published"] += 1
            self._totals["unheard"] += not heard
            before = rtt_s if self._rtt is None else self._rtt[1]
            self._rtt = (rtt_s, before + (rtt_s - before) / _SMOOTHING)

    def woken(self) -> None:
        """Note that a network came up while the link waited."""
        with self._lock:
            self._totals["woken"] += 1

    def traffic(self, link: int, sock: socket.socket) -> None:
        """Note how many bytes a connection has carried so far; a closed one keeps what it had."""
        try:
            found = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _BYTES.size)
            acknowledged, received = _BYTES.unpack(found)
        except (OSError, struct.error):  # closed, or a kernel before 4.1
            return
        with self._lock:
            self._traffic[link] = (received, acknowledged)
