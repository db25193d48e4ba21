"""A mark beside the store while it is open: its log has its full size, and is filled.

An emptied log and one that a fault has emptied look the same; so do a log that ends with its last
commit and one that was cut off there. With the mark they do not: while it stands the log is at
least as long as it says, and where SQLite has written nothing it holds store_frames.FILLING.
"""

from pathlib import Path

from greenline.link.files import remove_file, replace_file

_MOST_BYTES = 32


def mark_of(store: Path) -> Path:
    """Return where the mark of a store stands."""
    return store.with_name(f"{store.name}-open")


def set_mark(store: Path, log_bytes: int) -> None:
    """Say that the log is filled and this large from now on. Raises OSError."""
    replace_file(mark_of(store), f"{log_bytes}\n".encode(), 0o600)


def clear_mark(store: Path) -> None:
    """Say that nothing is known of the log from now on. Raises OSError."""
    if mark_of(store).exists():
        remove_file(mark_of(store))


def marked_bytes(store: Path) -> int:
    """Return how large the log must be at least; 0: there is no mark, or none that can be read."""
    try:
        with mark_of(store).open("rb") as file:
            return int(file.read(_MOST_BYTES))
    except (OSError, ValueError):
        return 0
