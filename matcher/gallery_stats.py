"""A gallery in numbers. They name no entry."""

from dataclasses import dataclass

from greenline.matcher.database import Database


@dataclass(frozen=True)
class Stats:
    """entries, persons: by list. fingers: how many persons have how many entries.

    models: entries by model. blocks, placed: how many blocks, and entries in them. sealed_bytes: of
    the records and of the blocks. changes: lines of the log; last_change_ms: None without any.
    """

    entries: dict[str, int]
    persons: dict[str, int]
    fingers: dict[int, int]
    models: dict[str, int]
    blocks: int
    placed: int
    sealed_bytes: tuple[int, int]
    changes: int
    last_change_ms: int | None


def read_stats(db: Database) -> Stats:
    """Count. Opens no record. Raises DatabaseError."""
    lists = db.read("SELECT list, count(*), count(DISTINCT reference) FROM entry GROUP BY list")
    fingers = db.read(
        "SELECT many, count(*) FROM (SELECT count(*) AS many FROM entry GROUP BY list, reference) "
        "GROUP BY many ORDER BY many"
    )
    ((blocks, placed, block_bytes),) = db.read(
        "SELECT count(*), coalesce(sum(entries), 0), coalesce(sum(length(sealed)), 0) FROM block"
    )
    ((record_bytes,),) = db.read("SELECT coalesce(sum(length(record)), 0) FROM entry")
    ((changes, last),) = db.read("SELECT count(*), max(at_ms) FROM change")
    return Stats(
        entries={name: count for name, count, _ in lists},
        persons={name: count for name, _, count in lists},
        fingers=dict(fingers),
        models=dict(db.read("SELECT model, count(*) FROM entry GROUP BY model ORDER BY model")),
        blocks=blocks,
        placed=placed,
        sealed_bytes=(record_bytes, block_bytes),
        changes=changes,
        last_change_ms=last,
    )
