"""Where metadata, targets and chunks come from: a server or a stick. One contract for both.

A source is not trusted: what it hands out is bounded here and verified by its caller.
"""

from typing import Protocol

from greenline.ota.errors import LostError, RefusedError
from greenline.ota.reasons import Reason


class MissingError(LostError):
    """The source answers, but has no such file: another source may have it."""


class Source(Protocol):
    """A published repository: the folders `metadata`, `targets` and `chunks`."""

    def read(self, path: str, most: int) -> bytes:
        """Return a whole file; path: relative, with slashes; most: bytes that it may have.

        Raises MissingError, LostError, and RefusedError for a file that is larger or no plain file.
        """

    def close(self) -> None:
        """Let go of what is held; read() opens it again."""


def oversize(path: str, most: int) -> RefusedError:
    """Return the refusal of a file that is larger than what was signed, or than anybody needs."""
    reason = Reason.BROKEN_CHUNK if path.startswith("chunks/") else Reason.BROKEN_METADATA
    return RefusedError(reason, f"{path} is larger than the {most} bytes that it may have")
