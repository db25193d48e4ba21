"""The keystream under which U.are.U readers send their pictures, and how it is taken off.

Sans-IO. The keystream is a 32-bit shift register: bits 4, 8, 11, ... make a byte, then it moves
right by one and the parity of bits 0, 2, 3, ... enters at the top. Written as one long row of
bits this is b[n+32] = b[n] ^ b[n+2] ^ b[n+3] ^ ...; squaring that relation over GF(2) gives the
same one with every distance doubled, again and again, so 2**k bits can be made at once.
"""

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

_REGISTER = 32
_TAPS = np.array([0, 2, 3, 6, 10, 12, 19, 22, 25, 28, 31])
_BITS_OF_A_BYTE = (4, 8, 11, 14, 18, 21, 24, 29)  # bit 0 first


class Keystream:
    """One key's stream of bytes; it goes on from call to call. register: 32 bits, its state."""

    def __init__(self, key: int) -> None:
        self.register = key

    def take(self, count: int) -> Bytes:
        """Return the next count bytes, in steps of the register as well."""
        bits = _row_of_bits(self.register, count + _REGISTER)
        state = np.packbits(bits[count:], bitorder="little")
        self.register = int.from_bytes(state.tobytes(), "little")
        stream = np.zeros(count, np.uint8)
        for place, bit in enumerate(_BITS_OF_A_BYTE):
            stream |= bits[bit : bit + count] << place
        return stream


def descramble(block: Bytes, keystream: Keystream) -> Bytes:
    """Return a block in clear. The reader sends each byte one place late: the last one is lost."""
    stream = keystream.take(block.size)
    clear = np.zeros_like(block)
    np.bitwise_xor(block[1:], stream[:-1], out=clear[:-1])
    return clear


def _row_of_bits(register: int, count: int) -> Bytes:
    """Return count bits (0 or 1 in a byte each), of which the register holds the first 32."""
    bits = np.empty(count, np.uint8)
    bits[:_REGISTER] = [register >> place & 1 for place in range(_REGISTER)]
    known = _REGISTER
    while known < count:
        stride = 1 << (known // _REGISTER).bit_length() - 1
        window = bits[known - _REGISTER * stride : known].reshape(_REGISTER, stride)
        new = min(stride, count - known)
        bits[known : known + new] = np.bitwise_xor.reduce(window[_TAPS], axis=0)[:new]
        known += new
    return bits
