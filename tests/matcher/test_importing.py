"""An import: good files whole, bad ones named, and whatever ends it, it goes on from there."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from greenline.matcher.errors import DatabaseError, EnrolmentError
from greenline.matcher.gallery import Gallery
from greenline.matcher.gallery_export import exported
from greenline.matcher.gallery_manifest import write_manifest
from greenline.matcher.importing import Import, Order, Outcome
from greenline.models.extraction import Extractor
from greenline.prints import ansi378, fmr
from greenline.prints.template import Template
from greenline.prints.view_head import ImpressionType
from tests.matcher.asking import LIST, MODEL, finger, record
from tests.matcher.test_gallery import readable, tamper


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "prints"
    folder.mkdir()
    return folder


def no_extractor() -> Extractor:
    raise AssertionError("no picture is among these files")


def put(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def run(gallery: Gallery, folder: Path, *, batch: int = 500, **options: bool) -> Outcome:
    order = Order(folder, LIST, **{"adults": True, **options})
    return Import(gallery, order, no_extractor, batch).run()


def entries(gallery: Gallery) -> list[tuple[str, int]]:
    found = [gallery.entry(entry_id) for entry_id in sorted(gallery.entry_ids())]
    return [(entry.reference, entry.finger) for entry in found if entry and entry.template]


def reasons(outcome: Outcome) -> dict[str, str]:
    return {path.name: reason for path, reason in outcome.skipped}


def of_fingers(*views: tuple[int, int]) -> bytes:
    """Return a record of several views: finger position and seed."""
    counted = [position for position, _ in views]
    made = [
        fmr.View(
            position,
            counted[:index].count(position),
            ImpressionType.LIVE_PLAIN,
            50,
            fmr.decode(record(finger(seed))).views[0].template,
        )
        for index, (position, seed) in enumerate(views)
    ]
    template = made[0].template
    return fmr.encode(fmr.Record(tuple(made), template.width, template.height, 197))


def as_ansi(iso: bytes) -> bytes:
    """Rewrite a record of one view as ANSI 378: another header, directions in 2 degrees."""
    minutiae = bytearray(iso[28:])
    for at in range(4, len(minutiae) - 2, 6):
        minutiae[at] = round(minutiae[at] * 180 / 256) % 180
    body = b"\0\0\0\0" + iso[12:28] + bytes(minutiae)
    return b"FMR\0 20\0" + (10 + len(body)).to_bytes(2) + body


def test_records_of_both_standards_are_enrolled_under_their_names(
    gallery: Gallery, folder: Path
) -> None:
    put(folder, "case-1.fmr", of_fingers((7, 1)))
    put(folder, "case-2.iso", record(finger(2)))
    put(folder, "case-3.ansi", as_ansi(of_fingers((3, 3))))
    put(folder, "north/case-1.fmr", record(finger(4)))

    outcome = run(gallery, folder)

    assert entries(gallery) == [
        ("case-1", 7), ("case-2", 0), ("case-3", 3), ("north/case-1", 0),
    ]  # fmt: skip
    assert (outcome.found, outcome.files, outcome.enrolled, outcome.skipped) == (4, 4, 4, [])
    assert sorted(gallery.models().values()) == ["ansi-378", "iso-19794-2"]


def test_an_ansi_record_is_the_finger_that_it_was(gallery: Gallery, folder: Path) -> None:
    iso = record(finger(1))
    data = as_ansi(iso)
    assert ansi378.is_ansi378(data)
    put(folder, "case-1.bin", data)
    run(gallery, folder)

    entry = gallery.entry(1)
    assert entry is not None
    assert entry.template is not None
    given: Template = fmr.decode(iso).views[0].template
    assert entry.template.x.tolist() == given.x.tolist()
    off = np.angle(np.exp(1j * (entry.template.direction - given.direction).astype(np.float64)))
    assert np.abs(off).max() < np.radians(2)


def test_the_name_tells_the_finger_if_told_to(gallery: Gallery, folder: Path) -> None:
    put(folder, "case-1_finger2.fmr", record(finger(1)))
    put(folder, "case-1_finger07_2.fmr", of_fingers((7, 2)))
    put(folder, "case-1_finger3.fmr", of_fingers((4, 3)))
    put(folder, "case-1_finger11.fmr", record(finger(4)))

    outcome = run(gallery, folder, finger_from_name=True)

    assert sorted(entries(gallery)) == [("case-1", 2), ("case-1", 7)]
    assert reasons(outcome) == {
        "case-1_finger3.fmr": "it is named as finger 3, but its record is of 4",
        "case-1_finger11.fmr": "finger position 11 is not one of 0 to 10",
    }


def test_every_view_of_a_record_is_an_entry_and_one_bad_view_keeps_all_out(
    gallery: Gallery, folder: Path
) -> None:
    put(folder, "good.fmr", of_fingers((1, 1), (2, 2), (2, 3)))
    few = replace(fmr.decode(of_fingers((1, 4), (2, 5))), capture_equipment=0)
    short = replace(few.views[1], template=few.views[1].template.best(5))
    put(folder, "half.fmr", fmr.encode(replace(few, views=(few.views[0], short))))

    outcome = run(gallery, folder)

    assert entries(gallery) == [("good", 1), ("good", 2), ("good", 2)]
    assert (outcome.files, outcome.enrolled) == (1, 3)
    (reason,) = reasons(outcome).values()
    assert reason.startswith("half: 5 minutiae are too few")


def test_each_bad_file_is_named_with_its_reason(gallery: Gallery, folder: Path) -> None:
    good = record(finger(1))
    outside = bytearray(good)
    outside[14:16] = (50).to_bytes(2)
    same = replace(finger(1), x=np.full(40, 50, np.float32), y=np.full(40, 60, np.float32))
    bad = {
        "empty-record.fmr": b"FMR\0",
        "cut.fmr": good[:-1],
        "none.fmr": record(finger(1, 0)),
        "one-place.fmr": record(same),
        "outside.fmr": bytes(outside),
        "resolution.fmr": record(replace(finger(1), dpi=96.0)),
        "edition.fmr": good.replace(b" 20\0", b"030\0", 1),
        "Ž.fmr": good,
        "x" * 65 + ".fmr": good,
    }
    for name, data in {**bad, "good.fmr": good}.items():
        put(folder, name, data)
    os.mkfifo(folder / "pipe")
    (folder / "loop.fmr").symlink_to(folder / "loop.fmr")
    put(folder, ".hidden.fmr", good)

    outcome = run(gallery, folder)

    assert entries(gallery) == [("good", 0)]
    told = reasons(outcome)
    assert set(told) == {*bad, "pipe", "loop.fmr"}
    assert "it ends within its header" in told["empty-record.fmr"]
    assert "0 minutiae are too few" in told["none.fmr"]
    assert "its 40 minutiae stand at 1 place" in told["one-place.fmr"]
    assert "it lies outside the picture" in told["outside.fmr"]
    assert "a resolution of 97 dpi is not one" in told["resolution.fmr"]
    assert "only ISO/IEC 19794-2:2005" in told["edition.fmr"]
    assert "cannot be a reference" in told["Ž.fmr"]
    assert told["pipe"] == "is not a file"
    assert told["loop.fmr"] == "cannot be read: Too many levels of symbolic links"


def test_an_import_once_more_changes_nothing(gallery: Gallery, folder: Path) -> None:
    for seed in range(5):
        put(folder, f"case-{seed}.fmr", record(finger(seed)))
    run(gallery, folder)
    before = gallery.position(), gallery.revision()

    outcome = run(gallery, folder)

    assert (outcome.enrolled, outcome.known, outcome.files) == (0, 5, 5)
    assert (gallery.position(), gallery.revision()) == before


@pytest.mark.parametrize("after", [1, 3, 4, 9])
def test_an_interrupted_import_goes_on_where_it_was(
    gallery: Gallery, folder: Path, after: int
) -> None:
    for seed in range(10):
        put(folder, f"case-{seed}.fmr", of_fingers((1, seed), (2, seed + 100)))

    def interrupt(done: int, _total: int) -> None:
        if done == after:
            raise KeyboardInterrupt

    broken = Import(gallery, Order(folder, LIST, adults=True), no_extractor, 6)
    with pytest.raises(KeyboardInterrupt):
        broken.run(interrupt)
    kept = entries(gallery)
    assert len(kept) == broken.outcome.enrolled == after // 3 * 6  # three files of two a batch

    assert run(gallery, folder).enrolled == 20 - len(kept)
    assert len(entries(gallery)) == 20


def test_on_a_full_disk_whole_batches_are_kept_and_told(gallery: Gallery, folder: Path) -> None:
    for seed in range(60):
        put(folder, f"case-{seed:02}.fmr", of_fingers((1, seed), (2, seed + 100)))
    database = gallery._db  # the limit is per connection, so it is set on the gallery's own
    (pages,) = database.read("PRAGMA page_count")[0]
    database.read(f"PRAGMA max_page_count = {pages + 5}")

    full = Import(gallery, Order(folder, LIST, adults=True), no_extractor, 10)
    with pytest.raises(DatabaseError, match="cannot grow: the disk is full"):
        full.run()

    kept = entries(gallery)
    assert 0 < len(kept) < 120
    assert len(kept) == full.outcome.enrolled == 2 * full.outcome.files
    assert {position for _, position in kept} == {1, 2}

    database.read("PRAGMA max_page_count = 100000")
    assert run(gallery, folder).enrolled == 120 - len(kept)
    assert len(entries(gallery)) == 120


def test_an_unreadable_entry_is_repaired_by_importing_its_file_again(
    gallery: Gallery, gallery_path: Path, folder: Path
) -> None:
    for seed in range(3):
        put(folder, f"case-{seed}.fmr", record(finger(seed)))
    run(gallery, folder)
    tamper(gallery_path, "UPDATE entry SET record = zeroblob(100) WHERE reference = 'case-1'")
    assert readable(gallery)["case-1"] is False

    outcome = run(gallery, folder)

    assert (outcome.enrolled, outcome.known) == (1, 2)
    assert all(readable(gallery).values())


def test_nobody_is_imported_of_whom_it_is_not_said_that_they_are_18(
    gallery: Gallery, folder: Path
) -> None:
    for seed in range(3):
        put(folder, f"case-{seed}.fmr", record(finger(seed)))
    with pytest.raises(EnrolmentError, match="people under 18 are not enrolled: confirm"):
        run(gallery, folder, adults=False)

    put(folder, "manifest.csv", b"file,adult\ncase-0.fmr,yes\ncase-1.fmr,no\n")
    outcome = run(gallery, folder, adults=False)
    assert entries(gallery) == [("case-0", 0)]
    assert set(reasons(outcome)) == {"case-1.fmr", "case-2.fmr"}
    assert all("people under 18" in reason for reason in reasons(outcome).values())

    run(gallery, folder, adults=True)  # what is said of one counts more than what is said of all
    assert entries(gallery) == [("case-0", 0), ("case-2", 0)]


def test_the_manifest_declares_reference_finger_and_model(gallery: Gallery, folder: Path) -> None:
    put(folder, "scan 1.fmr", record(finger(1)))
    put(
        folder,
        "manifest.csv",
        b"file,adult,reference,finger,model\nscan 1.fmr,yes,case-17,7,another/1\nlost.fmr,yes,,,\n",
    )

    outcome = run(gallery, folder, adults=False)

    assert entries(gallery) == [("case-17", 7)]
    assert list(gallery.models().values()) == ["another/1"]
    assert reasons(outcome) == {"lost.fmr": "stands in manifest.csv, but is not there"}


def test_a_folder_without_files_and_one_that_is_missing_are_told(
    gallery: Gallery, folder: Path
) -> None:
    with pytest.raises(EnrolmentError, match="prints holds no file"):
        run(gallery, folder)
    with pytest.raises(EnrolmentError, match="nowhere does not exist"):
        run(gallery, folder / "nowhere")


def test_what_is_exported_is_imported_as_the_same(gallery: Gallery, folder: Path) -> None:
    given = {("a/b", 2): 1, ("..", 0): 2, ("x_finger2", 10): 3}
    for (reference, position), seed in given.items():
        gallery.enrol(LIST, reference, position, record(finger(seed)), MODEL, adult=True)
    gallery.enrol(LIST, "a/b", 2, record(finger(4)), MODEL, adult=True)
    rows = list(exported(gallery, LIST))
    for one in rows:
        assert one.record is not None
        put(folder, one.name, one.record)
    before = gallery.position()

    assert run(gallery, folder, finger_from_name=True).known == 4
    assert gallery.position() == before

    put(folder, "manifest.csv", write_manifest([(one.name, one.declared) for one in rows]))
    for reference, _ in given:
        gallery.remove(LIST, reference)
    assert run(gallery, folder, adults=False).enrolled == 4
    assert sorted(entries(gallery)) == sorted([*given, ("a/b", 2)])
    assert gallery.stats().models == {MODEL: 4}


def test_an_export_tells_what_cannot_be_read_and_leaves_other_lists_alone(
    gallery: Gallery, gallery_path: Path
) -> None:
    gallery.create_list("other", ())
    gallery.enrol("other", "entry-1", 0, record(finger(1)), MODEL, adult=True)
    gallery.enrol(LIST, "entry-2", 0, record(finger(2)), MODEL, adult=True)
    gallery.enrol(LIST, "entry-3", 0, record(finger(3)), MODEL, adult=True)
    tamper(gallery_path, "UPDATE entry SET record = x'00' WHERE reference = 'entry-2'")

    found = {one.entry_id: one.record for one in exported(gallery, LIST)}

    assert found == {2: None, 3: record(finger(3))}
    with pytest.raises(EnrolmentError, match="there is no list 'nowhere'"):
        list(exported(gallery, "nowhere"))
