"""One-time enrolment codes: 80 random bits that a person can read out, type and mistype.

Only a scrypt digest of a code is kept (RFC 7914), so that who reads the database cannot enrol.
"""

import hashlib
import hmac
import os
from dataclasses import dataclass
from typing import Self

# Crockford's base 32: no letter that looks like a digit or like another letter.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
_GROUPS, _GROUP = 4, 4
_SALT_BYTES = 16
_DIGEST_BYTES = 32
# 80 random bits need no slow digest; this one costs a stranger who guesses about 10 ms of ours.
_SCRYPT_N, _SCRYPT_R, _SCRYPT_P = 4096, 8, 1


@dataclass(frozen=True)
class Digest:
    """What is kept of a code."""

    salt: bytes
    value: bytes

    @classmethod
    def of(cls, code: str, salt: bytes | None = None) -> Self:
        """Digest a code as a person typed it; salt: None takes a new one."""
        salt = os.urandom(_SALT_BYTES) if salt is None else salt
        return cls(
            salt,
            hashlib.scrypt(
                code.upper().translate(_READ_AS).encode(),
                salt=salt,
                n=_SCRYPT_N,
                r=_SCRYPT_R,
                p=_SCRYPT_P,
                dklen=_DIGEST_BYTES,
            ),
        )

    def matches(self, other: "Digest") -> bool:
        """Compare in a time that does not tell how much is alike."""
        return self.salt == other.salt and hmac.compare_digest(self.value, other.value)


NO_CODE = Digest.of("", bytes(_SALT_BYTES))
"""Compared with for a serial that is not known, so that the time does not tell which are."""


def new_code() -> str:
    """Return a new code, such as 7K3M-Q9TX-0VCA-H4RW."""
    random = int.from_bytes(os.urandom(10))
    letters = [_ALPHABET[random >> 5 * place & 31] for place in range(_GROUPS * _GROUP)]
    return "-".join(
        "".join(letters[start : start + _GROUP]) for start in range(0, len(letters), _GROUP)
    )
