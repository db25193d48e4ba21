"""A recorded USB conversation: what was submitted and what completed, in order, as text.

    S 3 control 4004070000000100 1 81     submitted: number, kind, setup bytes, length, data out
    C 3 0 -                               completed: number, 0 or the negative errno, data in
    S 1 interrupt 81 64 -                 for the others the endpoint stands for the setup bytes

It is what usbmon shows, without times, and without what the kernel itself says to the device.
"""

import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

CONTROL, INTERRUPT, BULK = "control", "interrupt", "bulk"
CANCELLED = -2  # completed because the host called it off

_NOTHING = "-"


@dataclass(frozen=True)
class Submitted:
    """A transfer that the host began. address: setup packet (8 bytes) or endpoint (1 byte)."""

    number: int
    kind: str
    address: bytes
    length: int
    data: bytes = b""


@dataclass(frozen=True)
class Completed:
    """The end of a transfer. status: 0 or a negative errno. data: what came in."""

    number: int
    status: int = 0
    data: bytes = b""


Conversation = tuple[Submitted | Completed, ...]


def to_text(conversation: Iterable[Submitted | Completed]) -> str:
    """Return the text of a conversation, a line for each entry."""
    return "".join(_line(entry) + "\n" for entry in conversation)


def from_text(text: str) -> Conversation:
    """Read a conversation. Raises ValueError at the first line that is none."""
    return tuple(_entry(line) for line in text.splitlines())


def read_conversation(path: Path) -> Conversation:
    """Read a gzip file of the text. Raises OSError, ValueError."""
    return from_text(gzip.decompress(path.read_bytes()).decode("ascii"))


def write_conversation(path: Path, conversation: Iterable[Submitted | Completed]) -> None:
    """Write a gzip file of the text, the same bytes for the same conversation."""
    path.write_bytes(gzip.compress(to_text(conversation).encode("ascii"), mtime=0))


def _line(entry: Submitted | Completed) -> str:
    data = entry.data.hex() or _NOTHING
    if isinstance(entry, Completed):
        return f"C {entry.number} {entry.status} {data}"
    return f"S {entry.number} {entry.kind} {entry.address.hex()} {entry.length} {data}"


def _entry(line: str) -> Submitted | Completed:
    match line.split(" "):
        case ["S", number, kind, address, length, data]:
            return Submitted(int(number), kind, bytes.fromhex(address), int(length), _bytes(data))
        case ["C", number, status, data]:
            return Completed(int(number), int(status), _bytes(data))
    raise ValueError(f"{line[:40]!r} is no line of a conversation")


def _bytes(text: str) -> bytes:
    return b"" if text == _NOTHING else bytes.fromhex(text)
