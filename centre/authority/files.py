"""The authority's own files: replaced as a whole, and faults told in its own words."""

from pathlib import Path

from greenline.centre.authority.errors import FolderError
from greenline.link.files import overwrite, remove_file, replace_file

SECRET = 0o600
PUBLIC = 0o644


def write_file(path: Path, data: bytes, mode: int = PUBLIC) -> None:
    """Put a file in the place of an earlier one, whole or not at all. Raises FolderError."""
    try:
        replace_file(path, data, mode)
    except OSError as fault:
        raise FolderError(f"{path} cannot be written: {fault.strerror}") from fault


def write_secret(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read. Raises FolderError."""
    write_file(path, data, SECRET)


def destroy_secret(path: Path) -> None:
    """Overwrite a secret where it lies, then remove it; harmless when it is gone.

    Raises FolderError.
    """
    try:
        overwrite(path)
        remove_file(path)
    except FileNotFoundError:
        return
    except OSError as fault:
        raise FolderError(f"{path} cannot be destroyed: {fault.strerror}") from fault
