"""What the page orders about a lead: look at it and say why, confirm, reject, ask the centre."""

from typing import Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from greenline.firmware.errors import StoreError
from greenline.firmware.lead_orders import LeadOrder
from greenline.firmware.operators_roles import Action
from greenline.firmware.page.entry import read_order
from greenline.firmware.page.guard import Access, refuse_to, token_of
from greenline.firmware.verification import Refused


class LeadDesk(Protocol):
    """Where leads are verified."""

    def order(self, order: LeadOrder, who: str) -> None:
        """Do what somebody asks for. Raises Refused, StoreError: then nothing was done."""


class LeadPlace(Protocol):
    """What the route asks of a kiosk."""

    @property
    def access(self) -> Access:
        """Who is logged in."""

    @property
    def leads(self) -> LeadDesk:
        """Where leads are verified."""


class LeadRoute:
    """The route of one kiosk's leads."""

    def __init__(self, kiosk: LeadPlace) -> None:
        self._kiosk = kiosk

    def route(self) -> Route:
        """Return it."""
        return Route("/api/lead", self.order, methods=["POST"])

    async def order(self, request: Request) -> Response:
        """Do what the person who is logged in asks for, or say why not."""
        access = self._kiosk.access
        order = await read_order(request, access, LeadOrder)
        if isinstance(order, Response):
            return order
        if (refusal := refuse_to(request, access, Action.VERIFY)) is not None:
            return refusal
        who = access.reader()
        # Nobody else may have logged in between the two questions.
        if not access.holds(token_of(request)):
            return JSONResponse({"error": "Log in first"}, 401)
        try:
            await run_in_threadpool(self._kiosk.leads.order, order, who)
        except Refused as refused:
            return JSONResponse({"error": str(refused), "code": refused.code}, 409)
        except StoreError as fault:
            return JSONResponse({"error": f"Nothing was done: {fault}"}, 503)
        return JSONResponse({"done": order.event}, 202)
