"""Images, cut where their content says so: what comes back, what is shared, what is laid down."""

import random
from pathlib import Path

import pytest

from greenline.ota.chunks import chunk_path, expand
from greenline.ota.cutting import AVERAGE_BYTES, LEAST_BYTES, MOST_BYTES, cut, store
from greenline.ota.errors import OfficeError
from greenline.ota.image import squash
from greenline.ota.index import Chunk

IMAGE = random.Random(3).randbytes(2 << 20)


def stored(folder: Path, content: bytes, name: str = "image") -> list[Chunk]:
    path = folder / name
    path.write_bytes(content)
    return list(store(path, folder / "public").chunks)


def read_back(public: Path, chunks: list[Chunk]) -> bytes:
    return b"".join(expand((public / chunk_path(c.sha256)).read_bytes(), c) for c in chunks)


@pytest.mark.parametrize("size", [1, LEAST_BYTES - 1, LEAST_BYTES, MOST_BYTES, MOST_BYTES + 1])
@pytest.mark.parametrize("content", [IMAGE, bytes(MOST_BYTES + 1)], ids=["noise", "zeros"])
def test_the_pieces_are_the_whole(content: bytes, size: int) -> None:
    assert b"".join(cut(content[:size])) == content[:size]


def test_pieces_have_about_the_size_they_should() -> None:
    sizes = [len(piece) for piece in cut(IMAGE)]

    assert all(LEAST_BYTES <= size <= MOST_BYTES for size in sizes[:-1])
    assert AVERAGE_BYTES / 2 < sum(sizes) / len(sizes) < AVERAGE_BYTES * 2


def test_bytes_put_in_at_the_front_move_no_cut_behind_them() -> None:
    before, after = set(cut(IMAGE)), set(cut(b"a few bytes more" + IMAGE))

    assert len(after - before) <= 2


def test_an_image_comes_back_from_its_chunks(tmp_path: Path) -> None:
    chunks = stored(tmp_path, IMAGE + bytes(1 << 20))

    assert read_back(tmp_path / "public", chunks) == IMAGE + bytes(1 << 20)


def test_a_piece_that_stands_twice_is_one_chunk(tmp_path: Path) -> None:
    chunks = stored(tmp_path, bytes(1 << 20))

    files = list((tmp_path / "public").rglob("*.zst"))
    assert len(chunks) >= 8
    assert len(files) == len({chunk.sha256 for chunk in chunks}) <= 2


def test_a_chunk_that_lies_there_is_left_as_it_is(tmp_path: Path) -> None:
    first = stored(tmp_path, IMAGE)
    files = {path: path.stat().st_ino for path in (tmp_path / "public").rglob("*.zst")}

    assert stored(tmp_path, IMAGE) == first
    assert {path: path.stat().st_ino for path in (tmp_path / "public").rglob("*.zst")} == files


@pytest.mark.parametrize("damage", [b"", b"junk"])
def test_a_damaged_chunk_is_written_again(tmp_path: Path, damage: bytes) -> None:
    chunks = stored(tmp_path, IMAGE)
    (tmp_path / "public" / chunk_path(chunks[0].sha256)).write_bytes(damage)

    assert stored(tmp_path, IMAGE) == chunks
    assert read_back(tmp_path / "public", chunks) == IMAGE


def test_an_empty_image_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OfficeError, match="0 bytes"):
        stored(tmp_path, b"")


def test_a_missing_image_is_named(tmp_path: Path) -> None:
    with pytest.raises(OfficeError, match=r"none\.img cannot be read"):
        store(tmp_path / "none.img", tmp_path / "public")


def a_tree(folder: Path) -> Path:
    chance = random.Random(4)
    for number in range(300):
        path = folder / f"library{number % 7}" / f"file{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(chance.randbytes(chance.randint(0, 20_000)))
    (folder / "link").symlink_to("library1")
    return folder


def test_the_same_folder_is_the_same_image_whenever_it_was_written(tmp_path: Path) -> None:
    one, other = a_tree(tmp_path / "one"), a_tree(tmp_path / "other")
    for path in other.rglob("*.py"):
        path.touch()
    (tmp_path / "one" / "library0").rename(tmp_path / "aside")
    (tmp_path / "aside").rename(tmp_path / "one" / "library0")
    squash(one, tmp_path / "one.img", keep_owners=False)
    squash(other, tmp_path / "other.img", keep_owners=False)

    assert (tmp_path / "one.img").read_bytes() == (tmp_path / "other.img").read_bytes()


def test_one_changed_file_changes_few_chunks(tmp_path: Path) -> None:
    tree = a_tree(tmp_path / "tree")
    squash(tree, tmp_path / "before.img", keep_owners=False)
    changed = tree / "library3" / "file3.py"
    changed.write_bytes(changed.read_bytes() + b"# one line more\n")
    squash(tree, tmp_path / "after.img", keep_owners=False)
    before = stored(tmp_path, (tmp_path / "before.img").read_bytes())
    after = stored(tmp_path, (tmp_path / "after.img").read_bytes())

    fetched = sum(chunk.compressed for chunk in set(after) - set(before))
    assert 0 < fetched <= 0.1 * sum(chunk.compressed for chunk in after)


def test_an_empty_folder_is_no_release(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()

    with pytest.raises(OfficeError, match="is empty"):
        squash(tmp_path / "tree", tmp_path / "image", keep_owners=False)


def test_an_image_that_cannot_be_written_is_told_with_mksquashfs_own_words(tmp_path: Path) -> None:
    with pytest.raises(OfficeError, match="no image could be made of"):
        squash(a_tree(tmp_path / "tree"), tmp_path / "no folder" / "image", keep_owners=False)
