"""Reads a gallery's key from its file, which belongs to its owner alone."""

from pathlib import Path

from greenline.matcher.errors import GalleryKeyError

_OTHERS = 0o077


def read_gallery_key(path: Path) -> bytes:
    """Return the key's bytes. Raises GalleryKeyError when others may read it, or nobody can."""
    try:
        key, mode = path.read_bytes(), path.stat().st_mode
    except OSError as fault:
        raise GalleryKeyError(f"the gallery key {path} cannot be read: {fault.strerror}") from fault
    if mode & _OTHERS:
        raise GalleryKeyError(
            f"the gallery key {path} can be read by others: run 'chmod 600 {path}', and replace "
            "the key if somebody may have copied it"
        )
    return key
