"""Logging in and out on the page, and what goes with it."""

from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from greenline.firmware.errors import StoreError
from greenline.firmware.operators_login import Refused, Why
from greenline.firmware.operators_roles import Action
from greenline.firmware.operators_wording import words_of
from greenline.firmware.page.guard import Access, give, refuse_foreign, refuse_to, token_of

_MOST_BODY_BYTES = 1024

Typed = Annotated[str, Meta(max_length=64)]


class _Login(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    operator: Typed
    pin: Typed
    new_pin: Typed = ""


class _Unlock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    operator: Typed


class _Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


_Order = TypeVar("_Order", bound=msgspec.Struct)
_Read = TypeVar("_Read")


class Entry:
    """The routes of one kiosk's sessions."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def routes(self) -> list[Route]:
        """Return them."""
        return [
            Route("/api/login", self.login, methods=["POST"]),
            Route("/api/logout", self.logout, methods=["POST"]),
            Route("/api/touch", self.touch, methods=["POST"]),
            Route("/api/unlock", self.unlock, methods=["POST"]),
        ]

    async def login(self, request: Request) -> Response:
        """Let somebody in, or say why not."""
        order = await read_order(request, self._access, _Login)
        if isinstance(order, Response):
            return order
        try:
            # Not here: it takes a tenth of a second and more, and writes to the card.
            found = await run_in_threadpool(
                self._access.login, order.operator, order.pin, order.new_pin
            )
        except StoreError as fault:
            return JSONResponse({"error": f"Nobody can log in: {fault}"}, 503)
        if isinstance(found, Refused):
            choose = found.why in {Why.CHOOSE, Why.UNFIT}
            return JSONResponse({"error": words_of(found), "choose": choose}, 403)
        return give(JSONResponse({"logged_in": True}), found)

    async def logout(self, request: Request) -> Response:
        """End the session of this browser."""
        order = await read_order(request, self._access, _Nothing)
        if isinstance(order, Response):
            return order
        await run_in_threadpool(self._access.logout, token_of(request))
        return give(JSONResponse({"logged_out": True}), "")

    async def touch(self, request: Request) -> Response:
        """Note that somebody is there."""
        order = await read_order(request, self._access, _Nothing)
        if isinstance(order, Response):
            return order
        self._access.touch(token_of(request))
        return JSONResponse({"touched": self._access.holds(token_of(request))})

    async def unlock(self, request: Request) -> Response:
        """Let a supervisor end the wait of an account."""
        order = await read_order(request, self._access, _Unlock)
        if isinstance(order, Response):
            return order
        if (refusal := refuse_to(request, self._access, Action.UNLOCK)) is not None:
            return refusal
        try:
            unlocked = await run_in_threadpool(self._access.unlock, order.operator)
        except StoreError as fault:
            return JSONResponse({"error": f"Not unlocked: {fault}"}, 503)
        if not unlocked:
            return JSONResponse({"error": f"{order.operator} does not wait"}, 409)
        return JSONResponse({"unlocked": True})


async def read_order(request: Request, access: Access, kind: type[_Order]) -> _Order | Response:
    """Read what our own page orders, or refuse it."""
    return await read_with(request, access, msgspec.json.Decoder(kind))


async def read_with(
    request: Request, access: Access, decoder: msgspec.json.Decoder[_Read]
) -> _Read | Response:
    """Read the same where it is one of several orders."""
    if (refusal := refuse_foreign(request, access)) is not None:
        return refusal
    body = await _body(request)
    if body is None:
        return JSONResponse({"error": "the request is too long"}, 413)
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return JSONResponse({"error": "the request is not understood"}, 400)


async def _body(request: Request) -> bytes | None:
    """Return the body, an empty one as an empty order; None when it is too long to be meant."""
    received = b""
    async for chunk in request.stream():
        received += chunk
        if len(received) > _MOST_BODY_BYTES:
            return None
    return received or b"{}"
