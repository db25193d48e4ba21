"""Floors: they only rise, in two copies and a third of the image."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenline.ota.errors import RefusedError
from greenline.ota.floors import Floors, FloorsFile, RoleFloor, decode, encode

COUNTS = st.integers(0, 50)
# Under one root a role has one set of keys.
ROLES = st.builds(
    lambda version, root: RoleFloor(keys="ab"[root // 5 % 2], version=version, root=root),
    COUNTS,
    st.integers(1, 9),
) | st.just(RoleFloor())
FLOORS = st.builds(
    Floors,
    root=COUNTS,
    timestamp=ROLES,
    snapshot=ROLES,
    targets=ROLES,
    security_version=COUNTS,
    data=COUNTS,
    time=COUNTS,
)


@given(FLOORS, FLOORS, FLOORS)
def test_joining_is_the_same_in_any_order_and_never_lower(
    one: Floors, two: Floors, three: Floors
) -> None:
    assert one.joined(two) == two.joined(one)
    assert one.joined(one) == one
    assert one.joined(two).joined(three) == one.joined(two.joined(three))
    both = one.joined(two)
    assert both.joined(one) == both
    for name in ("root", "security_version", "data", "time"):
        assert getattr(both, name) == max(getattr(one, name), getattr(two, name))


@given(FLOORS)
def test_floors_come_back_as_they_were_written(floors: Floors) -> None:
    assert decode(encode(floors)) == floors


@given(FLOORS, st.data())
def test_a_damaged_file_is_noticed(floors: Floors, data: st.DataObject) -> None:
    whole = encode(floors)
    at = data.draw(st.integers(0, len(whole) - 1))
    assert decode(whole[:at]) is None
    flipped = bytearray(whole)
    flipped[at] ^= 1 << data.draw(st.integers(0, 7))
    assert decode(bytes(flipped)) is None


@given(st.binary(max_size=300))
def test_anything_else_is_no_floors(data: bytes) -> None:
    assert decode(data) is None


def test_they_are_kept_and_do_not_fall(tmp_path: Path) -> None:
    FloorsFile(tmp_path).raise_to(Floors(security_version=5, time=100))
    FloorsFile(tmp_path).raise_to(Floors(security_version=3, data=2))
    assert FloorsFile(tmp_path).read() == Floors(security_version=5, data=2, time=100)


def test_the_images_floors_count_without_any_file(tmp_path: Path) -> None:
    assert FloorsFile(tmp_path, encode(Floors(data=7))).read() == Floors(data=7)


def test_a_damaged_copy_is_mended_by_the_next_rise(tmp_path: Path) -> None:
    floors = FloorsFile(tmp_path).raise_to(Floors(root=3))
    (tmp_path / "floors-a").write_bytes(b"junk")
    assert FloorsFile(tmp_path).read() == floors
    FloorsFile(tmp_path).raise_to(Floors())
    assert decode((tmp_path / "floors-a").read_bytes()) == floors


def test_damaged_floors_in_the_image_are_told(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="image"):
        FloorsFile(tmp_path, b"junk")


def test_a_role_with_new_keys_counts_anew_under_a_newer_root() -> None:
    stolen = Floors(root=1, timestamp=RoleFloor("old", 2_000_000_000, 1))
    honest = Floors(root=2, timestamp=RoleFloor("new", 5, 2))
    assert stolen.joined(honest).timestamp == RoleFloor("new", 5, 2)
    assert honest.joined(stolen).timestamp == RoleFloor("new", 5, 2)
