"""`greenline enrol`: onto a list of the gallery; whatever goes wrong changes nothing there."""

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from greenline.cli.site import Site
from greenline.matcher.gallery import Gallery
from tests.cli.conftest import BAD_FILES, SET, Told
from tests.matcher.asking import finger, record
from tests.matcher.test_importing import as_ansi

Greenline = Callable[..., Told]

ADULT = "--adult-confirmed"
PURPOSE = ("--purpose", "border-check", ADULT)


def enrolled(site: Site) -> list[tuple[str, str, int]]:
    """Return list, reference and finger of each entry."""
    with contextlib.closing(gallery(site)) as found:
        entries = [found.entry(entry_id) for entry_id in sorted(found.entry_ids())]
        return [(entry.list_name, entry.reference, entry.finger) for entry in entries if entry]


def gallery(site: Site) -> Gallery:
    return Gallery(site.folder / "gallery.db", (site.folder / "gallery.key").read_bytes())


@pytest.fixture
def filled(site: Site, greenline: Greenline, a_print: Path) -> bytes:
    """The bytes of a gallery with one entry."""
    told = greenline("enrol", a_print, "--config", site.matcher_config, "--list", "watch", *PURPOSE)
    assert (told.code, told.out) == (0, "1 of 1 enrolled on 'watch'\n")
    return (site.folder / "gallery.db").read_bytes()


def test_pictures_are_enrolled_under_their_names(
    greenline: Greenline, site: Site, prints: Path
) -> None:
    pictures = [prints / SET / "1_1.png", prints / SET / "2_1.png"]

    told = greenline(
        "enrol", *pictures, "--config", site.matcher_config, "--list", "watch", *PURPOSE
    )

    assert told.code == 0
    assert told.out.endswith("2 of 2 enrolled on 'watch'\n")
    assert enrolled(site) == [("watch", "1_1", 0), ("watch", "2_1", 0)]
    with contextlib.closing(gallery(site)) as found:
        assert found.lists()["watch"].purposes == ("border-check",)


def test_a_reference_and_a_finger_may_be_given(
    greenline: Greenline, site: Site, filled: bytes, prints: Path
) -> None:
    told = greenline(
        "enrol", prints / SET / "2_1.png", "--config", site.matcher_config, "--list", "watch",
        "--reference", "case-17", "--finger", "7", ADULT,
    )  # fmt: skip

    assert told.code == 0
    assert enrolled(site) == [("watch", "1_1", 0), ("watch", "case-17", 7)]


def test_the_same_picture_twice_is_one_entry(
    greenline: Greenline, site: Site, filled: bytes, a_print: Path
) -> None:
    assert (
        greenline("enrol", a_print, "--config", site.matcher_config, "--list", "watch", ADULT).code
        == 0
    )

    assert enrolled(site) == [("watch", "1_1", 0)]


def test_each_bad_picture_is_refused_and_the_gallery_unchanged(
    greenline: Greenline, site: Site, filled: bytes, bad_files: Path
) -> None:
    for name, words in BAD_FILES.items():
        told = greenline(
            "enrol", bad_files / name, "--config", site.matcher_config, "--list", "watch", ADULT
        )

        assert (told.code, told.out) == (3, "")
        assert name in told.sentence
        assert words in told.sentence
        assert (site.folder / "gallery.db").read_bytes() == filled


def test_of_several_pictures_the_bad_ones_are_named_and_the_good_ones_enrolled(
    greenline: Greenline, site: Site, prints: Path, bad_files: Path
) -> None:
    pictures = [bad_files / "white.png", prints / SET / "1_1.png", bad_files / "text.png"]

    told = greenline(
        "enrol", *pictures, "--config", site.matcher_config, "--list", "watch", *PURPOSE
    )

    assert (told.code, told.sentence) == (3, "2 of 3 files could not be enrolled")
    skipped = [line for line in told.err.splitlines() if "was skipped" in line]
    assert [line.split(" was skipped: ")[0] for line in skipped] == [
        str(bad_files / "white.png"), str(bad_files / "text.png"),
    ]  # fmt: skip
    assert enrolled(site) == [("watch", "1_1", 0)]


def test_a_bad_picture_makes_no_list(greenline: Greenline, site: Site, bad_files: Path) -> None:
    picture = bad_files / "noise.png"

    told = greenline("enrol", picture, "--config", site.matcher_config, "--list", "new", *PURPOSE)

    assert told.code == 3
    with contextlib.closing(gallery(site)) as found:
        assert found.lists() == {}


def test_without_the_word_that_a_person_is_18_or_older_nothing_is_enrolled(
    greenline: Greenline, site: Site, filled: bytes, prints: Path
) -> None:
    told = greenline(
        "enrol", prints / SET / "2_1.png", "--config", site.matcher_config, "--list", "watch"
    )

    assert (told.code, told.out) == (2, "")
    assert told.sentence.startswith("people under 18 are not enrolled: say --adult-confirmed")
    assert (site.folder / "gallery.db").read_bytes() == filled


def test_a_new_list_needs_a_purpose(greenline: Greenline, site: Site, a_print: Path) -> None:
    told = greenline("enrol", a_print, "--config", site.matcher_config, "--list", "new", ADULT)

    assert (told.code, told.sentence) == (2, "the list 'new' is new: say --purpose for what it is")


def test_a_reference_that_cannot_be_one_is_refused(
    greenline: Greenline, site: Site, filled: bytes, a_print: Path
) -> None:
    told = greenline(
        "enrol",
        a_print,
        "--config",
        site.matcher_config,
        "--list",
        "watch",
        "--reference",
        "Žana",
        ADULT,
    )

    assert (told.code, told.out) == (3, "")
    assert "reference" in told.sentence
    assert (site.folder / "gallery.db").read_bytes() == filled


def test_a_gallery_of_a_newer_version_is_left_as_it_is(
    greenline: Greenline, site: Site, filled: bytes, prints: Path
) -> None:
    path = site.folder / "gallery.db"
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")
    before = path.read_bytes()

    told = greenline(
        "enrol", prints / SET / "2_1.png", "--config", site.matcher_config, "--list", "watch", ADULT
    )

    assert told.code == 5
    assert "written by a newer version of Greenline" in told.sentence
    assert path.read_bytes() == before


def test_a_wrong_gallery_key_is_refused(
    greenline: Greenline, site: Site, filled: bytes, a_print: Path
) -> None:
    (site.folder / "gallery.key").write_bytes(bytes(32))

    told = greenline("enrol", a_print, "--config", site.matcher_config, "--list", "watch", ADULT)

    assert told.code == 4
    assert "does not open the gallery" in told.sentence
    assert (site.folder / "gallery.db").read_bytes() == filled


@pytest.mark.parametrize("model", ["iso-19794-2", "ansi-378"])
def test_a_record_is_enrolled_as_its_format_not_as_our_extractor(
    greenline: Greenline, site: Site, tmp_path: Path, model: str
) -> None:
    path, iso = tmp_path / "b.fmr", record(finger(1))
    path.write_bytes(as_ansi(iso) if model == "ansi-378" else iso)

    told = greenline("enrol", path, "--config", site.matcher_config, "--list", "watch", *PURPOSE)

    assert (told.code, told.out) == (0, "1 of 1 enrolled on 'watch'\n")
    with contextlib.closing(gallery(site)) as found:
        assert found.stats().models == {model: 1}
