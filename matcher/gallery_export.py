"""A list as files, one record an entry, named as an import reads them."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from greenline.matcher.errors import EnrolmentError
from greenline.matcher.gallery import Gallery
from greenline.matcher.gallery_manifest import Declared
from greenline.matcher.gallery_names import name_of

_AT_ONCE = 1000  # rows


@dataclass(frozen=True)
class Exported:
    """One entry. record: None when it cannot be read. declared: its line of the manifest."""

    entry_id: int
    name: str
    record: bytes | None
    declared: Declared


def exported(gallery: Gallery, list_name: str) -> Iterator[Exported]:
    """Yield the entries of a list by id; of those that cannot be read no more than that.

    An entry on a damaged page may be of any list: it is told for each. Raises EnrolmentError when
    there is no such list, DatabaseError.
    """
    if list_name not in gallery.lists():
        raise EnrolmentError(f"there is no list {list_name!r}")
    ids = sorted(gallery.entry_ids())
    seen: Counter[tuple[str, int]] = Counter()
    for at in range(0, len(ids), _AT_ONCE):
        part = ids[at : at + _AT_ONCE]
        rows = {row.entry_id: row for row in gallery.rows.some(part)}
        for entry_id in part:
            row = rows.get(entry_id)
            if row is None:
                yield Exported(entry_id, "", None, Declared(adult=True))
            elif row.list_name == list_name:
                seen[row.reference, row.finger] += 1
                name = name_of(row.reference, row.finger, seen[row.reference, row.finger])
                declared = Declared(
                    adult=True, reference=row.reference, finger=row.finger, model=row.model
                )
                yield Exported(entry_id, name, gallery.rows.record(row), declared)
