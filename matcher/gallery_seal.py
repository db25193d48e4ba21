"""Seals what a gallery keeps: AES-256-GCM, a nonce of its own each, bound to where it belongs."""

import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from greenline.matcher.database import Database
from greenline.matcher.errors import GalleryKeyError

KEY_BYTES = 32

_NONCE_BYTES = 12
_PROOF = b"greenline gallery 1"


class Sealer:
    """Seals and opens under one key of 32 bytes. Raises GalleryKeyError on another length."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise GalleryKeyError(f"a gallery key has {KEY_BYTES} bytes, this one {len(key)}")
        self._cipher = AESGCM(key)

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """Return nonce and ciphertext. context: must be given again to open it."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, context)

    def open(self, sealed: bytes, context: bytes) -> bytes | None:
        """Return what was sealed; None when it was changed, cut, or sealed for another context."""
        if len(sealed) < _NONCE_BYTES:
            return None
        try:
            # A view, because a block has megabytes that need not be copied.
            inner = memoryview(sealed)[_NONCE_BYTES:]
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], inner, context)
        except (InvalidTag, ValueError):
            return None


def check_key(database: Database, sealer: Sealer, path: Path) -> None:
    """Bind a new gallery to its key; refuse another key. Raises GalleryKeyError, DatabaseError."""
    with database.write() as db:
        row = db.execute("SELECT proof FROM gallery").fetchone()
        if row is None:
            proof = sealer.seal(_PROOF, b"proof")
            db.execute("INSERT INTO gallery VALUES (?, 0)", (proof,))
            return
    if sealer.open(row[0], b"proof") is None:
        raise GalleryKeyError(
            f"the key does not open the gallery {path}: give the key it was made with"
        )
