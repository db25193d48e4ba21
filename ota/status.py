"""What the update client is doing, in one small file: read by `greenline update status` and screen.

docs/updates.md has the format. It is told in codes (reasons.py), and in words for a person.
"""

import contextlib
import enum
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from greenline.ota import durable
from greenline.ota.errors import CardError, LostError, OtaError, RefusedError
from greenline.ota.reasons import Reason

_MOST_BYTES: Final = 65536
_MOST_WORDS: Final = 500

Bytes = Annotated[int, Meta(ge=0, le=2**62)]


class State(enum.StrEnum):
    """Where an update stands, for this client; what the installer does is in the history."""

    NEVER_ASKED = "never-asked"
    UP_TO_DATE = "up-to-date"
    AVAILABLE = "available"
    DOWNLOADING = "downloading"
    READY = "ready"
    WAITING = "waiting"
    REFUSED = "refused"
    INTERRUPTED = "interrupted"
    CARD_FAILED = "card-failed"


WORDS: Final = {
    State.NEVER_ASKED: "This device has not asked for an update yet.",
    State.UP_TO_DATE: "This device runs the newest release.",
    State.AVAILABLE: "A new release is there.",
    State.DOWNLOADING: "A new release is being fetched.",
    State.READY: "A new release is fetched and waits to be installed.",
    State.WAITING: "A new release is there, but not for now.",
    State.REFUSED: "A release was refused.",
    State.INTERRUPTED: "The update could not be fetched to its end; it goes on at the next try.",
    State.CARD_FAILED: "The memory card does not take the update. The kiosk itself goes on.",
}


class Status(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The file. at_s: Unix time, as the device believed it. words: why, for a person.

    done, total: bytes of the image that are on the card, and all; fetched: compressed bytes that
    this run read from its source.
    """

    format: Annotated[int, Meta(ge=1, le=1)] = 1
    at_s: Bytes = 0
    state: State = State.NEVER_ASKED
    release: str = ""
    done: Bytes = 0
    total: Bytes = 0
    fetched: Bytes = 0
    reason: Reason | None = None
    words: str = ""


def write_status(path: Path, status: Status) -> None:
    """Replace the file. Raises CardError."""
    told = msgspec.structs.replace(status, words=status.words[:_MOST_WORDS])
    durable.replace_file(path, msgspec.json.encode(told) + b"\n")


def read_status(path: Path) -> Status:
    """Return what the file says; a broken one says that nothing is known. Raises CardError."""
    data = durable.read(path, _MOST_BYTES) or b""
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return msgspec.json.decode(data, type=Status)
    return Status()


_FOR_LATER: Final = frozenset({Reason.BUSY, Reason.NOT_OUR_TURN})


class StatusFile:
    """The file, for who writes it."""

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        """clock: Unix time, as time.time."""
        self._path = path
        self._clock = clock

    def read(self) -> Status:
        """Return what it says now. Raises CardError."""
        return read_status(self._path)

    def tell(self, state: State, release: str = "", **more: Any) -> None:
        """Say where the update stands; more: the other fields of Status. Raises CardError."""
        at_s = max(0, int(self._clock()))
        write_status(self._path, Status(at_s=at_s, state=state, release=release, **more))

    @contextlib.contextmanager
    def telling(self) -> Iterator[None]:
        """Say why what is done inside ended early, and raise it on."""
        try:
            yield
        except RefusedError as fault:
            later = fault.code in _FOR_LATER
            self._ended(State.WAITING if later else State.REFUSED, fault, fault.code)
            raise
        except LostError as fault:
            self._ended(State.INTERRUPTED, fault)
            raise
        except CardError as fault:
            with contextlib.suppress(CardError):
                self._ended(State.CARD_FAILED, fault)
            raise

    def _ended(self, state: State, fault: OtaError, reason: Reason | None = None) -> None:
        before = self.read()
        # What was refused at once has nothing to do with the bytes of the download before.
        known = before if before.state is State.DOWNLOADING or reason is None else Status()
        at_s = max(0, int(self._clock()))
        told = {"at_s": at_s, "state": state, "reason": reason, "words": str(fault)}
        write_status(self._path, msgspec.structs.replace(known, **told))


def sentences(status: Status) -> list[str]:
    """Return what a person reads."""
    lines = [WORDS[status.state]]
    if status.release:
        lines.append(f"Release: {status.release}")
    if status.total:
        share = 100 * status.done // status.total
        lines.append(f"On the card: {status.done} of {status.total} bytes ({share} %)")
    if status.words:
        code = f" [{status.reason}]" if status.reason else ""
        lines.append(f"Why: {status.words}{code}")
    return lines
