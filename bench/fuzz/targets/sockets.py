"""What kiosk and uplink say to each other over their socket, and what the kiosk makes of it."""

from collections.abc import Sequence

import msgspec

from bench.fuzz import repairs, samples
from bench.fuzz.files import folder
from bench.fuzz.target import BrokenError, Prepared, Target
from greenline.firmware import pipe
from greenline.firmware.dispatch import Dispatcher
from greenline.firmware.errors import PipeError
from greenline.firmware.gate import Gate
from greenline.firmware.store import Pending
from greenline.protocol.envelope import Lane


def _pipe() -> Prepared:
    messages: list[pipe.Message] = [
        pipe.Hello(1), pipe.LinkUp(16), pipe.LinkDown("no broker"),
        pipe.Offer(b"r" * 16, 60, b"envelope" * 20), pipe.Published(b"r" * 16, "Not authorized"),
        pipe.Arrived(7, b"envelope" * 20), pipe.Committed(7),
    ]  # fmt: skip
    frames = tuple(pipe.encode(each) for each in messages)

    def decode(data: bytes) -> list[pipe.Message]:
        return list(pipe.Decoder().feed(data))

    def check(data: bytes, found: list[pipe.Message]) -> None:
        decoder = pipe.Decoder()
        half = len(data) // 2
        if [*decoder.feed(data[:half]), *decoder.feed(data[half:])] != found:
            raise BrokenError("cut in two, it is other messages")
        if decode(b"".join(pipe.encode(each) for each in found)) != found:
            raise BrokenError("written again, it is other messages")

    return Prepared(
        decode,
        (*frames, b"".join(frames)),
        check,
        (b"\0\4\0\0", b"\0\4\0\1"),
        tree=(lambda data: msgspec.msgpack.decode(data[4:]), _framed),
        repaired=repairs.frame_lengths,
    )


class _Listener:
    """Whom a gate tells: it remembers nothing. What arrives is of no use."""

    def link_changed(self, *, up: bool, detail: str) -> None:
        pass

    def uplink_changed(self, *, missing: str) -> None:
        pass

    def arrived(self, envelopes: Sequence[bytes]) -> list[bytes | None]:
        return [each[:16] if len(each) % 2 else None for each in envelopes]

    def published(self, request_id: bytes) -> None:
        pass

    def housekeeping(self) -> list[Pending]:
        return []


class _Source:
    """What waits to be sent: two requests."""

    def pending(self) -> list[Pending]:
        return [Pending(name, Lane.NORMAL, 0, samples.HOUR_MS) for name in _REQUESTS]

    def envelope(self, request_id: bytes) -> bytes | None:
        return b"envelope" + request_id


_REQUESTS = (b"r" * 16, b"s" * 16)


def _gate() -> Prepared:
    """What an uplink says, to a gate on its way: nothing of it may stop the kiosk."""
    source, path = _Source(), folder() / "socket"
    dispatcher = Dispatcher(lambda: 0.0)
    gate = Gate(path, source, _Listener(), dispatcher, lambda: 0)
    gate.start()
    gate.stop()  # its sockets are closed; what it makes of a message needs none

    def decode(data: bytes) -> None:
        dispatcher.link_up(16)
        while dispatcher.next_offer() is not None:
            pass
        try:
            gate._take(pipe.Decoder().feed(data))
        finally:
            dispatcher.add(source.pending())

    def check(_data: bytes, _found: None) -> None:
        # What was confirmed sleeps; more of it than was offered would be memory that is never free.
        if len(dispatcher._sleeping) > len(_REQUESTS):
            raise BrokenError("more is confirmed than was offered")

    told: tuple[pipe.Message, ...] = (
        pipe.Hello(1), pipe.LinkUp(16), pipe.Published(_REQUESTS[0]), pipe.LinkDown("no broker"),
        pipe.Published(_REQUESTS[1], "Not authorized"), pipe.Arrived(7, _REQUESTS[0] + b"odd"),
    )  # fmt: skip
    frames = tuple(pipe.encode(each) for each in told)
    return Prepared(
        decode, (*frames, b"".join(frames)), check, frames, repaired=repairs.frame_lengths
    )


def _framed(tree: object) -> bytes:
    body = msgspec.msgpack.encode(tree)
    return len(body).to_bytes(4) + body


TARGETS = (
    Target("pipe", _pipe, (PipeError,)),
    Target("gate", _gate, (PipeError,)),
)
