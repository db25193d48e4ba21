"""`greenline extract` and `greenline compare`: good prints, and everything that is none."""

import re
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from greenline.cli.__main__ import main
from greenline.prints import fmr
from tests.cli.conftest import BAD_FILES, SET, Told

Greenline = Callable[..., Told]


@pytest.fixture(scope="module")
def record(prints: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A record of the first finger's first impression, made by the command."""
    out = tmp_path_factory.mktemp("record") / "1_1.fmr"
    with pytest.raises(SystemExit) as ended:
        main(["extract", str(prints / SET / "1_1.png"), "--out", str(out), "--finger", "7"])
    assert ended.value.code == 0
    return out


def test_extract_writes_a_record_with_the_finger_that_only_its_owner_reads(record: Path) -> None:
    (view,) = fmr.decode(record.read_bytes()).views

    assert view.finger_position == 7
    assert len(view.template) > 20
    assert stat.S_IMODE(record.stat().st_mode) == 0o600


def test_extract_says_what_it_found(greenline: Greenline, a_print: Path, tmp_path: Path) -> None:
    told = greenline("extract", a_print, "--out", tmp_path / "a.fmr")

    size = (tmp_path / "a.fmr").stat().st_size
    found = re.fullmatch(
        rf"{a_print}: (\d+) minutiae, quality (\d+), {size} bytes in {tmp_path}/a.fmr\n", told.out
    )
    assert (told.code, told.err) == (0, "")
    assert found is not None
    assert size == 30 + 6 * int(found[1])


def test_the_same_finger_scores_higher_than_another(
    greenline: Greenline, prints: Path, record: Path
) -> None:
    same = greenline("compare", record, prints / SET / "1_2.png")
    other = greenline("compare", record, prints / SET / "2_1.png")

    assert [same.code, other.code] == [0, 0]
    assert score(same) > 2 * score(other)


def test_a_print_compared_with_its_own_record_pairs_all_minutiae(
    greenline: Greenline, a_print: Path, record: Path
) -> None:
    told = greenline("compare", a_print, record)

    minutiae = len(fmr.decode(record.read_bytes()).views[0].template)
    assert told.out.endswith(f", {minutiae} minutiae paired\n")


def score(told: Told) -> float:
    found = re.fullmatch(r"score (\d+\.\d{3}), \d+ minutiae paired\n", told.out)
    assert found is not None, told
    return float(found[1])


@pytest.mark.parametrize("name", BAD_FILES)
def test_extract_refuses_a_bad_picture_and_leaves_an_earlier_record(
    greenline: Greenline, bad_files: Path, tmp_path: Path, name: str
) -> None:
    out = tmp_path / "kept.fmr"
    out.write_bytes(b"an earlier record")

    told = greenline("extract", bad_files / name, "--out", out)

    assert (told.code, told.out) == (3, "")
    assert name in told.sentence
    assert BAD_FILES[name] in told.sentence
    assert folder(tmp_path) == {"kept.fmr": b"an earlier record"}


@pytest.mark.parametrize(
    ("name", "words"), [*BAD_FILES.items(), ("cut.fmr", "not a valid minutiae record")]
)
def test_compare_refuses_a_bad_picture(
    greenline: Greenline, bad_files: Path, record: Path, name: str, words: str
) -> None:
    told = greenline("compare", record, bad_files / name)

    assert (told.code, told.out) == (3, "")
    assert name in told.sentence
    assert words in told.sentence


def test_extract_wants_a_picture_not_a_record(
    greenline: Greenline, record: Path, tmp_path: Path
) -> None:
    told = greenline("extract", record, "--out", tmp_path / "again.fmr")

    assert (told.code, told.sentence) == (3, f"{record} is a record already, not a picture")
    assert folder(tmp_path) == {}


def test_extract_names_an_output_folder_that_is_missing(
    greenline: Greenline, a_print: Path, tmp_path: Path
) -> None:
    out = tmp_path / "nowhere" / "a.fmr"

    told = greenline("extract", a_print, "--out", out)

    assert (told.code, told.out) == (3, "")
    assert told.sentence == f"{out} cannot be written: No such file or directory"


def test_extract_names_a_full_disk(greenline: Greenline, a_print: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.fmr"
    out.symlink_to("/dev/full")

    told = greenline("extract", a_print, "--out", out)

    assert (told.code, told.out) == (3, "")
    assert told.sentence == f"{out} cannot be written: No space left on device"


def test_extract_puts_a_new_record_in_the_place_of_an_old_one(
    greenline: Greenline, prints: Path, tmp_path: Path
) -> None:
    first, second = tmp_path / "first.fmr", tmp_path / "second.fmr"
    first.write_bytes(b"older")
    assert greenline("extract", prints / SET / "2_1.png", "--out", first).code == 0
    assert greenline("extract", prints / SET / "2_1.png", "--out", second).code == 0

    assert first.read_bytes() == second.read_bytes()
    assert set(folder(tmp_path)) == {"first.fmr", "second.fmr"}


@pytest.mark.parametrize("dpi", ["0", "-500", "nan", "1e9"])
def test_a_resolution_that_no_sensor_has_is_refused(
    greenline: Greenline, a_print: Path, tmp_path: Path, dpi: str
) -> None:
    told = greenline("extract", a_print, "--out", tmp_path / "a.fmr", "--dpi", dpi)

    assert told.code == 3
    assert told.sentence.endswith("dpi is not one of a fingerprint sensor")
    assert folder(tmp_path) == {}


def folder(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.iterdir()}
