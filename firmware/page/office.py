"""What supervisor, auditor and technician ask of the page, each guarded by role.

A case is deleted here too, by whoever may check: POST /api/purge.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, Literal, Protocol

import msgspec
from msgspec import Meta
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from greenline.firmware.audit_reading import MOST_ROWS, Row, Search, as_line
from greenline.firmware.case_machine import NotNowError
from greenline.firmware.errors import AuditError, StoreError
from greenline.firmware.office import Office, purged_shown
from greenline.firmware.operators_roles import Action
from greenline.firmware.page.entry import read_order
from greenline.firmware.page.guard import Access, refuse_to, token_of

RequestId = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
_LONGEST = 64


class OfficePlace(Protocol):
    """What the routes ask of a kiosk."""

    @property
    def access(self) -> Access:
        """Who is logged in."""

    @property
    def office(self) -> Office:
        """What is read."""


class _Purge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    request_id: RequestId
    reason: Literal["minor", "mistake", "objection"]


class _Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class OfficeRoutes:
    """The routes of one kiosk."""

    def __init__(self, kiosk: OfficePlace) -> None:
        self._kiosk = kiosk

    def routes(self) -> list[Route]:
        """Return them."""
        return [
            Route("/api/purge", self.purge, methods=["POST"]),
            Route("/api/office/supervisor", self.supervisor),
            Route("/api/office/technician", self.technician),
            Route("/api/office/audit", self.audit),
            Route("/api/office/cleaned", self.cleaned, methods=["POST"]),
            Route("/api/office/trial", self.trial, methods=["POST"]),
        ]

    async def purge(self, request: Request) -> Response:
        """Delete a case, here and at the matcher."""
        access = self._kiosk.access
        order = await read_order(request, access, _Purge)
        if isinstance(order, Response):
            return order
        if (refusal := refuse_to(request, access, Action.PURGE)) is not None:
            return refusal
        request_id = bytes.fromhex(order.request_id)
        try:
            done = await run_in_threadpool(self._kiosk.office.purge, request_id, order.reason)
        except StoreError as fault:
            return JSONResponse({"error": f"Not deleted: {fault}"}, 503)
        return _json(purged_shown(done), 202)

    async def supervisor(self, request: Request) -> Response:
        """Tell what waits, of which age; lists, fingers, and when the sensor is to be cleaned."""
        return await self._read(request, Action.SEE_STATE, self._kiosk.office.supervisor)

    async def technician(self, request: Request) -> Response:
        """Tell how devices, store, clock, certificate, link and network are."""
        return await self._read(request, Action.TEST_DEVICES, self._kiosk.office.technician)

    async def cleaned(self, request: Request) -> Response:
        """Note that the sensor was cleaned."""
        access = self._kiosk.access
        order = await read_order(request, access, _Nothing)
        if isinstance(order, Response):
            return order
        if (refusal := refuse_to(request, access, Action.SEE_STATE)) is not None:
            return refusal
        await run_in_threadpool(self._kiosk.office.counts.cleaned)
        return JSONResponse({"cleaned": True})

    async def trial(self, request: Request) -> Response:
        """Begin a test capture, of which nothing is kept."""
        access = self._kiosk.access
        order = await read_order(request, access, _Nothing)
        if isinstance(order, Response):
            return order
        if (refusal := refuse_to(request, access, Action.TEST_DEVICES)) is not None:
            return refusal
        try:
            await run_in_threadpool(self._kiosk.office.test_sensor)
        except NotNowError as refused:
            return JSONResponse({"error": str(refused)}, 409)
        except StoreError as fault:
            return JSONResponse({"error": f"Not tested: {fault}"}, 503)
        return JSONResponse({"begun": True}, 202)

    async def audit(self, request: Request) -> Response:
        """Give the entries that an auditor looks for as lines of JSON, the newest first."""
        access = self._kiosk.access
        if (refusal := _refuse_reading(request, access, Action.READ_AUDIT)) is not None:
            return refusal
        search = _search(request)
        if search is None:
            return JSONResponse({"error": "the search is not understood"}, 400)
        try:
            found = await run_in_threadpool(self._kiosk.office.read_audit, search)
        except StoreError as fault:
            return JSONResponse({"error": f"Not read: {fault}"}, 503)
        kept = {"content-disposition": 'attachment; filename="audit.jsonl"'}
        return StreamingResponse(
            self._lines(request, found), media_type="application/x-ndjson", headers=kept
        )

    async def _lines(self, request: Request, found: Iterator[Row]) -> AsyncIterator[bytes]:
        """Yield line after line, as long as the auditor is logged in and takes them."""
        access = self._kiosk.access
        try:
            async for row in iterate_in_threadpool(found):
                if not access.holds(token_of(request)) or await request.is_disconnected():
                    return
                yield as_line(row)
        except AuditError as fault:
            yield as_line({"error": str(fault)})

    async def _read(
        self, request: Request, action: Action, read: Callable[[], msgspec.Struct]
    ) -> Response:
        if (refusal := _refuse_reading(request, self._kiosk.access, action)) is not None:
            return refusal
        try:
            return _json(await run_in_threadpool(read))
        except StoreError as fault:
            return JSONResponse({"error": f"Not read: {fault}"}, 503)


def _refuse_reading(request: Request, access: Access, action: Action) -> Response | None:
    """Refuse whose role may not, and what another page asks for.

    Reading keeps no session open: the page reads by itself, with nobody there.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return JSONResponse({"error": "only the kiosk's own page may ask"}, 403)
    return refuse_to(request, access, action, touches=False)


def _json(value: msgspec.Struct, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")


def _search(request: Request) -> Search | None:
    """Read what is looked for; None: it is not understood."""
    asked = request.query_params
    if set(asked) - {"since_ms", "until_ms", "kind", "who", "case", "most"}:
        return None
    try:
        since, until, most = (
            int(asked[name]) if name in asked else None for name in ("since_ms", "until_ms", "most")
        )
    except ValueError:
        return None
    texts = {name: asked.get(name, "")[:_LONGEST] for name in ("kind", "who", "case")}
    if most is not None and not 0 < most <= MOST_ROWS:
        return None
    return Search(since, until, **texts, most=most or MOST_ROWS)
