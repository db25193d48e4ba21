"""What a fingerprint looks like wherever it might have been written by mistake, and the search.

A canary is a piece of a record, a template's columns or a picture, long enough that it stands
nowhere by chance. It is looked for as it is, in hexadecimal, in base64 at each of the three places
where it may begin in a group of three bytes, and as Python would print it.
"""

import base64
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from greenline.prints import fmr
from greenline.prints.frame import Frame
from greenline.prints.template import Template

_RECORD_HEAD = 28
_PIECE = 12
_FEWEST_VALUES = 6
"""A piece of a picture with fewer grey values may be anything."""


@dataclass(frozen=True)
class Canary:
    """One piece. name: of what, for the sentence that tells of it."""

    name: str
    piece: bytes

    def forms(self) -> dict[str, bytes]:
        """Return every form that is looked for, by its name."""
        found = {
            "raw": self.piece,
            "hex": self.piece.hex().encode(),
            "HEX": self.piece.hex().upper().encode(),
            "repr": repr(self.piece)[2:-1].encode(),
            "numbers": ", ".join(map(str, self.piece)).encode(),
            "array": " ".join(map(str, self.piece)).encode(),
        }
        for shift in range(3):
            encoded = base64.b64encode(bytes(shift) + self.piece)
            # The first and last letters depend on what stands around the piece.
            inner = encoded[(shift * 8 + 5) // 6 : ((shift + len(self.piece)) * 8) // 6]
            found[f"base64 at {shift}"] = inner
            found[f"url base64 at {shift}"] = inner.translate(bytes.maketrans(b"+/", b"-_"))
        return found


def canaries(name: str, frame: Frame, template: Template) -> list[Canary]:
    """Return the canaries of one press: its record, its columns, its picture."""
    record = fmr.from_template(template.best(255))
    rows = [frame.pixels[row].tobytes() for row in range(0, frame.height, 16)]
    nibbles = frame.to_nibbles()
    half = frame.width // 2
    packed = [nibbles[row * half : (row + 1) * half] for row in range(0, frame.height, 16)]
    columns = [
        column.astype(kind).tobytes()
        for column in (template.x, template.y, template.direction)
        for kind in (np.float32, np.float64, np.int16, np.int32)
    ]
    pieces = [
        *(("record", piece) for piece in _cut(record[_RECORD_HEAD:])),
        *(("column", piece) for column in columns for piece in _cut(column[:96], 24)),
        *(("picture", piece) for row in rows for piece in _cut(row, 24)),
        *(("nibbles", piece) for row in packed for piece in _cut(row, 16)),
    ]
    return [Canary(f"{name}: {what}", piece) for what, piece in pieces]


def found_in(data: bytes, wanted: list[Canary]) -> list[str]:
    """Return which canaries, in which form, stand in data."""
    return [
        f"{canary.name} as {form}"
        for canary in wanted
        for form, needle in canary.forms().items()
        if needle in data
    ]


def found_under(folder: Path, wanted: list[Canary]) -> list[str]:
    """Search every file under a folder, and the files' names."""
    found = []
    for path in sorted(folder.rglob("*")):
        data = str(path).encode()
        if path.is_file() and not path.is_symlink():
            data += path.read_bytes()
        found += [f"{path}: {each}" for each in found_in(data, wanted)]
    return found


def _cut(data: bytes, size: int = _PIECE) -> list[bytes]:
    pieces = [data[at : at + size] for at in range(0, len(data) - size + 1, size)]
    return [piece for piece in pieces if len(set(piece)) >= _FEWEST_VALUES][:8]
