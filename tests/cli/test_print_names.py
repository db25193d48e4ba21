"""The names of pictures of prints: what comes before the last number is the finger."""

import pytest

from greenline.cli.print_names import finger_of, parse_name


@pytest.mark.parametrize(
    ("name", "finger", "impression"),
    [
        ("101_3", "101", 3),
        ("DB1_B/101_12", "DB1_B/101", 12),
        ("left_thumb_2_08", "left_thumb_2", 8),
    ],
)
def test_a_numbered_name_is_finger_and_impression(name: str, finger: str, impression: int) -> None:
    assert parse_name(name) == (finger, impression)
    assert finger_of(name) == finger


@pytest.mark.parametrize("name", ["thumb", "101_", "_3", "101_3b", "DB1_B/101"])
def test_what_is_not_numbered_is_a_finger_of_its_own(name: str) -> None:
    assert parse_name(name) is None
    assert finger_of(name) == name
