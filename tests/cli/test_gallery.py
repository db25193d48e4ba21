"""`greenline gallery`: a folder in, a list out, looked through and counted."""

import contextlib
import csv
import datetime
import resource
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer

from greenline.cli.errors import CommandError
from greenline.cli.gallery import app
from greenline.cli.site import Site
from greenline.matcher.errors import EnrolmentError
from greenline.matcher.gallery import Gallery
from tests.cli.conftest import SET, Told
from tests.matcher.asking import finger, record
from tests.matcher.test_gallery import tamper

Run = Callable[..., Told]

ADULT = "--adult-confirmed"
PURPOSE = ("--purpose", "border-check")


@pytest.fixture
def run(site: Site, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Runs `greenline gallery` in this process with the site's configuration."""
    command = typer.main.get_command(app)

    def invoke(name: str, *arguments: object) -> Told:
        capsys.readouterr()
        words = [name, *map(str, arguments), "--config", str(site.matcher_config)]
        code, sentence = 0, ""
        try:
            command.main(words, standalone_mode=False)
        except CommandError as fault:
            code, sentence = fault.exit_code, f"greenline: {fault}\n"
        except EnrolmentError as fault:
            code, sentence = 3, f"greenline: {fault}\n"
        out, err = capsys.readouterr()
        return Told(code, out, err + sentence)

    return invoke


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five records of three persons, and one that cannot be one."""
    folder = tmp_path / "records"
    folder.mkdir()
    for name, seed in {"a_finger2": 1, "a_finger7": 2, "b_finger2": 3, "b_finger2_2": 4}.items():
        (folder / f"{name}.fmr").write_bytes(record(finger(seed)))
    (folder / "c.fmr").write_bytes(record(finger(5)))
    (folder / "few.fmr").write_bytes(record(finger(6, minutiae=3)))
    return folder


@contextlib.contextmanager
def opened(site: Site) -> Iterator[Gallery]:
    key = (site.folder / "gallery.key").read_bytes()
    with contextlib.closing(Gallery(site.folder / "gallery.db", key)) as gallery:
        yield gallery


@contextlib.contextmanager
def limited(most_bytes: int) -> Iterator[None]:
    """No file grows beyond a length; Python ignores the signal: a write fails."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def entries(site: Site) -> list[tuple[str, str, int]]:
    with opened(site) as gallery:
        found = [gallery.entry(entry_id) for entry_id in sorted(gallery.entry_ids())]
        return [(one.list_name, one.reference, one.finger) for one in found if one]


@pytest.fixture
def filled(run: Run, folder: Path) -> Told:
    """What importing the folder told."""
    return run("import", folder, "--list", "watch", ADULT, *PURPOSE, "--finger-from-name")


def test_a_folder_is_imported_and_its_bad_files_are_named(
    site: Site, filled: Told, folder: Path
) -> None:
    assert (filled.code, filled.sentence) == (3, "files that were skipped, see above: 1")
    assert filled.out == "5 entries enrolled on 'watch', 0 were there before (5 of 6 files)\n"
    assert f"{folder / 'few.fmr'} was skipped: few: 3 minutiae are too few" in filled.err
    assert entries(site) == [
        ("watch", "a", 2), ("watch", "a", 7), ("watch", "b", 2), ("watch", "b", 2),
        ("watch", "c", 0),
    ]  # fmt: skip


def test_the_same_import_again_changes_nothing(
    run: Run, site: Site, filled: Told, folder: Path
) -> None:
    before = (site.folder / "gallery.db").read_bytes()
    (folder / "few.fmr").unlink()

    told = run("import", folder, "--list", "watch", ADULT, "--finger-from-name")

    assert (told.code, told.err.count("skipped")) == (0, 0)
    assert told.out == "0 entries enrolled on 'watch', 5 were there before (5 of 5 files)\n"
    assert (site.folder / "gallery.db").read_bytes() == before


def test_without_the_word_that_all_are_18_or_older_nothing_is_read(
    run: Run, site: Site, folder: Path
) -> None:
    told = run("import", folder, "--list", "watch", *PURPOSE)

    assert told.code == 2
    assert told.sentence.startswith("people under 18 are not enrolled: say --adult-confirmed")
    assert not (site.folder / "gallery.db").exists()


def test_a_new_list_gets_its_purpose_owner_and_last_day(run: Run, site: Site, folder: Path) -> None:
    told = run("import", folder, "--list", "watch", ADULT)
    assert (told.code, told.sentence) == (
        2,
        "the list 'watch' is new: say --purpose for what it is",
    )
    assert entries(site) == []

    run(
        "import", folder, "--list", "watch", ADULT, *PURPOSE,
        "--owner", "prosecution", "--valid-until", "2030-01-31",
    )  # fmt: skip

    with opened(site) as gallery:
        info = gallery.lists()["watch"]
    assert (info.purposes, info.owner) == (("border-check",), "prosecution")
    end = datetime.datetime(2030, 2, 1, tzinfo=datetime.UTC)
    assert info.valid_until_ms == end.timestamp() * 1000


def test_an_empty_folder_makes_no_list(run: Run, site: Site, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    told = run("import", tmp_path / "empty", "--list", "watch", ADULT, *PURPOSE)

    assert told.code == 3
    assert "holds no file" in told.sentence
    with opened(site) as gallery:
        assert gallery.lists() == {}


def test_pictures_are_imported_and_not_read_twice(
    run: Run, site: Site, prints: Path, bad_files: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("1_1.png", "2_1.png"):
        (folder / name).write_bytes((prints / SET / name).read_bytes())
    for name in ("text.png", "white.png", "no-resolution.png"):
        (folder / name).write_bytes((bad_files / name).read_bytes())

    first = run("import", folder, "--list", "watch", ADULT, *PURPOSE)
    again = run("import", folder, "--list", "watch", ADULT)

    assert entries(site) == [("watch", "1_1", 0), ("watch", "2_1", 0)]
    assert first.out == "2 entries enrolled on 'watch', 0 were there before (2 of 5 files)\n"
    assert again.out == "0 entries enrolled on 'watch', 2 were there before (2 of 5 files)\n"
    assert "text.png was skipped: text.png cannot be read as a picture" in first.err
    assert "white.png was skipped: no minutia was found" in first.err
    assert "no-resolution.png was skipped: no-resolution.png does not say" in first.err
    with opened(site) as gallery:
        (model,) = gallery.models().values()
    assert "/" in model


def test_a_full_disk_ends_an_import_with_what_is_kept(run: Run, site: Site, tmp_path: Path) -> None:
    """A limit on the length of a file stands for the disk: a write in the middle fails."""
    folder = tmp_path / "many"
    folder.mkdir()
    for seed in range(700):
        (folder / f"case-{seed:03}.fmr").write_bytes(record(finger(seed)))
    with limited(400_000):
        told = run("import", folder, "--list", "watch", ADULT, *PURPOSE)

    assert told.code == 5
    assert "500 new entries of 500 of 700 files are enrolled and stay" in told.sentence
    assert len(entries(site)) == 500

    told = run("import", folder, "--list", "watch", ADULT)
    assert told.out == "200 entries enrolled on 'watch', 500 were there before (700 of 700 files)\n"


def test_a_list_is_exported_and_imported_as_the_same(
    run: Run, site: Site, filled: Told, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    told = run("export", "--list", "watch", "--out", out)

    assert (told.code, told.out) == (0, f"5 entries of 'watch' are in {out}, not encrypted\n")
    names = sorted(path.name for path in out.iterdir())
    assert names == [
        "a_finger02.fmr", "a_finger07.fmr", "b_finger02.fmr", "b_finger02_2.fmr",
        "c_finger00.fmr", "manifest.csv",
    ]  # fmt: skip
    assert {path.stat().st_mode & 0o777 for path in out.iterdir()} == {0o600}
    with (out / "manifest.csv").open() as file:
        assert [row["reference"] for row in csv.DictReader(file)] == ["a", "a", "b", "b", "c"]

    again = run("import", out, "--list", "watch")
    assert again.out == "0 entries enrolled on 'watch', 5 were there before (5 of 5 files)\n"
    assert run("export", "--list", "watch", "--out", out).sentence.endswith("name a new folder")
    assert run("export", "--list", "no", "--out", tmp_path / "new").code == 3


def test_what_cannot_be_read_is_told_by_verify_and_export(
    run: Run, site: Site, filled: Told, tmp_path: Path
) -> None:
    whole = run("verify")
    assert (whole.code, whole.out) == (0, "5 entries, 0 blocks\nall of it can be read\n")
    tamper(site.folder / "gallery.db", "UPDATE entry SET record = x'00' WHERE reference = 'c'")

    told = run("verify")
    assert (told.code, told.out.splitlines()[1]) == (1, "entry 5 ('c' on 'watch') cannot be read")
    told = run("export", "--list", "watch", "--out", tmp_path / "out")
    assert told.code == 1
    assert "entry 5 cannot be read" in told.err


def test_a_damaged_block_is_told_and_made_anew_if_asked(run: Run, site: Site) -> None:
    key = (site.folder / "gallery.key").read_bytes()
    path = site.folder / "gallery.db"
    with contextlib.closing(Gallery(path, key, most_in_block=5)) as gallery:
        gallery.create_list("watch", ("border-check",))
        for seed in range(10):
            gallery.enrol("watch", f"entry-{seed}", 0, record(finger(seed)), "test", adult=True)
        assert gallery.compact() == 2
    tamper(path, "UPDATE block SET sealed = zeroblob(900) WHERE number = 1")

    told = run("verify")
    assert told.code == 1
    assert "block 1 (entries 1 to 5) is damaged: it can be made anew" in told.out

    told = run("verify", "--repair")
    assert (told.code, told.out.splitlines()[-3:]) == (
        0,
        ["blocks made anew: 1", "10 entries, 2 blocks", "all of it can be read"],
    )


def test_a_gallery_is_counted(run: Run, filled: Told) -> None:
    told = run("stats")

    assert told.code == 0
    for words in (
        "watch", "border-check", "no end", "5 entries of 3 persons",
        "persons by number of entries: 1: 1, 2: 2", "entries by model: iso-19794-2: 5",
        "0 entries prepared in 0 blocks", "5 changes, the last 20",
    ):  # fmt: skip
        assert words in told.out


def test_a_reference_is_removed_with_all_its_fingers_and_nobody_else(
    run: Run, filled: Told, site: Site
) -> None:
    before = entries(site)

    told = run("remove", "--list", "watch", "--reference", "b")

    assert (told.code, told.out) == (0, "2 fingers of 'b' were removed from 'watch'\n")
    assert entries(site) == [entry for entry in before if entry[1] != "b"]


@pytest.mark.parametrize(("list_name", "code"), [("watch", 3), ("watched", 2)])
def test_nothing_is_removed_of_whom_the_list_does_not_name(
    run: Run, filled: Told, site: Site, list_name: str, code: int
) -> None:
    before = entries(site)

    told = run("remove", "--list", list_name, "--reference", "nobody")

    assert (told.code, entries(site)) == (code, before)
