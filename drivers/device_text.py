"""What a device says of itself as text: it may end up on a screen, in a log or in an address."""

from contextlib import suppress
from pathlib import Path


def printable(text: str) -> str:
    """Return the text without what cannot be shown."""
    return "".join(letter for letter in text if letter.isprintable()).strip()


def read_text(file: Path) -> str:
    """Return what the kernel keeps of it in a file; empty when it has gone or never was."""
    with suppress(OSError):
        return printable(file.read_text("utf-8", "replace"))
    return ""
