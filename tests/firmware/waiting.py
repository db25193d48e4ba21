"""Waits until the board shows something, without looking at the clock more than once."""

import threading
from collections.abc import Callable

from greenline.drivers.recovery import Policy
from greenline.firmware.board import Board, BoardState, DeviceName, DeviceState

LONGEST_S = 20.0
IMPATIENT = Policy(first_s=0.05, most_s=0.1)
"""How a kiosk would try again if nobody minded the work."""


def until(board: Board, wanted: Callable[[BoardState], bool]) -> BoardState:
    """Return the first state that is wanted. Fails when none comes."""
    found: list[BoardState] = []
    came = threading.Event()

    def look() -> None:
        state = board.state()
        if not found and wanted(state):
            found.append(state)
            came.set()

    forget = board.listen(look)
    look()
    came.wait(LONGEST_S)
    forget()
    assert found, f"never came; the board shows {board.state()}"
    return found[0]


def device(state: BoardState, name: DeviceName) -> DeviceState | None:
    return next((each for each in state.devices if each.name is name), None)


def missing(name: DeviceName) -> Callable[[BoardState], bool]:
    return lambda state: bool((found := device(state, name)) and found.missing)


def there(name: DeviceName) -> Callable[[BoardState], bool]:
    return lambda state: bool((found := device(state, name)) and not found.missing)
