"""A real FAT of each kind is read; a damaged one ends in FatError, never in a circle."""

import random
import subprocess
from pathlib import Path

import pytest

from greenline.ota.fat_image import FatError, FatImage
from tests.ota.machines import make_selector

SIZES = {"12": 1, "16": 16, "32": 40}


@pytest.fixture(params=SIZES)
def image(request: pytest.FixtureRequest, tmp_path: Path) -> bytearray:
    make_selector(tmp_path / "probe.img")  # skips without the tools
    path = tmp_path / "fat.img"
    path.write_bytes(bytes(SIZES[request.param] << 20))
    cluster = ["-s", "1"] if request.param == "32" else []
    command = ["/usr/sbin/mkfs.fat", "-F", request.param, *cluster, str(path)]
    subprocess.run(command, check=True, capture_output=True)
    long = tmp_path / "long"
    long.write_bytes(b"0123456789" * 3000)
    (tmp_path / "empty").touch()
    for source, name in ((long, "a long name.txt"), (long, "long.txt"), (tmp_path / "empty", "e")):
        subprocess.run(["mcopy", "-i", str(path), str(source), f"::{name}"], check=True)
    return bytearray(path.read_bytes())


def test_a_file_of_many_clusters_is_read(image: bytearray) -> None:
    fat = FatImage(image)

    assert fat.read("LONG.TXT") == b"0123456789" * 3000
    place = fat.place_of("LONG.TXT")
    assert image[place : place + 10] == b"0123456789"


def test_a_file_that_is_not_there_is_named(image: bytearray) -> None:
    with pytest.raises(FatError, match=r"NONE\.TXT"):
        FatImage(image).read("NONE.TXT")
    with pytest.raises(FatError, match="empty"):
        FatImage(image).place_of("E")


def test_reading_a_damaged_one_ends(image: bytearray) -> None:
    chance = random.Random(1)
    outcomes = set()
    for _ in range(200):
        damaged = bytearray(image[: 1 << 21])
        for _ in range(chance.randint(1, 8)):
            damaged[chance.randrange(min(len(damaged), 4096))] = chance.randrange(256)
        try:
            outcomes.add(FatImage(damaged).read("LONG.TXT") == b"0123456789" * 3000)
        except FatError:
            outcomes.add(None)

    assert {True, None} <= outcomes


@pytest.mark.parametrize("junk", [b"", bytes(511), bytes(4096), b"\xff" * 4096])
def test_what_is_no_file_system_is_refused(junk: bytes) -> None:
    with pytest.raises(FatError):
        FatImage(junk)
