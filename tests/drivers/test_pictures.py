"""Pictures as bytes and as arrays."""

import io

import numpy as np
import pytest
from PIL import Image

from greenline.drivers.camera import Exposure, Picture, Rotation
from greenline.drivers.errors import BadTransferError
from greenline.drivers.pictures import from_file, from_grey, from_yuyv, to_jpeg, upright

EXPOSURE = Exposure(None, None, automatic=True, settled=True)


def jpeg(width: int = 64, height: int = 48, **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), (10, 200, 90)).save(out, "JPEG", quality=95, **options)
    return out.getvalue()


def without_huffman_tables(data: bytes) -> bytes:
    """Cut the DHT segments out, as many webcams leave them out of their MJPG."""
    kept, at = bytearray(data[:2]), 2
    while data[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if data[at + 1] != 0xC4:
            kept += data[at:end]
        at = end
    assert len(kept) + len(data) - at < len(data)
    return bytes(kept) + data[at:]


def test_yuyv_colours_are_those_of_bt601() -> None:
    # Two pixels each: black, white, red, green and blue of the BT.601 colour bars at 100 %.
    bars = bytes.fromhex("10801080 eb80eb80 515a51f0 91369122 29f0296e")
    assert from_yuyv(bars, 10, 1, 20)[0, ::2].tolist() == [
        [0, 0, 0], [255, 255, 255], [254, 0, 0], [0, 255, 1], [0, 0, 255],
    ]  # fmt: skip


def test_lines_of_yuyv_may_be_padded_and_the_last_one_cut_short() -> None:
    line = bytes.fromhex("10801080")
    wanted = np.zeros((2, 2, 3), np.uint8)
    np.testing.assert_array_equal(from_yuyv((line + b"\xff\xff") * 2, 2, 2, 6), wanted)
    np.testing.assert_array_equal(from_yuyv(line + b"\xff\xff" + line, 2, 2, 6), wanted)


@pytest.mark.parametrize("missing", [1, 8])
def test_missing_bytes_are_a_damaged_picture(missing: int) -> None:
    with pytest.raises(BadTransferError, match="too few"):
        from_yuyv(bytes(16 - missing), 4, 2, 8)
    with pytest.raises(BadTransferError, match="too few"):
        from_grey(bytes(16 - missing), 8, 2, 8)


def test_jpeg_and_png_are_read() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (3, 2), (1, 2, 3, 255)).save(out, "PNG")
    assert from_file(out.getvalue()).tolist() == [[[1, 2, 3]] * 3] * 2
    assert from_file(jpeg()).shape == (48, 64, 3)


def test_jpeg_without_huffman_tables_is_read_like_one_with_them() -> None:
    whole = jpeg()
    np.testing.assert_array_equal(from_file(without_huffman_tables(whole)), from_file(whole))


def test_a_photograph_is_turned_as_its_exif_says() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter clockwise
    assert from_file(jpeg(exif=exif)).shape == (64, 48, 3)


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xd8", jpeg()[:300], b"GIF89a" + bytes(50), b"\x89PNG\r\n\x1a\n" + bytes(40)],
    ids=["nothing", "start only", "cut", "another kind", "not a PNG"],
)
def test_a_file_that_cannot_be_read_is_a_damaged_picture(data: bytes) -> None:
    with pytest.raises(BadTransferError, match="damaged") as caught:
        from_file(data)
    assert " object at " not in str(caught.value)


def test_every_cut_of_a_jpeg_is_damaged_or_whole_never_another_fault() -> None:
    whole = jpeg()
    for length in range(0, len(whole) - 2, 7):
        with pytest.raises(BadTransferError):
            from_file(whole[:length])


def test_a_picture_too_big_to_unpack_is_refused_by_its_header() -> None:
    out = io.BytesIO()
    Image.new("1", (10_000, 6_000)).save(out, "PNG")
    with pytest.raises(BadTransferError, match="10000x6000 is too big"):
        from_file(out.getvalue())


@pytest.mark.parametrize(
    ("rotation", "wanted"),
    [
        (Rotation.NONE, [[1, 2], [3, 4]]),
        (Rotation.QUARTER, [[3, 1], [4, 2]]),
        (Rotation.HALF, [[4, 3], [2, 1]]),
        (Rotation.THREE_QUARTERS, [[2, 4], [1, 3]]),
    ],
)
def test_pictures_are_turned_clockwise(rotation: Rotation, wanted: list[list[int]]) -> None:
    pixels = np.repeat(np.array([[1, 2], [3, 4]], np.uint8)[..., None], 3, axis=2)
    assert upright(pixels, rotation)[..., 0].tolist() == wanted


@pytest.mark.parametrize(("most_width", "size"), [(640, (60, 30)), (20, (20, 10))])
def test_a_page_gets_a_jpeg_of_at_most_its_width(most_width: int, size: tuple[int, int]) -> None:
    picture = Picture(np.full((30, 60, 3), 80, np.uint8), 0.0, Rotation.NONE, EXPOSURE)
    with Image.open(io.BytesIO(to_jpeg(picture, most_width))) as image:
        assert (image.format, image.size) == ("JPEG", size)
        assert image.getpixel((3, 3)) == (80, 80, 80)


@pytest.mark.parametrize("size", [(7, 6), (0, 6), (8, 0)])
def test_a_size_that_cannot_be_is_a_damaged_picture(size: tuple[int, int]) -> None:
    with pytest.raises(BadTransferError, match="pixels"):
        from_yuyv(bytes(200), *size, 14)


def test_a_picture_larger_than_it_may_be_is_refused_before_it_is_unpacked() -> None:
    out = io.BytesIO()
    Image.new("L", (30, 20)).save(out, "JPEG")

    assert from_file(out.getvalue(), 600).shape == (20, 30, 3)
    with pytest.raises(BadTransferError, match="30x20 is too big"):
        from_file(out.getvalue(), 599)


def test_what_a_camera_says_of_its_padding_does_not_fill_the_memory() -> None:
    assert from_grey(bytes(8), 8, 1, 2**32 - 1).shape == (1, 8, 3)
