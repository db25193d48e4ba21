"""Names of files: reference and finger come back from a name, and no name leaves its folder."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenline.matcher.gallery_names import name_of, parse

REFERENCES = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=64)


@pytest.mark.parametrize(
    ("name", "reference", "finger"),
    [
        ("case-17_finger2.fmr", "case-17", 2),
        ("case-17_finger02_3.png", "case-17", 2),
        ("case-17.fmr", "case-17", None),
        ("101_1.iso", "101_1", None),
        ("a_finger3_finger10.fmr", "a_finger3", 10),
        ("_finger2.fmr", "_finger2", None),
        ("a_finger.fmr", "a_finger", None),
        ("a_finger123.fmr", "a_finger123", None),
        ("summer/case-17_finger2.fmr", "summer/case-17", 2),
        ("north%2Fsouth_finger1.fmr", "north/south", 1),
        ("50%_finger1.fmr", "50%", 1),
    ],
)
def test_a_name_tells_reference_and_finger(name: str, reference: str, finger: int | None) -> None:
    assert parse(Path(name)) == (reference, finger)


@given(reference=REFERENCES, finger=st.integers(0, 10), number=st.integers(1, 20))
def test_what_is_named_is_read_back(reference: str, finger: int, number: int) -> None:
    name = name_of(reference, finger, number)

    assert parse(Path(name)) == (reference, finger)
    assert Path(name).name == name
    assert not name.startswith(".")
    assert len(name) <= 255


def test_entries_of_one_finger_have_names_of_their_own() -> None:
    assert name_of("case-17", 2, 1) == "case-17_finger02.fmr"
    assert name_of("case-17", 2, 3) == "case-17_finger02_3.fmr"
