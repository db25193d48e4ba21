"""What is looked through is found whole, or each damage is named; and a gallery in numbers."""

from contextlib import closing
from pathlib import Path

import pytest

from greenline.matcher.gallery import Enrolment, Gallery
from greenline.matcher.gallery_verify import Findings, verify
from tests.matcher.asking import LIST, MODEL, NOW_MS, PURPOSE, Clock, enrol, finger, record
from tests.matcher.test_gallery import tamper
from tests.matcher.test_gallery_damage import RECORD_30, page_of, root_of, spoil

IN_A_BLOCK = 20


@pytest.fixture
def full_path(gallery_path: Path, gallery_key: bytes) -> Path:
    """A closed gallery of 60 entries in three blocks."""
    with closing(Gallery(gallery_path, gallery_key, Clock(), IN_A_BLOCK)) as gallery:
        gallery.create_list(LIST, (PURPOSE,))
        made = [Enrolment(f"entry-{one}", 0, record(finger(one)), MODEL) for one in range(1, 61)]
        gallery.enrol_all(LIST, made, adult=True)
        gallery.compact()
    return gallery_path


def looked(path: Path, key: bytes) -> Findings:
    with closing(Gallery(path, key)) as gallery:
        return verify(gallery)


def test_a_whole_gallery_is_whole_and_the_progress_goes_to_its_end(
    full_path: Path, gallery_key: bytes
) -> None:
    seen: list[tuple[int, int]] = []
    with closing(Gallery(full_path, gallery_key)) as gallery:
        found = verify(gallery, lambda done, total: seen.append((done, total)))

    assert (found.entries, found.blocks, found.stale, found.told) == (60, 3, 0, [])
    assert found.whole
    assert seen[-1] == (63, 63)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            "UPDATE entry SET record = zeroblob(90) WHERE entry_id = 7",
            ["entry 7 ('entry-7' on 'watch-list') cannot be read"],
        ),
        (
            "UPDATE entry SET reference = 'somebody' WHERE entry_id = 7",
            ["entry 7 ('somebody' on 'watch-list') cannot be read"],
        ),
        (
            "DELETE FROM entry WHERE entry_id = 7",
            ["entry 7 was enrolled and never removed, but is gone"],
        ),
        (
            "DELETE FROM change WHERE entry_id = 7",
            ["entry 7 is there, but the log does not have it"],
        ),
        (
            "UPDATE block SET sealed = zeroblob(90) WHERE number = 2",
            ["block 2 (entries 21 to 40) is damaged: it can be made anew"],
        ),
    ],
)
def test_each_damage_is_named(
    full_path: Path, gallery_key: bytes, change: str, told: list[str]
) -> None:
    tamper(full_path, change)

    found = looked(full_path, gallery_key)

    assert (found.told, found.whole) == (told, False)


def test_blocks_of_another_version_are_counted_and_no_damage(
    full_path: Path, gallery_key: bytes
) -> None:
    tamper(full_path, "UPDATE block SET version = x'01' WHERE number > 1")

    found = looked(full_path, gallery_key)

    assert (found.stale, found.whole) == (2, True)


def test_entries_of_a_damaged_page_are_named_from_the_index(
    full_path: Path, gallery_key: bytes
) -> None:
    spoil(full_path, page_of(full_path, RECORD_30))

    found = looked(full_path, gallery_key)

    assert found.structure
    assert "entry 30 ('entry-30' on 'watch-list') cannot be read" in found.unreadable
    assert found.lost == found.unlogged == found.damaged == ()


@pytest.mark.parametrize("name", ["entry", "change", "entry_person", "block"])
def test_whichever_first_page_is_damaged_it_is_told(
    full_path: Path, gallery_key: bytes, name: str
) -> None:
    spoil(full_path, root_of(full_path, name))

    found = looked(full_path, gallery_key)

    assert found.structure
    assert found.entries == 60


def test_an_empty_gallery_is_whole_and_counts_nothing(gallery: Gallery) -> None:
    assert verify(gallery) == Findings(0, 0, 0, (), (), (), (), ())
    stats = gallery.stats()
    assert (stats.entries, stats.fingers, stats.blocks, stats.last_change_ms) == ({}, {}, 0, None)


def test_a_gallery_is_counted_by_list_person_and_model(gallery: Gallery) -> None:
    gallery.create_list("other", (PURPOSE,))
    enrol(gallery, 1, position=1)
    enrol(gallery, 1, position=2)
    enrol(gallery, 2)
    enrol(gallery, 1, "other")
    gallery.enrol(LIST, "entry-9", 0, record(finger(9)), "another", adult=True)
    gallery.remove(LIST, "entry-2")

    stats = gallery.stats()

    assert (stats.entries, stats.persons) == ({LIST: 3, "other": 1}, {LIST: 2, "other": 1})
    assert stats.fingers == {1: 2, 2: 1}
    assert stats.models == {"another": 1, MODEL: 3}
    assert (stats.changes, stats.last_change_ms) == (6, NOW_MS)
    assert stats.sealed_bytes[0] > 4 * 200
