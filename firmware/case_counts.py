"""How many cases have ended, and how: whole numbers in a small file, and nothing else of a case.

Of a person who is not an adult, or may not be, this is all that is ever written. The file lies
beside the store, survives a power cut, and goes with it when the kiosk is wiped.
"""

import logging
from pathlib import Path

import msgspec

from greenline.firmware.case_state import CaseEnd
from greenline.link.files import replace_file

log = logging.getLogger(__name__)


class Counts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Cases by their end, since the kiosk was installed."""

    sent: int = 0
    minor: int = 0
    refused: int = 0
    stopped: int = 0
    timeout: int = 0


class CaseCounts:
    """Keeps the file. Not safe to share between threads: the desk holds its lock."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._counts = _read(file)

    def counts(self) -> Counts:
        """Return the numbers as they are."""
        return self._counts

    def by_end(self) -> dict[str, int]:
        """Return the same by the end's name."""
        return msgspec.structs.asdict(self._counts)

    def add(self, end: CaseEnd) -> None:
        """Count one more; a card that does not take it costs this one number, not the case."""
        before = getattr(self._counts, end.value)
        self._counts = msgspec.structs.replace(self._counts, **{end.value: before + 1})
        try:
            replace_file(self._file, msgspec.json.encode(self._counts), 0o600)
        except OSError as fault:
            log.warning("cases not counted", extra={"reason": str(fault)})


def counts_beside(store: Path) -> Path:
    """Return where the numbers of a kiosk with this store lie."""
    return store.with_name(f"{store.name}-cases")


def _read(file: Path) -> Counts:
    try:
        return msgspec.json.decode(file.read_bytes(), type=Counts)
    except FileNotFoundError:
        return Counts()
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as fault:
        log.warning("counted from 0 again", extra={"reason": str(fault)})
        return Counts()
