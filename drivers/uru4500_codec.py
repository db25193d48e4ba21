"""The language of the U.are.U 4000/4500 readers: registers, events, key exchange, challenge.

Sans-IO. Facts in our own words, from published open drivers and recorded conversations; the maker
documents nothing. "The driver" below is uru4500_link.py, which sends what is made here.
"""

from enum import IntEnum

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

REQUEST = 0x04  # the vendor request that reads and writes registers
CHALLENGE_BYTES = 16

# The same for every reader that asks: it proves nothing, it only has to be done.
_CHALLENGE_KEY = bytes.fromhex("79ac91795ca1478e98e00f3c598f5f4b")


class Register(IntEnum):
    """Addresses of registers, each one byte wide; wValue of the request."""

    HARDWARE_STATUS = 0x07
    SEED = 0x33  # five bytes are written here: key number and seed
    KEY = 0x34  # four bytes are read here, overlapping the seed on purpose
    MODE = 0x4E
    DEVICE_INFO = 0xF0
    RESPONSE = 0x2000
    CHALLENGE = 0x2010


class Mode(IntEnum):
    """Values of the MODE register."""

    AWAIT_FINGER_ON = 0x10
    AWAIT_FINGER_OFF = 0x12
    CAPTURE = 0x20
    OFF = 0x70


class Event(IntEnum):
    """What the reader reports by interrupt."""

    FINGER_ON = 0x0101
    FINGER_OFF = 0x0200
    DEATH = 0x0800  # the coming picture will have no bytes
    SCAN_POWER_ON = 0x56AA


LOW_POWER = 0x80  # bits of HARDWARE_STATUS
TROUBLE = 0x04
NORMAL = 0x01
POWERED = 0x0F  # what of the status is written back to switch the power on


def event_of(packet: bytes) -> int:
    """Return the number of an interrupt packet's event; the rest of the packet is old rubbish."""
    return int.from_bytes(packet[:2], "big")


def seed_message(key_number: int, seed: int) -> bytes:
    """Return what SEED wants, to make the key of this number readable. seed: 32 bits, any."""
    return bytes([key_number & 0xFF]) + seed.to_bytes(4, "little")


def key_from(answer: bytes, seed: int) -> int:
    """Return the 32-bit key from the four bytes of KEY, read after this seed."""
    return int.from_bytes(answer, "little") ^ seed


def answer_challenge(challenge: bytes) -> bytes:
    """Return the 16 bytes for RESPONSE that satisfy 045e:00ca."""
    # One block under a key that is public: the mode is the reader's choice and protects nothing.
    encryptor = Cipher(algorithms.AES128(_CHALLENGE_KEY), modes.ECB()).encryptor()  # noqa: S305
    return encryptor.update(challenge) + encryptor.finalize()
