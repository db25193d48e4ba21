"""Every state of the status display as a picture: the golden pictures of the tests.

`python -m greenline.drivers.simulation.display_gallery FOLDER [SHEET.png]` draws them anew, and on
one enlarged sheet for somebody to look at.
"""

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image

from greenline.drivers.status_display import SIZE, DisplayState, KioskState, Link, draw

_NOON = datetime(2026, 5, 4, 12, 5, tzinfo=UTC)
_READY = DisplayState(KioskState.READY, Link.UP, clock=_NOON)

EXAMPLES = {
    "starting": DisplayState(KioskState.STARTING, Link.UNKNOWN),
    "ready": _READY,
    "ready_other_beat": replace(_READY, beat=False),
    "ready_pending": replace(_READY, pending=3, oldest_age_s=45.0),
    "ready_no_link": replace(_READY, link=Link.DOWN, pending=12, oldest_age_s=4 * 3600 + 300.0),
    "ready_no_link_for_days": replace(
        _READY, link=Link.DOWN, pending=1234, oldest_age_s=3 * 86400.0
    ),
    "ready_clock_not_set": replace(_READY, link=Link.DOWN, clock=None),
    "ready_camera_missing": replace(_READY, fault_code="E31", fault_words="no camera"),
    "busy": DisplayState(KioskState.BUSY, Link.UP, pending=1, oldest_age_s=2.0, clock=_NOON),
    "locked": DisplayState(KioskState.LOCKED, Link.UP, clock=_NOON),
    "list_expired": DisplayState(KioskState.LIST_EXPIRED, Link.DOWN, clock=_NOON),
    "sensor_dirty": DisplayState(KioskState.SENSOR_DIRTY, Link.UP, clock=_NOON),
    "updating": DisplayState(KioskState.UPDATING, Link.UP, clock=_NOON),
    "wiping": DisplayState(KioskState.WIPING, Link.UP, clock=_NOON, notice="let go: 2 s left"),
    "wiped": DisplayState(KioskState.WIPED, Link.DOWN, clock=_NOON),
    "fault_sensor": DisplayState(
        KioskState.FAULT, Link.UP, 2, 720.0, "E21", "sensor unplugged", _NOON
    ),
    "fault_page_dead": DisplayState(
        KioskState.FAULT, Link.UP, 0, None, "E41", "screen is dead", _NOON
    ),
    "fault_all_at_once": DisplayState(
        KioskState.FAULT, Link.UNKNOWN, 98765, 99 * 86400.0, "E99", "words far too long to fit"
    ),
}

_SCALE = 3
_GAP = 8
_COLUMNS = 4


def write(folder: Path) -> None:
    """Draw every example into a PNG file of its name."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, state in EXAMPLES.items():
        draw(state).save(folder / f"{name}.png", optimize=True)


def contact_sheet() -> Image.Image:
    """Return all examples on one sheet, enlarged, in the order of their names above."""
    step = SIZE[0] * _SCALE + _GAP, SIZE[1] * _SCALE + _GAP
    rows = -(-len(EXAMPLES) // _COLUMNS)
    sheet = Image.new("L", (step[0] * _COLUMNS + _GAP, step[1] * rows + _GAP), 90)
    for number, state in enumerate(EXAMPLES.values()):
        row, column = divmod(number, _COLUMNS)
        large = draw(state).resize((SIZE[0] * _SCALE, SIZE[1] * _SCALE))
        sheet.paste(large.convert("L"), (_GAP + column * step[0], _GAP + row * step[1]))
    return sheet


if __name__ == "__main__":
    write(Path(sys.argv[1]))
    if sys.argv[2:]:
        contact_sheet().save(sys.argv[2])
