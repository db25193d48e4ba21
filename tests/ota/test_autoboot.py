import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenline.ota.autoboot import MOST_PARTITION, SECTOR_BYTES, Autoboot, AutobootError, decode
from greenline.ota.simulated_pi import boot_partition

NUMBERS = st.integers(1, MOST_PARTITION)


def test_the_file_is_the_official_form_in_one_sector() -> None:
    text = Autoboot(2, 3).encode()

    assert len(text) == SECTOR_BYTES
    assert text.rstrip(b"\n").split(b"\n") == [
        b"[all]",
        b"tryboot_a_b=1",
        b"boot_partition=2",
        b"[tryboot]",
        b"boot_partition=3",
    ]


@given(NUMBERS, NUMBERS)
def test_what_is_encoded_is_read_back_and_started(confirmed: int, trial: int) -> None:
    if confirmed == trial:
        with pytest.raises(AutobootError):
            Autoboot(confirmed, trial)
        return
    text = Autoboot(confirmed, trial).encode()

    assert decode(text) == Autoboot(confirmed, trial)
    assert boot_partition(text, tryboot=False) == confirmed
    assert boot_partition(text, tryboot=True) == trial


@pytest.mark.parametrize("numbers", [(0, 1), (2, 2), (1, 32), (-1, 3)])
def test_no_partition_that_is_none_is_written(numbers: tuple[int, int]) -> None:
    with pytest.raises(AutobootError):
        Autoboot(*numbers)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[all]\nboot_partition=2\n",
        Autoboot(2, 3).encode()[:-1],
        Autoboot(2, 3).encode() + b"\n",
        Autoboot(2, 3).encode().replace(b"tryboot_a_b=1", b"tryboot_a_b=0"),
        bytes(SECTOR_BYTES),
        b"\xff" * SECTOR_BYTES,
    ],
)
def test_another_form_is_refused(text: bytes) -> None:
    with pytest.raises(AutobootError):
        decode(text)


@given(st.binary(max_size=SECTOR_BYTES + 2))
def test_any_bytes_are_refused_or_mean_what_they_say(text: bytes) -> None:
    with contextlib.suppress(AutobootError):
        assert decode(text).encode() == text
    for tryboot in (False, True):
        assert boot_partition(text, tryboot=tryboot) in {None, *range(MOST_PARTITION + 1)}


@given(st.integers(0, SECTOR_BYTES - 1), st.integers(1, 255))
def test_one_damaged_byte_is_noticed(place: int, change: int) -> None:
    text = bytearray(Autoboot(2, 3).encode())
    text[place] ^= change

    with contextlib.suppress(AutobootError):
        # Only another number is as good as ours.
        assert decode(bytes(text)) != Autoboot(2, 3)


def test_the_bootloader_takes_the_last_line_that_applies() -> None:
    text = b"boot_partition=9\n[none]\nboot_partition=4\n[all]\nboot_partition=2\r\n"

    assert boot_partition(text, tryboot=False) == 2
    assert boot_partition(text, tryboot=True) is None  # tryboot_a_b is missing
