"""The manifest: what is declared of each file; what cannot be understood stops the import."""

from pathlib import Path

import pytest

from greenline.matcher.errors import EnrolmentError
from greenline.matcher.gallery_manifest import Declared, read_manifest, write_manifest

FILE = Path("a.fmr")


def read(folder: Path, text: str) -> dict[Path, Declared] | None:
    (folder / "manifest.csv").write_text(text, encoding="utf-8")
    return read_manifest(folder)


def test_without_a_manifest_nothing_is_declared(tmp_path: Path) -> None:
    assert read_manifest(tmp_path) is None


@pytest.mark.parametrize(
    ("text", "declared"),
    [
        ("file,adult\na.fmr,yes\n", Declared(adult=True)),
        ("file,adult\na.fmr,No \n", Declared(adult=False)),
        ("\ufefffile,adult\r\na.fmr,yes\r\n", Declared(adult=True)),
        ("adult,finger,file\nyes,7,a.fmr\n", Declared(adult=True, finger=7)),
        ("file,adult,reference,finger,model\na.fmr,yes,,,\n", Declared(adult=True)),
        (
            'file,adult,reference,finger,model\na.fmr,yes,"x, y",2,m\n',
            Declared(True, "x, y", 2, "m"),
        ),
    ],
)
def test_a_line_declares_of_its_file(tmp_path: Path, text: str, declared: Declared) -> None:
    assert read(tmp_path, text) == {FILE: declared}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 0: the column file is missing"),
        ("file,reference\n", "line 1: the column adult is missing"),
        ("file,adult,born\n", "line 1: 'born' is no column; known are file, adult"),
        ("file,adult\na.fmr,18\n", "line 2: adult says '18'; only yes and no are understood"),
        ("file,adult\na.fmr,\n", "line 2: adult says ''"),
        ("file,adult\na.fmr\n", "line 2: it has not as many values as there are columns"),
        ("file,adult\na.fmr,yes,x\n", "line 2: it has not as many values as there are columns"),
        ("file,adult\na.fmr,yes\na.fmr,no\n", "line 3: a.fmr stands in it twice"),
        ("file,adult,finger\na.fmr,yes,-1\n", "line 2: finger says '-1'"),
        ("file,adult,finger\na.fmr,yes," + "9" * 5000, "line 2: finger says '999"),
        ('file,adult\n"a.fmr,yes\n', "line 1: unexpected end of data"),
    ],
)
def test_what_cannot_be_understood_is_told_with_its_line(
    tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(EnrolmentError) as told:
        read(tmp_path, text)
    assert f"manifest.csv, {words}" in str(told.value)


def test_a_manifest_of_other_bytes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_bytes(b"file,adult\n\xff\xfe")

    with pytest.raises(EnrolmentError, match="cannot be read"):
        read_manifest(tmp_path)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    rows = [
        ("a.fmr", Declared(True, 'north, "south"', 2, "m/1")),
        ("b.fmr", Declared(False, None, None, None)),
    ]
    (tmp_path / "manifest.csv").write_bytes(write_manifest(rows))

    assert read_manifest(tmp_path) == {Path(name): declared for name, declared in rows}
