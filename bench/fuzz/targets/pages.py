"""What a browser on the kiosk sends to its page."""

from collections.abc import Coroutine
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from bench.fuzz.target import BrokenError, Prepared, Target
from bench.fuzz.targets.keys import JSON
from greenline.firmware.page import app, entry


class _Anybody:
    """Stands in for who is logged in: nobody has to be."""

    required = False


def _now(waiting: Coroutine[Any, Any, Any]) -> Any:
    """Return what a coroutine comes to that never really waits."""
    try:
        waiting.send(None)
    except StopIteration as end:
        return end.value
    raise BrokenError("the page waits")


def _orders(kind: type[msgspec.Struct], *seeds: bytes) -> Prepared:
    scope = {"type": "http", "headers": [(b"content-type", b"application/json")]}
    access: Any = _Anybody()

    def decode(data: bytes) -> Any:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": data, "more_body": False}

        return _now(entry.read_order(Request(scope, receive), access, kind))

    def check(_data: bytes, found: Any) -> None:
        if isinstance(found, Response):
            if found.status_code not in {400, 413}:
                raise BrokenError(f"it is answered with {found.status_code}")
        elif msgspec.json.decode(msgspec.json.encode(found), type=kind) != found:
            raise BrokenError("written and read again, it is another order")

    return Prepared(decode, seeds, check, (b"\\ud800",), tree=JSON)


TARGETS = (
    Target(
        "page-order",
        lambda: _orders(app._StartCheck, b'{"finger":2}', b"{}", b""),
        (),
        most_bytes=1100,
    ),
    Target(
        "page-login",
        lambda: _orders(entry._Login, b'{"operator":"1234","pin":"294610","new_pin":""}'),
        (),
        most_bytes=1100,
    ),
)
