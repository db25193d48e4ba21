"""`greenline compare --picture`: a picture that can be opened, and every way it cannot be made."""

import re
import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from greenline.prints import fmr
from greenline.prints.template import Template
from tests.cli.conftest import SET, Told

Greenline = Callable[..., Told]


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A record of minutiae that nobody has, 240 x 300 pixels at 500 dpi."""
    return write_record(tmp_path_factory.mktemp("record") / "finger" / "1_1.fmr", (240, 300))


def write_record(path: Path, size: tuple[int, int]) -> Path:
    rng = np.random.default_rng(3)
    count = 20
    x, y, direction = (rng.random((3, count)) * [[200], [250], [6.28]]).astype(np.float32)
    kind, quality = rng.integers(1, 3, count).astype(np.uint8), np.full(count, 60, np.uint8)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(fmr.from_template(Template(*size, 500.0, x, y, direction, kind, quality)))
    return path


def test_two_prints_are_drawn_and_the_score_is_told_as_without_a_picture(
    greenline: Greenline, prints: Path, tmp_path: Path
) -> None:
    out = tmp_path / "pairs.png"
    pair = prints / SET / "1_1.png", prints / SET / "1_2.png"

    plain = greenline("compare", *pair)
    told = greenline("compare", *pair, "--picture", out)

    assert (told.code, told.err) == (0, "")
    with Image.open(out) as picture:
        picture.load()
        assert picture.format == "PNG"
        width, height = picture.size
        greys = np.asarray(picture.convert("L"))
    assert told.out == f"{plain.out}{out}: {width} x {height} pixels\n"
    with Image.open(pair[0]) as a, Image.open(pair[1]) as b:
        times = min(4, 1000 // max(*a.size, *b.size))
        assert width >= times * (a.width + b.width)
        assert height >= times * max(a.height, b.height)
    assert (greys < 200).mean() > 0.05  # ridges, not an empty ground


def test_the_picture_is_readable_by_its_owner_alone(
    greenline: Greenline, record: Path, tmp_path: Path
) -> None:
    assert greenline("compare", record, record, "--picture", tmp_path / "a.png").code == 0

    assert stat.S_IMODE((tmp_path / "a.png").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("ending", "format_"),
    [(".png", "PNG"), (".tif", "TIFF"), (".bmp", "BMP"), (".jpg", "JPEG"), (".JPEG", "JPEG")],
)
def test_the_ending_says_the_format(
    greenline: Greenline, record: Path, tmp_path: Path, ending: str, format_: str
) -> None:
    out = tmp_path / f"a{ending}"

    assert greenline("compare", record, record, "--picture", out).code == 0

    with Image.open(out) as picture:
        assert picture.format == format_


@pytest.mark.parametrize("name", ["a.fmr", "a.xbm", "a.svg", "a"])
def test_an_ending_that_is_no_picture_is_refused(
    greenline: Greenline, record: Path, tmp_path: Path, name: str
) -> None:
    out = tmp_path / name

    told = greenline("compare", record, record, "--picture", out)

    assert (told.code, told.out) == (3, "")
    known = ".png, .tif, .tiff, .bmp, .jpg, .jpeg"
    assert told.sentence == f"{out}: end the picture's name in one of {known}"
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_is_kept_unless_force_is_given(
    greenline: Greenline, record: Path, tmp_path: Path
) -> None:
    out = tmp_path / "a.png"
    out.write_bytes(b"evidence of yesterday")

    refused = greenline("compare", record, record, "--picture", out)

    assert (refused.code, refused.out) == (3, "")
    assert refused.sentence == f"{out} is there already: name another file, or add --force"
    assert out.read_bytes() == b"evidence of yesterday"
    assert greenline("compare", record, record, "--picture", out, "--force").code == 0
    assert out.read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_a_print_is_never_replaced_by_its_picture(
    greenline: Greenline, a_print: Path, record: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.png"
    mine.write_bytes(a_print.read_bytes())
    (tmp_path / "link.png").symlink_to(mine)

    for out in (mine, tmp_path / "link.png"):
        told = greenline("compare", record, mine, "--picture", out, "--force")
        assert (told.code, told.out) == (3, "")
        assert told.sentence == f"{out} is one of the two prints: it is not replaced"
    assert mine.read_bytes() == a_print.read_bytes()


def test_a_missing_folder_is_told_before_the_work(
    greenline: Greenline, record: Path, tmp_path: Path
) -> None:
    out = tmp_path / "nowhere" / "a.png"

    told = greenline("compare", record, record, "--picture", out)

    assert (told.code, told.out) == (3, "")
    assert told.sentence == f"{out} cannot be written: there is no folder {tmp_path}/nowhere"


def test_a_name_that_no_disk_takes_is_told(
    greenline: Greenline, record: Path, tmp_path: Path
) -> None:
    out = tmp_path / f"{'a' * 300}.png"

    told = greenline("compare", record, record, "--picture", out)

    assert (told.code, told.sentence) == (3, f"{out} cannot be looked at: File name too long")


def test_a_folder_is_no_picture(greenline: Greenline, record: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.png"
    out.mkdir()

    told = greenline("compare", record, record, "--picture", out, "--force")

    assert (told.code, told.sentence) == (3, f"{out} cannot be written: is a folder, not a file")


def test_a_full_disk_is_told_after_the_score(
    greenline: Greenline, record: Path, tmp_path: Path
) -> None:
    out = tmp_path / "a.png"
    out.symlink_to("/dev/full")

    told = greenline("compare", record, record, "--picture", out, "--force")

    assert told.code == 3
    assert told.sentence == f"{out} cannot be written: No space left on device"
    assert re.fullmatch(r"score \d+\.\d{3}, \d+ minutiae paired\n", told.out)


def test_a_folder_that_takes_no_files_is_told(greenline: Greenline, record: Path) -> None:
    """Nobody can make a file in /proc, not even root."""
    told = greenline("compare", record, record, "--picture", "/proc/a.png")

    assert told.code == 3
    assert told.sentence.startswith("/proc/a.png cannot be written: ")


def test_force_without_a_picture_is_wrong_usage(greenline: Greenline, record: Path) -> None:
    told = greenline("compare", record, record, "--force")

    assert (told.code, told.out) == (2, "")
    assert told.sentence == "--force replaces a picture's file: name it with --picture"


def test_a_record_of_an_impossible_size_is_compared_but_not_drawn(
    greenline: Greenline, tmp_path: Path
) -> None:
    large = write_record(tmp_path / "large.fmr", (16000, 16000))
    out = tmp_path / "a.png"

    assert greenline("compare", large, large).code == 0
    told = greenline("compare", large, large, "--picture", out)

    assert (told.code, told.out) == (3, "")
    words = r"large\.fmr: the record's picture of 81\d\.\d x 81\d\.\d mm is too large to be drawn"
    assert re.search(words, told.sentence)
    assert not out.exists()


def test_a_bad_picture_leaves_no_file(
    greenline: Greenline, bad_files: Path, record: Path, tmp_path: Path
) -> None:
    told = greenline(
        "compare", record, bad_files / "truncated.png", "--picture", tmp_path / "a.png"
    )

    assert (told.code, told.out) == (3, "")
    assert "truncated.png cannot be read as a picture" in told.sentence
    assert list(tmp_path.iterdir()) == []
