"""Tables of NFIQ 2: every picture must be in them, with a score that can be one."""

import re
from pathlib import Path

import pytest

from greenline.cli.errors import CommandError
from greenline.cli.quality_nfiq2 import FAILED, read_nfiq2

NAMES = ["A/1_1", "A/1_2"]


def written(folder: Path, *lines: str) -> Path:
    table = folder / "nfiq2.csv"
    table.write_text("\n".join(lines))
    return table


def test_the_pictures_asked_for_are_read_whatever_else_the_table_says(tmp_path: Path) -> None:
    rows = ("ppi,image,nfiq2", "500,A/1_1.png,65", "500,A/1_2.png,", "500,B/7_1.png,nonsense")
    assert read_nfiq2(written(tmp_path, *rows), NAMES) == {"A/1_1": 65.0, "A/1_2": FAILED}


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ((), "lacks A/1_1"),
        (("image,nfiq2", "A/1_1.png,65"), "lacks A/1_2"),
        (("name,quality", "A/1_1.png,65"), "is no table with the columns image and nfiq2"),
        (("image,quality", "A/1_1.png,65"), "is no table with the columns image and nfiq2"),
        (("nfiq2,image", "65"), "is no table with the columns image and nfiq2"),
        (("image,nfiq2", "A/1_2.png,3", "A/1_1.png,good"), "has no NFIQ 2 of A/1_1, but 'good'"),
        (("image,nfiq2", "A/1_2.png,3", "A/1_1.png"), "has no NFIQ 2 of A/1_1, but None"),
        (("image,nfiq2", "A/1_2.png,3", "A/1_1.png,255"), "has 255 as NFIQ 2 of A/1_1"),
        (("image,nfiq2", "A/1_2.png,3", "A/1_1.png,nan"), "has nan as NFIQ 2 of A/1_1"),
    ],
)
def test_a_wrong_table_is_refused_with_a_sentence(
    tmp_path: Path, lines: tuple[str, ...], sentence: str
) -> None:
    table = written(tmp_path, *lines)
    with pytest.raises(CommandError, match=re.escape(f"{table} {sentence}")) as told:
        read_nfiq2(table, NAMES)
    assert told.value.exit_code == 3


def test_what_is_no_text_is_no_table(tmp_path: Path) -> None:
    table = tmp_path / "nfiq2.csv"
    table.write_bytes(bytes(range(256)))
    with pytest.raises(CommandError, match="is no table"):
        read_nfiq2(table, NAMES)


def test_a_table_that_is_not_there_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"none\.csv cannot be read: No such file"):
        read_nfiq2(tmp_path / "none.csv", NAMES)
