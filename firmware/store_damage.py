"""Whether the store on the card is as the kiosk has left it. Asked before SQLite opens it.

SQLite itself would forget what lies behind a flipped bit in its log, return a changed envelope, or
refuse the whole file. Here each of these is noticed, and nothing is changed: what to do about it is
store_salvage.py's. A file that is none of ours is no damage: whoever opens it refuses it.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from greenline.firmware.store_aside import unfinished
from greenline.firmware.store_evidence import Evidence, evidence_of, in_use
from greenline.firmware.store_finds import find, schema
from greenline.firmware.store_frames import FRAME_HEAD_BYTES, Log
from greenline.firmware.store_mark import marked_bytes
from greenline.firmware.store_pages import MAGIC, Pages
from greenline.firmware.store_soundness import FOREIGN, is_text_of_ours, row_is_whole, unsound

GONE = "the file is gone"
CUT_OFF = "its log was cut off"
ERASED = "its log was erased"
UNCOUNTED = frozenset({GONE, CUT_OFF, ERASED})
"""Nothing is left to tell how much there was."""
CUT_SHORT = "an earlier salvage was cut short"

_FIXED = (
    (0, MAGIC),
    (20, bytes((0, 64, 32, 32))),
    (44, bytes((0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1))),
    (64, bytes(28)),
)
"""What the head of every store holds, by where it lies (sqlite.org/fileformat2, section 1.3)."""
_MODES = (bytes((1, 1)), bytes((2, 2)))  # read and written with a rollback journal, with a log


def damage_of(store: Path, verify: Callable[[bytes], bool] | None = None) -> str | None:
    """Say, in a few words, what is wrong with a store's files; None: nothing, or not ours.

    verify: whether an envelope was signed by this kiosk; asked about rows of versions that kept no
    digest. A store that another process has open is not looked at. Raises OSError.
    """
    if in_use(store):
        return None
    if unfinished(store) is not None:
        return CUT_SHORT
    found = evidence_of(store)
    if len(found.log) < marked_bytes(store):
        return CUT_OFF
    return damage_in(found, verify)


def damage_in(found: Evidence, verify: Callable[[bytes], bool] | None = None) -> str | None:
    """Say what is wrong with a store, from its bytes alone; None: nothing, or not ours."""
    logs = found.logs()
    log = logs[0]
    if not found.database:
        return GONE if found.ours or log.frames else None
    seen = found.pages(log, log.read)
    told = unsound(seen, verify, ours=found.ours)
    if told == FOREIGN:
        return None
    wrong = _in_log(found, logs, seen) or _in_head(seen) or told
    if wrong is None and found.filled and _is_erased(found.log, log):
        wrong = ERASED
    return wrong if wrong and (found.ours or _reads_as_ours(found.pages(log))) else None


def _in_log(found: Evidence, logs: Sequence[Log], seen: Pages) -> str | None:
    """Say whether SQLite would forget something that the log holds, and that is nowhere else."""
    for log in logs:
        whole = found.pages(log)
        forgotten = {frame.page for frame in log.frames[log.read :]}
        if any(seen.page(number) != whole.page(number) for number in forgotten):
            return "its log is damaged"
    return None


def _in_head(seen: Pages) -> str | None:
    head = seen.page(1)
    right = all(head.startswith(fixed, at) for at, fixed in _FIXED) and head[18:20] in _MODES
    return None if right else "its head is damaged"


def _is_erased(data: bytes, log: Log) -> bool:
    """Whether there are zeros where frames would begin that SQLite does not read."""
    first = log.next_at if log.read else 0
    places = range(first, len(data) - FRAME_HEAD_BYTES, FRAME_HEAD_BYTES + log.page_bytes)
    return not all(any(data[at : at + FRAME_HEAD_BYTES]) for at in places)


def _reads_as_ours(pages: Pages) -> bool:
    """Whether a damaged file was a store: one of its tables, or a row, is as we write them."""
    if any(is_text_of_ours(row[-1]) for row in schema(pages)):
        return True
    return any(row_is_whole(row.values) for row in find(pages).rows)
