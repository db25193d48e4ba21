"""What leaves over one connection: each message when its turn comes, and what became of it."""

import threading
import time
from collections import deque
from dataclasses import dataclass

from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from greenline.link.client import QOS, Client
from greenline.link.counts import Meter
from greenline.link.listener import Listener
from greenline.link.pace import Message, NotConnectedError, Pace
from greenline.link.reasons import NO_SUBSCRIBERS, UNSPECIFIED, Packet, Reaction, reason
from greenline.link.terms import Terms, publish_bytes


@dataclass(frozen=True)
class _Answer:
    code: int
    at: float


class Sending:
    """Publishes at QoS 1 and tells the listener of each message once. Any thread.

    Our lock is never held while paho or the listener is called: both have locks of their own.
    nobody_listens: see Purpose.
    """

    def __init__(
        self, client: Client, pace: Pace, listener: Listener, meter: Meter, nobody_listens: str
    ) -> None:
        self._client = client
        self._pace = pace
        self._listener = listener
        self._meter = meter
        self._nobody_listens = nobody_listens
        self._lock = threading.Lock()
        self._sent: dict[int, tuple[bytes, float]] = {}
        self._early: dict[int, _Answer] = {}
        self._refused: deque[tuple[bytes, str]] = deque()

    @property
    def window(self) -> int:
        """How many messages may be on their way now."""
        return self._pace.size

    def limit(self, window: int) -> None:
        """Lower the window to what the broker allows."""
        self._pace.limit(window)

    def silent_s(self) -> float:
        """Return for how many seconds messages have been on their way and none was confirmed."""
        return self._pace.silent_s()

    def publish(self, message: Message, terms: Terms) -> None:
        """Send one message when its turn comes. Raises NotConnectedError."""
        size = publish_bytes(message.topic, len(message.payload))
        if size > terms.largest:
            words = f"{size} bytes are more than this broker takes ({terms.largest})"
            self._meter.code("too large for the broker")
            self._refused.append((message.token, words))
            return
        self._pace.put(message)
        if not self._send():
            raise NotConnectedError("the link did not take the message")

    def tell_refused(self) -> None:
        """Tell the listener what was never sent. On the link's own thread."""
        while self._refused:
            self._listener.published(*self._refused.popleft())

    def answered(self, message_id: int, code: int) -> None:
        """Take a PUBACK; one that outruns publish() waits until that knows the message's number."""
        answer = _Answer(code, time.monotonic())
        with self._lock:
            sent = self._sent.pop(message_id, None)
            if sent is None:
                self._early[message_id] = answer
                return
        self._settle(*sent, answer)
        self._send()

    def _send(self) -> bool:
        """Send what may go now; False when the connection takes nothing any more."""
        while (message := self._pace.take()) is not None:
            at = time.monotonic()
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho's has no types
            properties.MessageExpiryInterval = max(1, message.expiry_s)
            sent = self._client.publish(message.topic, message.payload, QOS, properties=properties)
            if sent.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
                self._pace.dropped()
                return False
            with self._lock:
                answer = self._early.pop(sent.mid, None)
                if answer is None:
                    self._sent[sent.mid] = (message.token, at)
            if answer is not None:
                self._settle(message.token, at, answer)
        return True

    def _settle(self, token: bytes, at: float, answer: _Answer) -> None:
        # A PUBACK may bring a refusal too ("Not authorized", "Quota exceeded"): that is no success.
        found = reason(Packet.PUBACK, answer.code)
        refused = answer.code >= UNSPECIFIED
        unheard = answer.code == NO_SUBSCRIBERS
        self._pace.confirmed(slower=refused and found.reaction is Reaction.SLOWLY)
        if refused or unheard:
            self._meter.code(f"{Packet.PUBACK.name} 0x{answer.code:02X}")
        if not refused:
            self._meter.published(answer.at - at, heard=not unheard)
        refusal = found.words if refused else self._nobody_listens if unheard else ""
        self._listener.published(token, refusal)
