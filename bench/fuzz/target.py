"""What is fuzzed: a decoder, what it may raise, and what holds for what it accepts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class BrokenError(Exception):
    """A decoder accepted something that does not hold what it promises."""


@dataclass(frozen=True)
class Prepared:
    """A target made ready: what takes an input, and valid inputs to begin with.

    holds: checks what was accepted; raises BrokenError. tokens: pieces worth putting anywhere.
    tree: reads an input as dicts and lists, and writes it again. repaired: puts lengths and check
    sums right, so that a changed input gets past them.
    """

    decode: Callable[[bytes], Any]
    seeds: tuple[bytes, ...]
    holds: Callable[[bytes, Any], None] | None = None
    tokens: tuple[bytes, ...] = ()
    tree: tuple[Callable[[bytes], Any], Callable[[Any], bytes]] | None = None
    repaired: Callable[[bytes], bytes] | None = None


@dataclass(frozen=True)
class Target:
    """One decoder. refusals: its error tree; everything else that it raises is a failure.

    prepare: makes it ready (keys, corpus); not before it is wanted. most_bytes: longest input.
    most_ms: of CPU for one input. most_mb: of memory for one input.
    """

    name: str
    prepare: Callable[[], Prepared]
    refusals: tuple[type[Exception], ...]
    most_bytes: int = 4096
    most_ms: float = 250.0
    most_mb: float = 32.0


def comes_back(encode: Callable[[Any], bytes]) -> Callable[[bytes, Any], None]:
    """Return the check that what was accepted is written as the same bytes: there is one form."""

    def check(data: bytes, found: Any) -> None:
        if encode(found) != data:
            raise BrokenError("written again, it is other bytes")

    return check


def reads_back(
    encode: Callable[[Any], bytes], decode: Callable[[bytes], Any]
) -> Callable[[bytes, Any], None]:
    """Return the check that what was accepted, written and read again, is written the same.

    Compared are bytes: a NaN is not equal to itself.
    """

    def check(_data: bytes, found: Any) -> None:
        written = encode(found)
        if encode(decode(written)) != written:
            raise BrokenError("written and read again, it is another thing")

    return check
