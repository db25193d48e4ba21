"""What a browser on the kiosk sends to its page."""

from collections.abc import Coroutine
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from bench.fuzz.target import BrokenError, Prepared, Target
from bench.fuzz.targets.keys import JSON
from greenline.firmware.case_orders import CaseOrder
from greenline.firmware.lead_orders import LeadOrder
from greenline.firmware.page import entry


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


def _orders(kind: Any, *seeds: bytes) -> Prepared:
    scope = {"type": "http", "headers": [(b"content-type", b"application/json")]}
    access: Any = _Anybody()
    decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(kind)

    def decode(data: bytes) -> Any:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": data, "more_body": False}

        return _now(entry.read_with(Request(scope, receive), access, decoder))

    def check(_data: bytes, found: Any) -> None:
        if isinstance(found, Response):
            if found.status_code not in {400, 413}:
                raise BrokenError(f"it is answered with {found.status_code}")
        elif msgspec.json.decode(msgspec.json.encode(found), type=kind) != found:
            raise BrokenError("written and read again, it is another order")

    return Prepared(decode, seeds, check, (b"\\ud800",), tree=JSON)


_CASE = (
    b'{"event":"open","purpose":"border-check","reason":""}',
    b'{"event":"adult","answer":"under_18"}',
    b'{"event":"notice","language":"sr-Latn"}',
    b'{"event":"plan","fingers":4,"missing":{"3":"amputated"}}',
    b'{"event":"use","finger":10,"reason":"injury"}',
    b'{"event":"send"}',
)

TARGETS = (
    Target(
        "page-order",
        lambda: _orders(CaseOrder, *_CASE, b"{}", b""),
        (),
        most_bytes=1100,
    ),
    Target(
        "page-lead",
        lambda: _orders(
            LeadOrder, b'{"event":"view","request_id":"%s","justification":"decide"}' % (b"0f" * 16)
        ),
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
