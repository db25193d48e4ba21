"""How a U.are.U reader scrambles a picture: the plain way, bit by bit, as its hardware does.

On purpose not built on the driver's own keystream: each is a check of the other.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

_PARITY = 0x9248144D


def next_register(register: int) -> int:
    """Return the shift register one step later."""
    return register >> 1 | ((register & _PARITY).bit_count() & 1) << 31


def byte_of(register: int) -> int:
    """Return the byte of the keystream that the register gives now."""
    return (
        register >> 4 & 1
        | register >> 7 & 2
        | register >> 9 & 4
        | register >> 11 & 8
        | register >> 14 & 16
        | register >> 16 & 32
        | register >> 18 & 64
        | register >> 22 & 128
    )


@lru_cache(maxsize=64)  # a reader has few keys, and this is slow
def keystream(key: int, count: int) -> bytes:
    """Return the key's first count bytes."""
    stream = bytearray()
    for _ in range(count):
        stream.append(byte_of(key))
        key = next_register(key)
    return bytes(stream)


def scramble(clear: Bytes, stream: Bytes) -> Bytes:
    """Return a block as it is sent: each byte one place late, the last one never."""
    sent = np.empty_like(clear)
    sent[0] = 0x86  # nobody reads it
    sent[1:] = clear[:-1] ^ stream[:-1]
    return sent
