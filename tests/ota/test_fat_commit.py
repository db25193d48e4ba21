"""What a power cut can leave of autoboot.txt on a real vfat: recordings of bench/ota_fat.py."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.ota_fat_states import judge, left_of, read_log, read_recording
from greenline.ota.autoboot import decode
from greenline.ota.fat_image import FatImage

RECORDINGS = Path(__file__).with_name("recordings")


@pytest.mark.parametrize(
    ("method", "states", "unusable"),
    [
        ("in-place", 166, 0),
        ("truncate", 660, 164),
        ("rename", 984, 0),
        ("rename-late-flush", 664, 164),
    ],
)
def test_one_sector_in_place_leaves_no_unusable_state(
    method: str, states: int, unusable: int
) -> None:
    """The others are controls: what finds nothing wrong with them finds nothing at all."""
    image, log = read_recording(RECORDINGS / f"fat-{method}.xz")

    tally = judge(image, read_log(log), {2, 3})

    assert (tally.states, tally.unusable) == (states, unusable)
    assert bool(tally.example) is bool(unusable)


def test_a_commit_in_place_writes_the_sector_and_the_time_of_the_file() -> None:
    image, log = read_recording(RECORDINGS / "fat-in-place.xz")
    place = FatImage(image).place_of("AUTOBOOT.TXT")

    epochs = read_log(log)

    assert len(epochs) > 40
    assert sum(place in dict(epoch) for epoch in epochs) == 40
    assert all(decode(dict(epoch)[place]) for epoch in epochs if place in dict(epoch))
    assert len({at for epoch in epochs for at, _ in epoch} - {place}) <= 2


def test_of_few_sectors_any_can_be_left_of_many_all_but_one() -> None:
    few = [(at, b"") for at in range(3)]
    many = [(at, b"") for at in range(20)]

    assert len(list(left_of(few))) == 8
    assert many[:19] in list(left_of(many))
    assert many[:3] + many[4:] in list(left_of(many))


def test_what_is_no_log_is_refused() -> None:
    with pytest.raises(ValueError, match="no log"):
        read_log(bytes(512))
