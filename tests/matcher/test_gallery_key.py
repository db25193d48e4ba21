"""The gallery's key is read from a file of its owner's alone; anything else is told."""

from pathlib import Path

import pytest

from greenline.matcher.errors import GalleryKeyError
from greenline.matcher.gallery_key import read_gallery_key


@pytest.fixture
def path(tmp_path: Path, gallery_key: bytes) -> Path:
    path = tmp_path / "gallery.key"
    path.write_bytes(gallery_key)
    path.chmod(0o600)
    return path


def test_the_owners_own_file_is_read(path: Path, gallery_key: bytes) -> None:
    assert read_gallery_key(path) == gallery_key


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o622])
def test_a_key_that_others_may_use_is_refused(path: Path, mode: int) -> None:
    path.chmod(mode)

    with pytest.raises(GalleryKeyError, match="can be read by others: run 'chmod 600 "):
        read_gallery_key(path)


def test_a_missing_key_is_told_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(GalleryKeyError, match=r"none\.key cannot be read: No such file"):
        read_gallery_key(tmp_path / "none.key")
