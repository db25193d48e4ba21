import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from greenline.models.errors import PictureError
from greenline.models.picture import read_picture

GREY = np.random.default_rng(2).integers(0, 256, (60, 50)).astype(np.uint8)


def saved(folder: Path, name: str, pixels: np.ndarray = GREY, **options: object) -> Path:
    Image.fromarray(pixels).save(folder / name, **options)
    return folder / name


@pytest.mark.parametrize("name", ["print.png", "print.tif", "print.bmp", "print.pgm"])
def test_a_grey_picture_is_read_as_it_is(tmp_path: Path, name: str):
    frame = read_picture(saved(tmp_path, name), 508)
    np.testing.assert_array_equal(frame.pixels, GREY)
    assert (frame.dpi, frame.grey_levels) == (508, 256)


def test_a_jpeg_is_read_nearly_as_it_was(tmp_path: Path):
    smooth = np.tile(np.arange(50, 150, 2, dtype=np.uint8), (60, 1))
    frame = read_picture(saved(tmp_path, "print.jpg", smooth, quality=95), 500)
    assert np.abs(frame.pixels.astype(int) - smooth).max() <= 3


@pytest.mark.parametrize("name", ["print.png", "print.tif", "print.bmp", "print.jpg"])
def test_the_files_own_resolution_is_taken(tmp_path: Path, name: str):
    frame = read_picture(saved(tmp_path, name, dpi=(500, 500)))
    assert frame.dpi == pytest.approx(500, abs=0.1)


def test_a_stated_resolution_is_taken_before_the_files_own(tmp_path: Path):
    assert read_picture(saved(tmp_path, "print.png", dpi=(500, 500)), 569).dpi == 569


@pytest.mark.parametrize("dpi", [None, (72, 72), (96, 96), (500, 250), (5000, 5000)])
def test_a_file_without_a_scanners_resolution_asks_for_it(
    tmp_path: Path, dpi: tuple[int, int] | None
):
    path = saved(tmp_path, "print.png", **({"dpi": dpi} if dpi else {}))
    with pytest.raises(PictureError, match=r"print\.png does not say its resolution.*--dpi"):
        read_picture(path)


def test_colours_become_grey(tmp_path: Path):
    path = saved(tmp_path, "print.png", np.dstack([GREY] * 3))
    np.testing.assert_array_equal(read_picture(path, 500).pixels, GREY)


def test_a_palette_becomes_the_greys_that_it_shows(tmp_path: Path):
    image = Image.fromarray(GREY // 16)
    image.putpalette([level * 17 for level in range(16) for _ in "rgb"])
    image.save(tmp_path / "print.png")
    pixels = read_picture(tmp_path / "print.png", 500).pixels
    np.testing.assert_array_equal(pixels, GREY // 16 * 17)


def test_16_bit_greys_keep_their_upper_8_bits(tmp_path: Path):
    path = saved(tmp_path, "print.png", GREY.astype(np.uint16) * 256 + 77)
    np.testing.assert_array_equal(read_picture(path, 500).pixels, GREY)


def test_one_bit_pixels_become_black_and_white(tmp_path: Path):
    Image.fromarray(GREY > 127).save(tmp_path / "print.tif")
    pixels = read_picture(tmp_path / "print.tif", 500).pixels
    np.testing.assert_array_equal(pixels, np.where(GREY > 127, 255, 0))


def test_what_is_transparent_becomes_white(tmp_path: Path):
    alpha = np.full_like(GREY, 255)
    alpha[:10] = 0
    path = saved(tmp_path, "print.png", np.dstack([GREY] * 3 + [alpha]))
    expected = GREY.copy()
    expected[:10] = 255
    np.testing.assert_array_equal(read_picture(path, 500).pixels, expected)


def test_numbers_instead_of_greys_are_refused(tmp_path: Path):
    path = saved(tmp_path, "print.tif", GREY.astype(np.float32))
    with pytest.raises(PictureError, match="holds numbers, not grey levels"):
        read_picture(path, 500)


def test_a_picture_of_one_pixel_is_refused(tmp_path: Path):
    with pytest.raises(PictureError, match=r"print\.png has 1x1 pixels, too few"):
        read_picture(saved(tmp_path, "print.png", GREY[:1, :1]), 500)


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds nothing."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 0) + b"IDAT" + bytes(4)


@pytest.mark.parametrize(("width", "height"), [(2001, 2000), (10_000, 10_000), (50_000, 50_000)])
def test_a_claim_of_too_many_pixels_is_refused_before_they_are_decoded(
    tmp_path: Path, width: int, height: int
):
    (tmp_path / "print.png").write_bytes(png_header(width, height))
    with pytest.raises(PictureError, match=r"print\.png"):
        read_picture(tmp_path / "print.png", 500)


def test_a_file_of_too_many_bytes_is_refused_unread(tmp_path: Path):
    path = saved(tmp_path, "print.png")
    with path.open("ab") as file:
        file.truncate(40_000_000)
    with pytest.raises(PictureError, match="larger than 32 megabytes"):
        read_picture(path, 500)


@pytest.mark.parametrize("name", ["print.png", "print.tif", "print.bmp", "print.pgm", "print.jpg"])
def test_a_file_cut_anywhere_is_refused_or_read_whole(tmp_path: Path, name: str):
    whole = saved(tmp_path, name).read_bytes()
    for length in range(0, len(whole), max(1, len(whole) // 60)):
        path = tmp_path / f"cut-{name}"
        path.write_bytes(whole[:length])
        try:
            frame = read_picture(path, 500)
        except PictureError:
            continue
        assert (frame.height, frame.width) == GREY.shape


@pytest.mark.parametrize("content", [b"", b"not a picture", b"GIF89a" + bytes(64), b"%PDF-1.7"])
def test_what_is_not_a_picture_of_a_known_format_is_refused(tmp_path: Path, content: bytes):
    (tmp_path / "print.png").write_bytes(content)
    with pytest.raises(PictureError, match=r"print\.png cannot be read as a picture"):
        read_picture(tmp_path / "print.png", 500)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path):
    for path in (tmp_path / "absent.png", tmp_path):
        with pytest.raises(PictureError, match="cannot be read as a picture"):
            read_picture(path, 500)


def test_a_resolution_that_no_file_states_may_be_assumed(tmp_path: Path) -> None:
    silent, stated = tmp_path / "silent.png", tmp_path / "stated.png"
    Image.new("L", (64, 64), 200).save(silent)
    Image.new("L", (64, 64), 200).save(stated, dpi=(569, 569))

    assert read_picture(silent, otherwise_dpi=500).dpi == 500
    assert read_picture(stated, otherwise_dpi=500).dpi == pytest.approx(569, abs=0.1)
    assert read_picture(stated, 508, otherwise_dpi=500).dpi == 508


def test_what_a_file_says_of_its_own_length_does_not_fill_the_memory(tmp_path: Path) -> None:
    data = saved(tmp_path, "whole.png").read_bytes()
    at = data.index(b"IDAT") - 4
    (tmp_path / "vast.png").write_bytes(data[:at] + b"\xff\xff\xff\xff" + data[at + 4 :])

    tracemalloc.start()
    try:
        read_picture(tmp_path / "vast.png", 500.0)
        largest = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert largest < 10_000_000
