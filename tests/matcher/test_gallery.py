"""The gallery: enrolled once, removed for good, unreadable without its key, tampering noticed."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from greenline.matcher.errors import DatabaseError, EnrolmentError, GalleryKeyError
from greenline.matcher.gallery import APPLICATION_ID, Gallery, ListInfo
from greenline.prints import fmr
from tests.matcher.asking import LIST, MODEL, NOW_MS, PURPOSE, Clock, enrol, finger, record


def readable(gallery: Gallery) -> dict[str, bool]:
    """By reference: whether its template can be read."""
    found = [gallery.entry(entry_id) for entry_id in sorted(gallery.entry_ids())]
    return {entry.reference: entry.template is not None for entry in found if entry is not None}


def tamper(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        for statement in statements:
            db.execute(statement)


def test_an_enrolled_finger_comes_back_as_it_was_recorded(gallery: Gallery) -> None:
    given = record(finger(1))
    assert gallery.enrol(LIST, "entry-1", 2, given, MODEL, adult=True)

    (entry_id,) = gallery.entry_ids()
    entry = gallery.entry(entry_id)

    assert entry is not None
    assert (entry.list_name, entry.reference, entry.finger) == (LIST, "entry-1", 2)
    assert entry.template is not None
    assert fmr.from_template(entry.template) == given


def test_enrolling_the_same_again_changes_nothing(gallery: Gallery) -> None:
    enrol(gallery, 1)
    before = gallery.revision(), gallery.lists(), gallery.entry_ids()

    assert not gallery.enrol(LIST, "entry-1", 0, record(finger(1)), MODEL, adult=True)
    assert (gallery.revision(), gallery.lists(), gallery.entry_ids()) == before


@pytest.mark.parametrize(
    ("list_name", "reference", "position", "seed"),
    [
        ("other", "entry-1", 0, 1),
        (LIST, "entry-2", 0, 1),
        (LIST, "entry-1", 1, 1),
        (LIST, "entry-1", 0, 2),
    ],
)
def test_another_list_reference_position_or_record_is_another_enrolment(
    gallery: Gallery, list_name: str, reference: str, position: int, seed: int
) -> None:
    gallery.create_list("other", (PURPOSE,))
    enrol(gallery, 1)

    assert gallery.enrol(list_name, reference, position, record(finger(seed)), MODEL, adult=True)
    assert len(gallery.entry_ids()) == 2


def test_removing_a_reference_removes_all_its_fingers_from_that_list_alone(
    gallery: Gallery,
) -> None:
    gallery.create_list("other", (PURPOSE,))
    enrol(gallery, 1, position=1)
    gallery.enrol(LIST, "entry-1", 2, record(finger(2)), MODEL, adult=True)
    enrol(gallery, 1, "other")
    enrol(gallery, 3)

    assert gallery.remove(LIST, "entry-1") == 2
    assert gallery.remove(LIST, "entry-1") == 0
    left = [gallery.entry(entry_id) for entry_id in sorted(gallery.entry_ids())]
    assert [(entry.list_name, entry.reference) for entry in left if entry is not None] == [
        ("other", "entry-1"),
        (LIST, "entry-3"),
    ]


def test_what_was_removed_can_be_enrolled_again_under_a_new_id(gallery: Gallery) -> None:
    enrol(gallery, 1)
    first = gallery.entry_ids()
    gallery.remove(LIST, "entry-1")

    enrol(gallery, 1)

    assert max(gallery.entry_ids()) > max(first)


def test_an_entry_that_is_not_there_is_none(gallery: Gallery) -> None:
    assert gallery.entry(17) is None


def test_each_change_raises_the_revision_and_dates_its_list(
    gallery_path: Path, gallery_key: bytes
) -> None:
    clock = Clock()
    with closing(Gallery(gallery_path, gallery_key, clock)) as gallery:
        gallery.create_list(LIST, (PURPOSE,))
        seen = [gallery.revision()]
        clock.now_ms += 1
        enrol(gallery, 1)
        seen.append(gallery.revision())
        assert gallery.lists() == {LIST: ListInfo(LIST, (PURPOSE,), NOW_MS + 1)}
        clock.now_ms += 1
        gallery.remove(LIST, "entry-1")
        seen.append(gallery.revision())

        assert gallery.lists() == {LIST: ListInfo(LIST, (PURPOSE,), NOW_MS + 2)}
        assert seen == sorted(set(seen))


def test_a_lists_purposes_can_be_set_anew_and_even_be_none(gallery: Gallery) -> None:
    gallery.create_list(LIST, ("asylum", PURPOSE))
    assert gallery.lists()[LIST].purposes == ("asylum", PURPOSE)

    gallery.create_list(LIST, ())
    assert gallery.lists()[LIST].purposes == ()


def test_nobody_reads_a_template_from_the_file(gallery: Gallery, gallery_path: Path) -> None:
    given = record(finger(1))
    gallery.enrol(LIST, "entry-1", 0, given, MODEL, adult=True)

    content = gallery_path.read_bytes()

    assert b"FMR\0" not in content
    assert given[40:60] not in content


def test_a_removed_template_is_overwritten_in_the_file(
    gallery: Gallery, gallery_path: Path
) -> None:
    enrol(gallery, 1)
    with closing(sqlite3.connect(gallery_path)) as db:
        (sealed,) = db.execute("SELECT record FROM entry").fetchone()
    assert sealed[:100] in gallery_path.read_bytes()

    gallery.remove(LIST, "entry-1")
    assert sealed[:100] not in gallery_path.read_bytes()


def test_the_wrong_key_is_refused_and_the_file_not_changed(
    gallery: Gallery, gallery_path: Path
) -> None:
    enrol(gallery, 1)
    before = gallery_path.read_bytes()

    with pytest.raises(GalleryKeyError, match="the key does not open the gallery"):
        Gallery(gallery_path, os.urandom(32))
    assert gallery_path.read_bytes() == before


def test_a_key_of_another_length_is_refused_before_any_file_is_made(gallery_path: Path) -> None:
    with pytest.raises(GalleryKeyError, match="a gallery key has 32 bytes, this one 16"):
        Gallery(gallery_path, bytes(16))
    assert not gallery_path.exists()


def test_a_gallery_of_a_newer_version_is_refused_and_not_changed(
    gallery: Gallery, gallery_path: Path, gallery_key: bytes
) -> None:
    enrol(gallery, 1)
    tamper(gallery_path, "PRAGMA user_version = 3")
    before = gallery_path.read_bytes()

    with pytest.raises(DatabaseError, match="newer version of Greenline"):
        Gallery(gallery_path, gallery_key)
    assert gallery_path.read_bytes() == before


def test_the_file_says_what_it_is(gallery: Gallery, gallery_path: Path) -> None:
    with closing(sqlite3.connect(gallery_path)) as db:
        assert db.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert db.execute("PRAGMA user_version").fetchone() == (2,)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE entry SET record = (SELECT record FROM entry WHERE reference = 'entry-2')",
        "UPDATE entry SET reference = 'entry-9'",
        "UPDATE entry SET finger = 5",
        "UPDATE entry SET list = 'other'",
        "UPDATE entry SET record = CAST(substr(record, 1, 200) AS BLOB)",
        "UPDATE entry SET record = x''",
        "UPDATE entry SET record = x'00112233'",
    ],
)
def test_a_changed_or_swapped_row_is_there_but_unreadable(
    gallery: Gallery, gallery_path: Path, change: str
) -> None:
    enrol(gallery, 1)
    enrol(gallery, 2)
    assert all(readable(gallery).values())

    tamper(gallery_path, f"{change} WHERE reference = 'entry-1'")

    assert list(readable(gallery).values()) == [False, True]


def test_a_proof_that_was_removed_does_not_let_another_key_read(
    gallery: Gallery, gallery_path: Path
) -> None:
    enrol(gallery, 1)
    tamper(gallery_path, "DELETE FROM gallery")

    with closing(Gallery(gallery_path, os.urandom(32))) as other:
        assert readable(other) == {"entry-1": False}


@pytest.mark.parametrize("text", ["", "x" * 65, "two\nlines", "naïve"])
def test_names_that_do_not_fit_a_result_are_refused(gallery: Gallery, text: str) -> None:
    before = gallery.revision()

    with pytest.raises(EnrolmentError, match="cannot be a list: use 1 to 64 printable ASCII"):
        gallery.create_list(text, (PURPOSE,))
    with pytest.raises(EnrolmentError, match="cannot be a purpose"):
        gallery.create_list("new", (text,))
    with pytest.raises(EnrolmentError, match="cannot be a reference"):
        gallery.enrol(LIST, text, 0, record(finger(1)), MODEL, adult=True)
    with pytest.raises(EnrolmentError, match="cannot be a model"):
        gallery.enrol(LIST, "entry-1", 0, record(finger(1)), text, adult=True)
    assert gallery.revision() == before


def test_what_could_never_match_is_not_enrolled(gallery: Gallery) -> None:
    for few in (0, 7):
        with pytest.raises(EnrolmentError, match=f"{few} minutiae are too few to be found again"):
            gallery.enrol(LIST, "entry-1", 0, record(finger(1, minutiae=few)), MODEL, adult=True)
    with pytest.raises(EnrolmentError, match="the record cannot be read"):
        gallery.enrol(LIST, "entry-1", 0, record(finger(1))[:-1], MODEL, adult=True)
    with pytest.raises(EnrolmentError, match="finger position 11 is not one of 0 to 10"):
        gallery.enrol(LIST, "entry-1", 11, record(finger(1)), MODEL, adult=True)
    with pytest.raises(EnrolmentError, match="there is no list 'nowhere': create it first"):
        gallery.enrol("nowhere", "entry-1", 0, record(finger(1)), MODEL, adult=True)
    assert gallery.entry_ids() == set()


def test_on_a_full_disk_nothing_is_half_enrolled(gallery: Gallery) -> None:
    database = gallery._db  # the limit is per connection, so it is set on the gallery's own
    (pages,) = database.read("PRAGMA page_count")[0]
    database.read(f"PRAGMA max_page_count = {pages}")
    before = gallery.revision()

    def enrol_many() -> None:
        for seed in range(1, 100):
            enrol(gallery, seed)

    with pytest.raises(DatabaseError, match="the disk is full"):
        enrol_many()
    enrolled = readable(gallery)
    assert all(enrolled.values())
    assert gallery.revision() == before + len(enrolled)

    database.read("PRAGMA max_page_count = 10000")
    enrol(gallery, 100)
    assert set(readable(gallery)) == {*enrolled, "entry-100"}
