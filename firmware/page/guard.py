"""What a browser may see and do: it proves by a cookie that it is the one that logged in.

The cookie is not readable by scripts and goes to this page alone; a foreign page can neither send
it nor post here. Where nobody logs in every browser on this machine may do what the kiosk can.
"""

from typing import Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from greenline.firmware.board import BoardState, Capture, Phase
from greenline.firmware.operators_login import Refused
from greenline.firmware.operators_roles import Action

COOKIE = "greenline-session"
_LOG_IN = "Log in first"


class Access(Protocol):
    """Who is logged in, as the page asks it."""

    required: bool

    def login(self, operator: str, pin: str, new_pin: str = "") -> str | Refused:
        """Return the new session's token, or why there is none. Raises StoreError."""

    def logout(self, token: str) -> None:
        """End the session of this token."""

    def holds(self, token: str) -> bool:
        """Say whether this token is the session's, and that is not locked."""

    def touch(self, token: str) -> None:
        """Note that the person is still there."""

    def may(self, action: Action) -> bool:
        """Say whether whoever is logged in may do this."""

    def reader(self) -> str:
        """Return who reads results now; empty: nobody does."""

    def unlock(self, operator: str) -> bool:
        """End an account's wait. Raises StoreError."""

    def tend(self) -> float:
        """Lock what is due by time; return after how many seconds to look again."""


def token_of(request: Request) -> str:
    """Return what a browser proves its session with; empty: nothing."""
    return request.cookies.get(COOKIE, "")


def give(response: Response, token: str) -> Response:
    """Have the browser keep the token of its session; an empty one: forget it."""
    if token:
        response.set_cookie(COOKIE, token, httponly=True, samesite="strict", path="/")
    else:
        response.delete_cookie(COOKIE, httponly=True, samesite="strict", path="/")
    return response


def refuse_foreign(request: Request, access: Access) -> Response | None:
    """Refuse what another page might have sent: only ours may ask for anything to be done."""
    kind = request.headers.get("content-type", "").partition(";")[0]
    if kind.strip().lower() != "application/json":
        return JSONResponse({"error": "send JSON"}, 415)
    origin = request.headers.get("origin")
    # A browser always tells; programs without one may ask only where nobody logs in.
    foreign = origin != f"http://{request.headers.get('host')}"
    if foreign and (origin is not None or access.required):
        return JSONResponse({"error": "only the kiosk's own page may ask"}, 403)
    return None


def refuse_to(
    request: Request, access: Access, action: Action, *, touches: bool = True
) -> Response | None:
    """Refuse who is not logged in, or may not do this; the others have touched the page.

    touches: False for what a page asks by itself.
    """
    token = token_of(request)
    if not access.holds(token):
        return JSONResponse({"error": _LOG_IN}, 401)
    if not access.may(action):
        return JSONResponse({"error": "Your role may not do this"}, 403)
    if touches:
        access.touch(token)
    return None


def visible(state: BoardState, request: Request, access: Access) -> BoardState:
    """Return what this browser may see of the board: of a lead, who it names only at its desk."""
    nameless = tuple(msgspec.structs.replace(each, candidates=()) for each in state.checks)
    state = msgspec.structs.replace(state, checks=nameless)
    if not access.required:
        return state
    if not access.holds(token_of(request)):
        session = state.session
        hidden = msgspec.structs.replace(
            session, operator=session.operator if session.locked else "", role="", may=()
        )
        nothing = Capture(Phase.STARTING, _LOG_IN)
        return msgspec.structs.replace(
            state,
            session=hidden,
            checks=(),
            capture=nothing,
            leads=(),
            case=None,
            case_ended="",
        )
    if not access.may(Action.SEE_RESULTS):
        return msgspec.structs.replace(state, checks=(), leads=())
    return state
