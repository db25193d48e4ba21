"""The small status display, drawn: 128x64 pixels, one bit each.

It tells officer and technician how the kiosk is even when the page is dead, so it needs neither
page nor browser nor network. English only: the font is Pillow's built-in bitmap font, which every
version of Pillow and FreeType draws alike and which has Latin letters alone. As on the page, no
word here depends on what a search has found.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Protocol

from PIL import Image, ImageDraw, ImageFont

SIZE = (128, 64)

_CELL = (6, 11)  # of one letter of the font
_LETTERS_A_LINE = SIZE[0] // _CELL[0]
_LEFT = 1  # the font's letters reach one pixel out of their cells
_WORD_TOP = 11
_LINE_TOPS = (33, 43, 53)
_BEAT_BOX = (125, 30, 127, 32)
_ON, _OFF = 1, 0


class KioskState(Enum):
    """How the kiosk is: the word that is read from afar."""

    STARTING = "STARTING"
    READY = "READY"
    BUSY = "BUSY"
    LOCKED = "LOCKED"
    LIST_EXPIRED = "LIST OLD"
    SENSOR_DIRTY = "WIPE GLASS"
    UPDATING = "UPDATING"
    WIPING = "WIPING"
    WIPED = "WIPED"
    FAULT = "FAULT"


class Link(Enum):
    """Whether the centre can be reached."""

    UP = "link up"
    DOWN = "no link"
    UNKNOWN = "link ?"


@dataclass(frozen=True)
class DisplayState:
    """Everything that is shown.

    pending: requests that the centre has not answered. oldest_age_s: seconds since the oldest of
    them was made, None without any. fault_code: such as "E21", empty without a fault; fault_words:
    what it is, in at most 16 letters, longer ones are cut. clock: with its zone; None while the
    time cannot be trusted. beat: alternates each second, so that a frozen display can be told.
    notice: what must be known of the kiosk, in at most 21 letters; shown while there is no fault.
    """

    state: KioskState
    link: Link
    pending: int = 0
    oldest_age_s: float | None = None
    fault_code: str = ""
    fault_words: str = ""
    clock: datetime | None = None
    beat: bool = True
    notice: str = ""


class StatusScreen(Protocol):
    """Something that shows such a picture. Every method but close may raise PortLostError."""

    def show(self, image: Image.Image) -> None:
        """Show this picture, of mode "1" and 128x64 pixels, until told otherwise."""

    def close(self) -> None:
        """Go dark and let go of the device; harmless when it is gone or closed already."""


def draw(state: DisplayState) -> Image.Image:
    """Return the picture for this state: mode "1", 128x64 pixels, lit is 1."""
    image = Image.new("1", SIZE, _OFF)
    clock = "clock not set" if state.clock is None else _clock(state.clock)
    _text(image, 0, state.link.value)
    _text(image, 0, clock.rjust(_LETTERS_A_LINE))
    _word(image, state.state)
    for top, line in zip(_LINE_TOPS, _lines(state), strict=True):
        _text(image, top, line)
    if state.beat:
        colour = _OFF if state.state in _URGENT else _ON
        ImageDraw.Draw(image).rectangle(_BEAT_BOX, fill=colour)
    return image


def age_words(seconds: float) -> str:
    """Say how long ago something was, in one or two units, rounded down."""
    minutes = int(max(0.0, seconds)) // 60
    if minutes < 1:
        return f"{int(max(0.0, seconds))} s"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60:02} min"
    return f"{minutes // (24 * 60)} days"


_HINTS = {
    KioskState.STARTING: "please wait",
    KioskState.READY: "no fault",
    KioskState.BUSY: "a check is running",
    KioskState.LOCKED: "log in on the screen",
    KioskState.LIST_EXPIRED: "load a newer list",
    KioskState.SENSOR_DIRTY: "clean the sensor",
    KioskState.UPDATING: "do not switch off",
    KioskState.WIPING: "let go to stop it",
    KioskState.WIPED: "enrol it again",
    KioskState.FAULT: "see the log",
}
_URGENT = {
    KioskState.FAULT,
    KioskState.LIST_EXPIRED,
    KioskState.SENSOR_DIRTY,
    KioskState.WIPING,
    KioskState.WIPED,
}


def _lines(state: DisplayState) -> tuple[str, str, str]:
    """Return the three small lines: what is pending, since when, and what to do."""
    pending = f"pending {state.pending}" if state.pending else "nothing pending"
    oldest = "" if state.oldest_age_s is None else f"oldest {age_words(state.oldest_age_s)}"
    fault = f"{state.fault_code} {state.fault_words}".strip()
    calm = state.state in {KioskState.READY, KioskState.BUSY, KioskState.WIPING}
    return pending, oldest, fault or (state.notice if calm else "") or _HINTS[state.state]


def _clock(clock: datetime) -> str:
    return clock.astimezone(UTC).strftime("%H:%M UTC")


def _text(image: Image.Image, top: int, text: str) -> None:
    """Write one line; what the font lacks becomes a question mark."""
    plain = text[:_LETTERS_A_LINE].encode("latin-1", "replace").decode("latin-1")
    drawing = ImageDraw.Draw(image)
    drawing.fontmode = "1"
    drawing.text((_LEFT, top), plain, fill=_ON, font=ImageFont.load_default_imagefont())


def _word(image: Image.Image, state: KioskState) -> None:
    """Write the state in letters of double size; what needs somebody stands in a lit bar."""
    word = Image.new("1", (_LEFT + _CELL[0] * len(state.value), _CELL[1]), _OFF)
    _text(word, 0, state.value)
    large = word.resize((word.width * 2, word.height * 2), Image.Resampling.NEAREST)
    if state in _URGENT:
        bar = (0, _WORD_TOP, SIZE[0] - 1, _WORD_TOP + large.height - 1)
        ImageDraw.Draw(image).rectangle(bar, fill=_ON)
        large = large.point(lambda lit: not lit)
    image.paste(large, ((SIZE[0] - large.width) // 2, _WORD_TOP))
