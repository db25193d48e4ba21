"""The operation log: each change a line, each operation once, and nobody under 18."""

import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from greenline.matcher.errors import EnrolmentError
from greenline.matcher.gallery import Change, ChangeKind, Enrolment, Gallery
from tests.matcher.asking import LIST, MODEL, PURPOSE, Clock, enrol, finger, record
from tests.matcher.test_gallery import readable, tamper

ENROLLED, REMOVED = ChangeKind.ENROLLED, ChangeKind.REMOVED


def told(gallery: Gallery, after: int = 0) -> list[tuple[ChangeKind, int]]:
    return [(change.kind, change.entry_id) for change in gallery.changes(after)]


def some(*seeds: int) -> list[Enrolment]:
    return [Enrolment(f"entry-{seed}", 0, record(finger(seed)), MODEL) for seed in seeds]


def test_the_log_tells_what_was_enrolled_and_removed_in_order(gallery: Gallery) -> None:
    assert (gallery.position(), gallery.changes(0)) == (0, [])
    enrol(gallery, 1)
    enrol(gallery, 2)
    between = gallery.position()
    gallery.remove(LIST, "entry-1")

    assert told(gallery) == [(ENROLLED, 1), (ENROLLED, 2), (REMOVED, 1)]
    assert gallery.changes(between) == [Change(gallery.position(), REMOVED, 1)]
    assert gallery.changes(gallery.position()) == []


def test_what_changes_nothing_is_no_line(gallery: Gallery) -> None:
    enrol(gallery, 1)
    before = gallery.position()

    assert not gallery.enrol(LIST, "entry-1", 0, record(finger(1)), MODEL, adult=True)
    assert gallery.remove(LIST, "nobody") == 0
    assert gallery.position() == before


def test_a_repeated_operation_changes_nothing_whatever_it_says(gallery: Gallery) -> None:
    first, second = os.urandom(16), os.urandom(16)
    assert gallery.enrol(LIST, "entry-1", 0, record(finger(1)), MODEL, operation=first, adult=True)
    assert gallery.remove(LIST, "entry-1", operation=second) == 1
    before = gallery.position(), gallery.revision()

    assert not gallery.enrol(
        LIST, "entry-1", 0, record(finger(1)), MODEL, operation=first, adult=True
    )
    assert not gallery.enrol(
        LIST, "entry-2", 0, record(finger(2)), MODEL, operation=second, adult=True
    )
    assert gallery.remove(LIST, "entry-1", operation=second) == 0
    assert (gallery.position(), gallery.revision()) == before
    assert gallery.entry_ids() == set()


def test_a_removal_that_comes_again_does_not_remove_who_was_enrolled_since(
    gallery: Gallery,
) -> None:
    operation = os.urandom(16)
    assert gallery.remove(LIST, "entry-1", operation) == 0
    enrol(gallery, 1)

    assert gallery.remove(LIST, "entry-1", operation) == 0
    assert readable(gallery) == {"entry-1": True}


def test_an_enrolment_that_comes_again_does_not_bring_back_who_was_removed_since(
    gallery: Gallery,
) -> None:
    operation = os.urandom(16)
    enrol(gallery, 1)
    assert not gallery.enrol(
        LIST, "entry-1", 0, record(finger(1)), MODEL, operation=operation, adult=True
    )
    gallery.remove(LIST, "entry-1")

    assert not gallery.enrol(
        LIST, "entry-1", 0, record(finger(1)), MODEL, operation=operation, adult=True
    )
    assert gallery.entry_ids() == set()


def test_the_same_content_may_come_and_go_any_number_of_times(gallery: Gallery) -> None:
    for _ in range(3):
        enrol(gallery, 1)
        gallery.remove(LIST, "entry-1")

    kinds = [kind for kind, _ in told(gallery)]
    assert kinds == [ENROLLED, REMOVED] * 3


def test_a_removal_of_several_fingers_is_one_operation_of_several_lines(gallery: Gallery) -> None:
    operation = os.urandom(16)
    for position in (1, 2, 3):
        enrol(gallery, 1, position=position)

    assert gallery.remove(LIST, "entry-1", operation) == 3
    assert told(gallery, after=3) == [(REMOVED, 1), (REMOVED, 2), (REMOVED, 3)]
    assert gallery.remove(LIST, "entry-1", operation) == 0


def test_an_operations_id_of_another_length_is_refused(gallery: Gallery) -> None:
    with pytest.raises(EnrolmentError, match="an operation's id has 16 bytes, this one 3"):
        gallery.enrol(LIST, "entry-1", 0, record(finger(1)), MODEL, operation=b"abc", adult=True)
    assert gallery.entry_ids() == set()


def test_the_log_holds_no_reference_and_no_template(gallery: Gallery, gallery_path: Path) -> None:
    enrol(gallery, 1)
    with closing(sqlite3.connect(gallery_path)) as db:
        (line,) = db.execute("SELECT operation, kind, entry_id, at_ms FROM change").fetchall()

    assert (len(line[0]), line[1:]) == (16, ("enrolled", 1, Clock().now_ms))


def test_several_are_enrolled_as_one_transaction_or_none(gallery: Gallery) -> None:
    good, short = some(1, 2), Enrolment("entry-3", 0, record(finger(3, minutiae=5)), MODEL)

    with pytest.raises(EnrolmentError, match="entry-3: 5 minutiae are too few"):
        gallery.enrol_all(LIST, [*good, short], adult=True)
    assert gallery.entry_ids() == set()

    before = gallery.revision()
    assert gallery.enrol_all(LIST, good, adult=True) == 2
    assert gallery.enrol_all(LIST, [*good, *some(3, 3)], adult=True) == 1
    assert list(readable(gallery)) == ["entry-1", "entry-2", "entry-3"]
    assert gallery.revision() == before + 2


def test_what_was_made_of_the_same_source_is_known_again(gallery: Gallery) -> None:
    source = b"digest of a picture"
    made = [Enrolment("entry-1", 2, record(finger(1)), MODEL, source)]
    assert not gallery.holds(LIST, "entry-1", 2, source)
    gallery.enrol_all(LIST, made, adult=True)

    assert gallery.holds(LIST, "entry-1", 2, source)
    assert not gallery.holds(LIST, "entry-1", 3, source)
    gallery.remove(LIST, "entry-1")
    assert not gallery.holds(LIST, "entry-1", 2, source)


def test_the_same_record_with_a_source_and_without_is_one_entry(gallery: Gallery) -> None:
    (plain,) = some(1)
    with_source = Enrolment("entry-1", 0, plain.record, MODEL, b"digest of a picture")

    assert gallery.enrol_all(LIST, [with_source, plain], adult=True) == 1
    gallery.remove(LIST, "entry-1")
    assert gallery.enrol_all(LIST, [plain, with_source], adult=True) == 1
    assert gallery.holds(LIST, "entry-1", 0, b"digest of a picture")


def test_what_was_made_of_a_source_is_not_held_while_it_cannot_be_read(
    gallery: Gallery, gallery_path: Path
) -> None:
    made = [Enrolment("entry-1", 0, record(finger(1)), MODEL, b"digest of a picture")]
    gallery.enrol_all(LIST, made, adult=True)
    tamper(gallery_path, "UPDATE entry SET record = zeroblob(200)")

    assert not gallery.holds(LIST, "entry-1", 0, b"digest of a picture")
    assert gallery.enrol_all(LIST, made, adult=True) == 1
    assert gallery.holds(LIST, "entry-1", 0, b"digest of a picture")


def test_enrolling_an_unreadable_entry_again_repairs_it_under_its_id(
    gallery: Gallery, gallery_path: Path
) -> None:
    enrol(gallery, 1)
    enrol(gallery, 2)
    for _ in range(2):
        tamper(gallery_path, "UPDATE entry SET record = zeroblob(200) WHERE reference = 'entry-1'")
        before = gallery.position()

        enrol(gallery, 1)

        assert told(gallery, before) == [(ENROLLED, 1)]
        assert readable(gallery) == {"entry-1": True, "entry-2": True}


def test_people_under_18_are_not_enrolled(gallery: Gallery) -> None:
    with pytest.raises(EnrolmentError, match="people under 18 are not enrolled"):
        gallery.enrol(LIST, "entry-1", 0, record(finger(1)), MODEL, adult=False)
    with pytest.raises(EnrolmentError, match="people under 18 are not enrolled"):
        gallery.enrol_all(LIST, some(1), adult=False)
    assert (gallery.entry_ids(), gallery.position()) == (set(), 0)


def test_of_one_operation_sent_by_several_threads_one_is_done(gallery: Gallery) -> None:
    operation = os.urandom(16)
    done: list[bool] = []

    def send(seed: int) -> None:
        given = record(finger(seed))
        done.append(
            gallery.enrol(LIST, f"entry-{seed}", 0, given, MODEL, operation=operation, adult=True)
        )

    threads = [threading.Thread(target=send, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(done) == [False] * 5 + [True]
    assert len(gallery.entry_ids()) == 1


def test_a_list_has_an_owner_and_an_end(gallery: Gallery) -> None:
    gallery.create_list("short", (PURPOSE,), owner="prosecution", valid_until_ms=1000)

    short, endless = gallery.lists()["short"], gallery.lists()[LIST]

    assert (short.owner, short.valid_until_ms) == ("prosecution", 1000)
    assert [short.valid_at(now) for now in (0, 999, 1000, 2000)] == [True, True, False, False]
    assert (endless.owner, endless.valid_until_ms) == ("", None)
    assert endless.valid_at(2**62)
    with pytest.raises(EnrolmentError, match="cannot be a list's owner"):
        gallery.create_list("short", (PURPOSE,), owner="naïve")
    assert gallery.lists()["short"] == short


def test_a_list_keeps_its_number_when_it_is_set_anew(gallery: Gallery) -> None:
    before = gallery.lists()[LIST].list_id
    gallery.create_list("other", (PURPOSE,))
    gallery.create_list(LIST, (), owner="somebody")

    lists = gallery.lists()
    assert lists[LIST].list_id == before != lists["other"].list_id
