"""The traveller's side: where to place which finger, and how far it has come. Nothing else.

What is told is a function of case and capture alone, and is sent only when it changes: no result,
no link and no clock can be read from what is sent or from when (BSI TR-03121-3; a test compares
the streams of a hit, of none and of no answer byte by byte). The page is on a second screen of the
kiosk, at which nobody logs in.
"""

import asyncio
import contextlib
import importlib.resources
import time
from collections.abc import AsyncIterator, Callable, Iterator
from enum import StrEnum
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

from greenline.drivers.signals import Signal
from greenline.firmware.board import Board, BoardState
from greenline.firmware.case_state import CaseShown, CaseStage, FingerStatus
from greenline.firmware.status import signal_of

_HEARTBEAT_S: Final = 15.0
_RECONNECT_MS: Final = 1000


class Step(StrEnum):
    """What the traveller is asked to do now."""

    WAIT = "wait"
    PLACE = "place"
    HOLD = "hold"
    LIFT = "lift"
    AGAIN = "again"
    DONE = "done"
    OUT_OF_ORDER = "out_of_order"


_STEPS: Final = {
    Signal.WAIT: Step.WAIT,
    Signal.READY: Step.WAIT,
    Signal.PUT_FINGER: Step.PLACE,
    Signal.HOLD_STILL: Step.HOLD,
    Signal.LIFT_FINGER: Step.LIFT,
    Signal.AGAIN: Step.AGAIN,
    Signal.OUT_OF_ORDER: Step.OUT_OF_ORDER,
}
"""The same signals as of the lights: what one shows the other says."""

_KEPT: Final = frozenset({FingerStatus.TAKEN, FingerStatus.POOR, FingerStatus.SAME})
_TAKEN: Final = frozenset({CaseStage.REVIEW, CaseStage.SENDING})


class TravellerState(msgspec.Struct, frozen=True):
    """What the traveller's screen shows. finger: ISO position. done, of: fingers of the plan."""

    step: Step
    finger: int | None = None
    language: str = ""
    done: int = 0
    of: int = 0


def traveller_state(board: BoardState) -> TravellerState:
    """Return what the traveller may see of the board."""
    step = _STEPS[signal_of(board.capture.phase)]
    # What is sent is over for the traveller: when the officer closes, rejects or deletes it follows
    # the result, so from then on the case is as good as none.
    case = None if board.case and board.case.stage is CaseStage.SENT else board.case
    if step is Step.OUT_OF_ORDER:
        return TravellerState(step, language=case.language if case else "")
    if case is None or case.stage not in {CaseStage.CAPTURE, *_TAKEN}:
        return TravellerState(Step.WAIT, language=case.language if case else "")
    if case.stage in _TAKEN:
        return _within(case, Step.LIFT if step is Step.LIFT else Step.DONE, None)
    return _within(case, step, case.now)


def _within(case: CaseShown, step: Step, finger: int | None) -> TravellerState:
    there = [each for each in case.fingers if each.status is not FingerStatus.MISSING]
    done = sum(each.status in _KEPT for each in there)
    return TravellerState(step, finger, case.language, done, len(there))


def traveller_routes(board: Callable[[], Board]) -> list[Route]:
    """Return the page of the traveller's side, and its events. board: the kiosk's."""
    page = importlib.resources.files("greenline.firmware.page") / "static" / "traveller.html"

    async def show(_: Request) -> Response:
        return FileResponse(str(page))

    async def events(request: Request) -> Response:
        return StreamingResponse(_follow(board(), request), media_type="text/event-stream")

    return [Route("/traveller", show), Route("/api/traveller/events", events)]


async def _follow(board: Board, request: Request) -> AsyncIterator[bytes]:
    """Yield what is shown, at once and when it changes; a sign of life at fixed times."""
    told: TravellerState | None = None
    beat_s = time.monotonic() + _HEARTBEAT_S
    with _changes(board) as changed:
        yield b"retry: %d\n\n" % _RECONNECT_MS
        while not await request.is_disconnected():
            changed.clear()
            state = traveller_state(board.state())
            if state != told:
                told = state
                yield b"data: " + msgspec.json.encode(state) + b"\n\n"
            # Not so long after the last event, which may have been one that is not told.
            try:
                await asyncio.wait_for(changed.wait(), max(0.0, beat_s - time.monotonic()))
            except TimeoutError:
                beat_s += _HEARTBEAT_S
                yield b": still here\n\n"


@contextlib.contextmanager
def _changes(board: Board) -> Iterator[asyncio.Event]:
    """Give an event that is set after each change of the board, which other threads make."""
    loop = asyncio.get_running_loop()
    changed = asyncio.Event()

    def wake() -> None:
        # The loop may have ended between the last event and forget(): nobody is left to wake.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(changed.set)

    forget = board.listen(wake)
    try:
        yield changed
    finally:
        forget()
