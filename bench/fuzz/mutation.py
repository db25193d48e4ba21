"""Makes inputs from valid ones: changed, cut, spliced, repeated; lengths and counts made huge.

No coverage is measured. What comes instead: an input that was refused at a place where none was
refused before, or is the first of its length to be accepted, joins those that are changed further.
Everything follows from the seed.
"""

import random
from collections.abc import Callable

from bench.fuzz.target import Prepared
from bench.fuzz.trees import changed

_MOST_KEPT = 400
_REPAIRED = 0.8
_TREE = 0.4
_UNCHANGED_STEPS = (1, 1, 1, 1, 2, 2, 3, 5, 9)

# Counts and lengths that are at an edge, with the MessagePack heads that carry the largest.
_NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x100, 0x3FFF, 0x4000, 0x7FFF, 0x8000, 0xFFFF, 0x10000)
_LARGE = (0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**62, 2**63 - 1, 2**63, 2**64 - 1)
_TOKENS = (
    b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff", b"\xc6\xff\xff\xff\xff", b"\xdc\xff\xff",
    b"\xcb\x7f\xf8\0\0\0\0\0\0", b"\xcf" + b"\xff" * 8, b"\xd9\x02\xff\xfe", b"\xc1", b"\xc0",
    b"\x91" * 64, b"\x81\xa0" * 64, b"\0" * 16, b"\xff" * 16,
)  # fmt: skip


class Mutator:
    """Gives inputs without end; equal seeds give equal inputs, as long as equal ones are kept."""

    def __init__(self, prepared: Prepared, most_bytes: int, seed: str) -> None:
        self._rng = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
        self._prepared = prepared
        self._most = most_bytes
        self._seeds = list(prepared.seeds)
        self._kept: list[bytes] = []
        self._tokens = _TOKENS + prepared.tokens

    def keep(self, data: bytes) -> None:
        """Change this one further too."""
        if len(self._kept) < _MOST_KEPT:
            self._kept.append(data)
        else:
            self._kept[self._rng.randrange(_MOST_KEPT)] = data

    def next(self) -> bytes:
        """Return another input."""
        rng, prepared = self._rng, self._prepared
        data = rng.choice(self._kept if self._kept and rng.random() < 0.5 else self._seeds)
        if prepared.tree is not None and rng.random() < _TREE:
            data = self._through_tree(data, *prepared.tree)
        else:
            data = self._through_bytes(data)
        if prepared.repaired is not None and rng.random() < _REPAIRED:
            data = prepared.repaired(data)
        return data

    def _through_tree(
        self, data: bytes, read: Callable[[bytes], object], write: Callable[[object], bytes]
    ) -> bytes:
        try:
            tree = read(data)
            for _ in range(self._rng.choice((1, 1, 1, 2, 4))):
                tree = changed(tree, self._rng)
            return write(tree)[: self._most]
        # Not the decoder that is fuzzed: whatever does not go through here is changed as bytes.
        except Exception:  # noqa: BLE001
            return self._through_bytes(data)

    def _through_bytes(self, data: bytes) -> bytes:
        rng = self._rng
        changing = bytearray(data)
        for _ in range(rng.choice(_UNCHANGED_STEPS)):
            _STEPS[int(rng.random() * len(_STEPS))](self, changing)
        return bytes(changing[: self._most])

    def _at(self, data: bytearray) -> int:
        return int(self._rng.random() * (len(data) + 1))

    def _flip(self, data: bytearray) -> None:
        if data:
            data[int(self._rng.random() * len(data))] ^= 1 << int(self._rng.random() * 8)

    def _put(self, data: bytearray) -> None:
        if data:
            data[int(self._rng.random() * len(data))] = int(self._rng.random() * 256)

    def _step(self, data: bytearray) -> None:
        if data:
            at = int(self._rng.random() * len(data))
            data[at] = data[at] + (1 if self._rng.random() < 0.5 else -1) & 0xFF

    def _number(self, data: bytearray) -> None:
        rng = self._rng
        size = rng.choice((1, 2, 2, 4, 4, 8))
        number = rng.choice(_NUMBERS if size < 4 else _NUMBERS + _LARGE) & (1 << 8 * size) - 1
        at = self._at(data)
        data[at : at + size] = number.to_bytes(size, rng.choice(("big", "little")))

    def _length(self, data: bytearray) -> None:
        """Put in how long the input is, or its rest, or nearly so."""
        rng, at = self._rng, self._at(data)
        size = rng.choice((1, 2, 4))
        length = rng.choice((len(data), len(data) - at, len(data) - at - size)) + rng.choice(
            (0, 0, -1, 1)
        )
        data[at : at + size] = (length & (1 << 8 * size) - 1).to_bytes(size)

    def _token(self, data: bytearray) -> None:
        at, token = self._at(data), self._rng.choice(self._tokens)
        end = at if self._rng.random() < 0.5 else at + len(token)
        data[at:end] = token

    def _insert(self, data: bytearray) -> None:
        at = self._at(data)
        data[at:at] = self._rng.randbytes(1 + int(self._rng.random() * 8))

    def _delete(self, data: bytearray) -> None:
        at = self._at(data)
        del data[at : at + 1 + int(self._rng.random() ** 3 * len(data))]

    def _cut(self, data: bytearray) -> None:
        del data[self._at(data) :]

    def _repeat(self, data: bytearray) -> None:
        rng = self._rng
        at = self._at(data)
        piece = bytes(data[at : at + 1 + int(rng.random() ** 3 * 64)])
        times = rng.choice((2, 3, 10, 100, 2000))
        data[at:at] = piece * min(times, self._most // max(1, len(piece)))

    def _splice(self, data: bytearray) -> None:
        other = self._rng.choice(self._seeds)
        at, start = self._at(data), int(self._rng.random() * (len(other) + 1))
        if self._rng.random() < 0.5:
            data[at:] = other[start:]
        else:
            piece = other[start : start + 1 + int(self._rng.random() ** 2 * len(other))]
            data[at : at + len(piece)] = piece

    def _swap(self, data: bytearray) -> None:
        """Let a piece stand at another place as well."""
        start, at = self._at(data), self._at(data)
        piece = data[start : start + 1 + int(self._rng.random() ** 2 * 64)]
        data[at : at + len(piece)] = piece


_STEPS: tuple[Callable[[Mutator, bytearray], None], ...] = (
    Mutator._flip, Mutator._flip, Mutator._put, Mutator._put, Mutator._step, Mutator._number,
    Mutator._number, Mutator._length, Mutator._token, Mutator._insert, Mutator._delete,
    Mutator._cut, Mutator._repeat, Mutator._splice, Mutator._swap,
)  # fmt: skip
