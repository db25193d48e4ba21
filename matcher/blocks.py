"""A block: up to 4096 entries made ready for the kernel, in the columns that it compares.

Derived from the entries' records, and therefore thrown away and made again at any time. Nothing
here knows of files or keys.
"""

from dataclasses import dataclass, replace
from typing import Any, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from greenline.matcher.segment import Segment

MOST_ENTRIES = 4096

_ROWS = ("entry_ids", "person", "list_ids", "finger", "model")
_ALIGNED = 8  # bytes: so that a column can be used where it lies
_LENGTH = 4


@dataclass(frozen=True, eq=False)
class Block:
    """Entries in the order of their ids. All columns have one row an entry.

    segment: see matcher.segment. entry_ids: int64. person: uint64, the same for all fingers of a
    reference on a list, see gallery_records.person. list_ids: int64, see ListInfo.list_id. finger:
    uint8, ISO position. model: uint16, see Gallery.models; 0 unknown.
    unreadable: ids of entries that belong here and cannot be read. remade: why the stored block
    was not used; empty when it was.
    """

    segment: Segment
    entry_ids: NDArray[np.int64]
    person: NDArray[np.uint64]
    list_ids: NDArray[np.int64]
    finger: NDArray[np.uint8]
    model: NDArray[np.uint16]
    unreadable: tuple[int, ...] = ()
    remade: str = ""

    def __len__(self) -> int:
        return len(self.entry_ids)

    def to_bytes(self) -> bytes:
        """Return the columns as bytes; neither unreadable nor remade are in them."""
        columns = self._columns()
        shapes = [(name, column.dtype.str, column.shape) for name, column in columns.items()]
        head = msgspec.msgpack.encode(shapes)
        parts = [len(head).to_bytes(_LENGTH), head, bytes(-(_LENGTH + len(head)) % _ALIGNED)]
        for column in columns.values():
            parts += [column.tobytes(), bytes(-column.nbytes % _ALIGNED)]
        return b"".join(parts)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what to_bytes wrote. Raises ValueError, TypeError, KeyError, MsgspecError."""
        # The kernel compiles once more for columns that may not be written.
        writable = bytearray(data)
        length = int.from_bytes(data[:_LENGTH])
        at = _LENGTH + length
        shapes = msgspec.msgpack.decode(
            data[_LENGTH:at], type=list[tuple[str, str, tuple[int, ...]]]
        )
        columns: dict[str, NDArray[Any]] = {}
        for name, kind, shape in shapes:
            at += -at % _ALIGNED
            size = int(np.prod(shape, dtype=np.int64))
            columns[name] = np.frombuffer(writable, np.dtype(kind), size, at).reshape(shape)
            at += columns[name].nbytes
        segment = Segment(**{name: columns.pop(name) for name in Segment._fields})
        entry_ids, person, list_ids, finger, model = (columns[name] for name in _ROWS)
        return cls(segment, entry_ids, person, list_ids, finger, model)

    def kept(self, keep: NDArray[np.bool_]) -> Self:
        """Return the block of those entries alone that keep (one bool an entry) selects."""
        if keep.all():
            return self
        return replace(
            self,
            segment=_picked(self.segment, keep),
            entry_ids=self.entry_ids[keep],
            person=self.person[keep],
            list_ids=self.list_ids[keep],
            finger=self.finger[keep],
            model=self.model[keep],
        )

    def _columns(self) -> dict[str, NDArray[Any]]:
        return {**self.segment._asdict(), **{name: getattr(self, name) for name in _ROWS}}


def _picked(segment: Segment, keep: NDArray[np.bool_]) -> Segment:
    minutiae, corners = np.diff(segment.starts), np.diff(segment.hull_starts)
    kept, corners_kept = np.repeat(keep, minutiae), np.repeat(keep, corners)
    return Segment(
        words=np.ascontiguousarray(segment.words[:, kept]),
        place=np.ascontiguousarray(segment.place[:, kept]),
        kind=segment.kind[kept],
        quality=segment.quality[kept],
        starts=_starts(minutiae[keep]),
        hull=segment.hull[corners_kept],
        hull_starts=_starts(corners[keep]),
        order=segment.order[keep],
    )


def _starts(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def runs(
    ids: NDArray[np.int64], boundaries: NDArray[np.int64], most: int
) -> list[NDArray[np.int64]]:
    """Cut ascending ids into runs of at most so many, none across a boundary.

    boundaries: ids (ascending) of which each begins another run, whether it is there or not.
    """
    cuts = np.searchsorted(ids, boundaries)
    return [
        part[at : at + most] for part in np.split(ids, cuts) for at in range(0, len(part), most)
    ]
