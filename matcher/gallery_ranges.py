"""Which entries stand in which block: by ranges of their ids, which never overlap."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from greenline.matcher.database import DamagedError, Database

log = logging.getLogger(__name__)

Ids = NDArray[np.int64]


@dataclass(frozen=True)
class Range:
    """A block's place. version: of the preparation, see preparing.version."""

    number: int
    version: bytes
    first_id: int
    last_id: int

    def context(self) -> bytes:
        """Return what the block is bound to."""
        place = f"block {self.number} {self.first_id} {self.last_id}\n"
        return place.encode() + self.version

    def row(self) -> tuple[int, bytes, int, int]:
        """Return the first columns of its row."""
        return self.number, self.version, self.first_id, self.last_id

    def of(self, ids: Ids) -> Ids:
        """Return those of ascending ids that lie in the range."""
        first, end = np.searchsorted(ids, [self.first_id, self.last_id + 1])
        return ids[first:end]


def read_ranges(db: Database) -> list[Range]:
    """Return the blocks' places by ascending ids, without those whose page is damaged."""
    found: list[Range] = []
    (last,) = db.read("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'block'")[0]
    for number in range(1, last + 1):  # one by one: a damaged page hides its own rows alone
        try:
            rows = db.read(
                "SELECT number, version, first_id, last_id FROM block WHERE number = ?", number
            )
        except DamagedError as fault:
            log.warning("block %d is left out: %s", number, fault)
            continue
        found += [Range(*row) for row in rows]
    return sorted(found, key=lambda place: place.first_id)


def ascending(ids: Iterable[int]) -> Ids:
    """Return ids in order."""
    return np.sort(np.fromiter(ids, np.int64))


def outside(ids: Ids, ranges: Iterable[Range]) -> Ids:
    """Return those of ascending ids that stand in no range."""
    inside = [place.of(ids) for place in ranges]
    return np.setdiff1d(ids, np.concatenate([np.empty(0, np.int64), *inside]), assume_unique=True)
