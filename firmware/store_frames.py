"""The store's write-ahead log as bytes: what SQLite reads of it, and what it would silently forget.

SQLite reads the frames up to the first whose checksum is wrong, and nothing behind it. That is
right after a power cut, when the last commit is torn and nobody was told that it was made; after a
flipped bit it drops every commit behind that bit. So the frames behind are read here as well, and
a flipped bit is turned back where it can be told which it was. Pure: no file, no clock.

Source: sqlite.org/fileformat2, sections 4.1 (layout), 4.2 (checksum), 4.4 (which frames count).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from greenline.firmware.store_sums import ORDERS, Sums, mended, sums_of

PAGE_SIZES = frozenset(1 << power for power in range(9, 17))
HEAD_BYTES = 32
FILLING = b"greenline: empty"
"""What an emptied log is filled with, over and over: nothing that SQLite takes for a log."""
FRAME_HEAD_BYTES = 24

_SUMMED_HEAD_BYTES = 24
_MAGIC = 0x377F0682  # and one more where the sums are over big-endian words
_VERSION = 3007000


@dataclass(frozen=True)
class Frame:
    """A page as a commit left it. page: from 1. pages_after: of the database; 0: no commit yet."""

    page: int
    pages_after: int
    body: bytes


@dataclass(frozen=True)
class Log:
    """What a log holds. frames: of its last round, oldest first, up to the last commit.

    read: how many of them SQLite reads. doubtful: the others may as well be what a power cut left
    of a commit that nobody was told of, or older than the database.
    """

    page_bytes: int
    frames: tuple[Frame, ...] = ()
    read: int = 0
    doubtful: bool = False

    @property
    def next_at(self) -> int:
        """Where in the log the frame lies, or would, that follows those that SQLite reads."""
        return HEAD_BYTES + self.read * (FRAME_HEAD_BYTES + self.page_bytes)


@dataclass(frozen=True)
class _Head:
    """The log's head. sound: as it lies there. sums: none where all but the salts is guessed."""

    order: str
    page_bytes: int
    salts: bytes
    sums: tuple[Sums, ...]
    sound: bool


@dataclass(frozen=True)
class _Member:
    """What a place holds of the last round. frames: what it may have been, most likely first.

    sound: SQLite takes it, if it takes all before. mended: a bit was flipped, and no more. torn:
    more than that is wrong with it. sums: from which the next frame's may go on.
    """

    frames: tuple[Frame, ...]
    sound: bool
    mended: bool
    sums: tuple[Sums, ...]
    torn: bool = False


def page_bytes_of(log: bytes) -> int:
    """Return the size of the pages that a log's head tells; 0: it cannot be told."""
    head = _read_head(log)
    return head.page_bytes if head else 0


def read_log(log: bytes, page_bytes: int, *, filled: bool = False) -> tuple[Log, ...]:
    """Read a log, in all ways in which it may be meant; the first is the most likely.

    page_bytes: of the database, for where the log's own head is unreadable. filled: where SQLite
    has written nothing it holds FILLING, never zeros.
    """
    start = _read_head(log)
    if start is None:
        salts = _first_salts(log, page_bytes, filled=filled)
        if not salts:
            return (Log(page_bytes),)
        start = _Head("<u4", page_bytes, salts, (), sound=False)
    members = list(_members(log, start))
    several = next((each for each in members if each and len(each.frames) > 1), None)
    ways = len(several.frames) if several else 1
    return tuple(_as_meant(start, members, several, way) for way in range(ways))


def _as_meant(
    start: _Head, members: list[_Member | None], several: _Member | None, way: int
) -> Log:
    sound = next((at for at, each in enumerate(members) if not _is_read(each)), len(members))
    sound = sound if start.sound else 0
    frames = [each.frames[way if each is several else 0] if each else None for each in members]
    # A process that was killed while it wrote a commit's last frame leaves that one torn.
    commits = [
        at
        for at, (frame, member) in enumerate(zip(frames, members, strict=True))
        if frame and member and frame.page and frame.pages_after and not member.torn
    ]
    forgotten = [at for at in commits if at >= sound]
    certain = bool(start.sums) and (
        not start.sound or len(forgotten) > 1 or any(each and each.mended for each in members)
    )
    end = max(commits, default=-1) + 1
    return Log(
        start.page_bytes,
        frames=tuple(each for each in frames[:end] if each and each.page),
        read=max((at + 1 for at in commits if at < sound), default=0),
        doubtful=bool(forgotten) and not certain,
    )


def _is_read(member: _Member | None) -> bool:
    return member is not None and member.sound


def _read_head(log: bytes) -> _Head | None:
    """Return the head, one flipped bit turned back; None: it is not one."""
    if len(log) < HEAD_BYTES:
        return None
    covered, stored = log[:_SUMMED_HEAD_BYTES], _stored(log[:HEAD_BYTES])
    for order in ORDERS:
        found = sums_of(covered, order, (0, 0))
        turned = (
            ((covered,), (stored,)) if found == stored else mended(covered, order, (0, 0), stored)
        )
        for data in turned[0] if turned else ():
            magic, version, size = struct.unpack_from(">3I", data)
            right = magic == _MAGIC + ORDERS.index(order) and version == _VERSION
            if turned and right and size in PAGE_SIZES:
                return _Head(order, size, data[16:24], turned[1], found == stored)
    return None


def _first_salts(log: bytes, page_bytes: int, *, filled: bool) -> bytes:
    """Return the salts of the last round, whose frames lie before those of earlier rounds.

    Nothing when the log was emptied: then what lies behind is in the database already, and old.
    """
    first = log[: HEAD_BYTES + FRAME_HEAD_BYTES + page_bytes]
    if first.startswith(FILLING) or not (filled or any(first)):
        return b""
    for head, _ in _places(log, page_bytes):
        if any(head[:4]) and any(head[8:16]) and head not in 3 * FILLING:
            return head[8:16]
    return b""


def _places(log: bytes, page_bytes: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield head and body of each place for a frame, whatever lies there."""
    step = FRAME_HEAD_BYTES + page_bytes
    for number in range((len(log) - HEAD_BYTES) // step if page_bytes else 0):
        at = HEAD_BYTES + number * step
        yield log[at : at + FRAME_HEAD_BYTES], log[at + FRAME_HEAD_BYTES : at + step]


def _members(log: bytes, start: _Head) -> Iterator[_Member | None]:
    """Yield what lies at each place; None: nothing of this round, or nothing that can be read."""
    sums = start.sums
    for head, body in _places(log, start.page_bytes):
        member = _member(head, body, start, sums) if any(head) else None
        sums = member.sums if member else (_stored(head),) if any(head) else ()
        yield member


def _member(head: bytes, body: bytes, start: _Head, before: tuple[Sums, ...]) -> _Member | None:
    salted = head[8:16] == start.salts
    if not salted and not _one_bit_apart(head[8:16], start.salts):
        return None
    covered, stored = head[:8] + body, _stored(head)
    found = [sums_of(covered, start.order, each) for each in before]
    frame = _frame(covered)
    if stored in found and frame.page:
        return _Member((frame,), salted, not salted, (stored,))
    if not salted:
        return None
    for each in before:
        turned = mended(covered, start.order, each, stored)
        if turned:
            frames = tuple(_frame(data) for data in turned[0])
            return _Member(frames, sound=False, mended=True, sums=turned[1])
    return _Member((frame,), sound=False, mended=False, torn=bool(before), sums=(stored, *found))


def _frame(covered: bytes) -> Frame:
    page, pages_after = struct.unpack_from(">2I", covered)
    return Frame(page, pages_after, covered[8:])


def _stored(head: bytes) -> Sums:
    """Return the sums at the end of a head."""
    first, second = struct.unpack(">2I", head[-8:])
    return first, second


def _one_bit_apart(one: bytes, other: bytes) -> bool:
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count() == 1
