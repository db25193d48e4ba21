"""What is done to the packets of a link, each while it is switched on."""

import random

from bench.faults.mqtt import Kind, Packet

_Ways = tuple[list[Packet], list[Packet]]


class Switched:
    """Lets packets pass while it is off. A connection keeps it: it is switched, not replaced."""

    def __init__(self, seed: float) -> None:
        self.on = False
        self.made = 0
        self.chance = random.Random(seed)  # noqa: S311 - weather, no secret

    def connected(self) -> None:
        """Note nothing."""

    def onward(self, packet: Packet, *, upward: bool) -> _Ways:
        return self.change(packet, upward=upward) if self.on else ([packet], [])

    def change(self, packet: Packet, *, upward: bool) -> _Ways:  # noqa: ARG002 - the interface
        return [packet], []


class PubacksLost(Switched):
    """Half of the PUBACKs get lost, in both directions, and nothing else."""

    def change(self, packet: Packet, *, upward: bool) -> _Ways:  # noqa: ARG002 - both alike
        if packet.kind == Kind.PUBACK and self.chance.random() < 0.5:
            self.made += 1
            return [], []
        return [packet], []


class PubacksTwice(Switched):
    """Every PUBACK comes two or three times."""

    def change(self, packet: Packet, *, upward: bool) -> _Ways:  # noqa: ARG002 - both alike
        if packet.kind == Kind.PUBACK:
            self.made += 1
            return [packet] * self.chance.choice((2, 3)), []
        return [packet], []


class PublishesTwice(Switched):
    """Every message comes again, requests and results, with and without its DUP flag."""

    def change(self, packet: Packet, *, upward: bool) -> _Ways:  # noqa: ARG002 - both alike
        if packet.kind == Kind.PUBLISH:
            self.made += 1
            return [packet, self.chance.choice((packet, packet.again()))], []
        return [packet], []


class PublishesLost(Switched):
    """Every other message is acknowledged and gone, as by a broker that loses its memory."""

    def change(self, packet: Packet, *, upward: bool) -> _Ways:  # noqa: ARG002 - both alike
        if packet.kind == Kind.PUBLISH and packet.qos and self.chance.random() < 0.5:
            self.made += 1
            return [], [Packet.puback(packet.identifier, 0)]
        return [packet], []


class Refusing(Switched):
    """The broker refuses most requests with a reason code."""

    def __init__(self, seed: float, reason: int) -> None:
        super().__init__(seed)
        self.reason = reason

    def change(self, packet: Packet, *, upward: bool) -> _Ways:
        if upward and packet.kind == Kind.PUBLISH and self.chance.random() < 0.8:
            self.made += 1
            return [], [Packet.puback(packet.identifier, self.reason)]
        return [packet], []


class Disconnecting(Switched):
    """The broker says goodbye with a reason code, in the place of what it was sent."""

    def __init__(self, seed: float, reasons: tuple[int, ...]) -> None:
        super().__init__(seed)
        self.reasons = reasons
        self._gone = False

    def connected(self) -> None:
        self._gone = False

    def change(self, packet: Packet, *, upward: bool) -> _Ways:
        if self._gone:
            raise ConnectionResetError
        if upward and packet.kind == Kind.PUBLISH and self.chance.random() < 0.5:
            self.made += 1
            self._gone = True
            return [], [Packet.disconnect(self.chance.choice(self.reasons))]
        return [packet], []


class OneAtATime(Switched):
    """The broker allows one unconfirmed message, and it is counted who sends more; always on."""

    def __init__(self, seed: float) -> None:
        super().__init__(seed)
        self._unconfirmed: set[int] = set()
        self.beyond = 0

    def connected(self) -> None:
        self._unconfirmed.clear()

    def onward(self, packet: Packet, *, upward: bool) -> _Ways:
        return self.change(packet, upward=upward)

    def change(self, packet: Packet, *, upward: bool) -> _Ways:
        if not upward and packet.kind == Kind.CONNACK:
            self.made += 1
            return [packet.with_receive_maximum(1)], []
        if upward and packet.kind == Kind.PUBLISH and packet.qos:
            self._unconfirmed.add(packet.identifier)
            self.beyond += len(self._unconfirmed) > 1
        if not upward and packet.kind == Kind.PUBACK:
            self._unconfirmed.discard(packet.identifier)
        return [packet], []


class Garbage(Switched):
    """The broker sends results that nobody made, each in the place of a PUBACK and beside it."""

    def __init__(self, seed: float, topic: str, copies: int = 3) -> None:
        super().__init__(seed)
        self._head = len(topic).to_bytes(2) + topic.encode()
        self._copies = copies

    def change(self, packet: Packet, *, upward: bool) -> _Ways:
        if upward or packet.kind != Kind.PUBACK:
            return [packet], []
        self.made += 1
        return [packet, *(self._nonsense() for _ in range(self._copies))], []

    def _nonsense(self) -> Packet:
        size = self.chance.choice((0, 1, 92, 5_388, 100_000))
        return Packet(Kind.PUBLISH << 4, self._head + b"\0" + self.chance.randbytes(size))
