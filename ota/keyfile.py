"""A signer's key: Ed25519, in a PEM file that a passphrase encrypts; its public half beside it.

The private file is a plain PKCS #8 EncryptedPrivateKeyInfo (RFC 5958, PBES2 of RFC 8018) which
`openssl pkey` opens. It is encoded here because the library only writes PBKDF2 with 2,048 rounds,
and a stolen stick must not be opened by trying passphrases: this one says scrypt (RFC 7914).
"""

import base64
import os
import re
import secrets
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import padding, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from securesystemslib.signer import CryptoSigner, Key, SSlibKey

from greenline.ota.errors import KeyFileError
from greenline.ota.office_files import SECRET, write_file

LEAST_PASSPHRASE: Final = 12
NAME_FIELD: Final = "x-greenline-name"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
# 16 MB and about a fifth of a second a try: what OpenSSL's own memory limit lets pass.
_COST, _BLOCK, _LANES = 1 << 14, 8, 5
_MOST_KEY_BYTES: Final = 64 << 10

_SEQUENCE, _INTEGER, _OCTETS = 0x30, 0x02, 0x04
_PBES2 = bytes.fromhex("06092a864886f70d01050d")
_SCRYPT = bytes.fromhex("06092b06010401da47040b")
_AES256_CBC = bytes.fromhex("060960864801650304012a")


def check_name(name: str) -> str:
    """Return a signer's name. Raises KeyFileError when it is none."""
    if not _NAME.fullmatch(name):
        raise KeyFileError(f"{name!r} is no name for a key: small letters, digits and hyphens only")
    return name


def make_key(private: Path, public: Path, passphrase: str) -> str:
    """Make a new key in two files, and return its fingerprint. Raises OfficeError."""
    if len(passphrase) < LEAST_PASSPHRASE:
        raise KeyFileError(f"the passphrase is shorter than {LEAST_PASSPHRASE} characters")
    for path in (private, public):
        if path.exists():
            raise KeyFileError(f"{path} exists already: a key is never overwritten")
    key = Ed25519PrivateKey.generate()
    write_file(private, _sealed(key, passphrase.encode()), SECRET)
    write_file(public, _public_pem(key.public_key()))
    return fingerprint(named_key(public.stem, key.public_key()))


def make_online_key(private: Path, role: str) -> SSlibKey:
    """Make a key that opens without a person, in place of an earlier one. Raises OfficeError."""
    key = Ed25519PrivateKey.generate()
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    write_file(private, pem, SECRET)
    return named_key(f"online-{role}", key.public_key())


def read_public(path: Path) -> SSlibKey:
    """Return the public half that NAME.pub holds, under that name. Raises KeyFileError."""
    name = check_name(path.stem)
    try:
        key = serialization.load_pem_public_key(_read(path))
    except (ValueError, UnsupportedAlgorithm) as fault:
        raise KeyFileError(f"{path} holds no public key: a signer's NAME.pub is needed") from fault
    if not isinstance(key, Ed25519PublicKey):
        raise KeyFileError(f"{path} holds a key of another kind than Ed25519")
    return named_key(name, key)


def read_private(path: Path, passphrase: str | None) -> CryptoSigner:
    """Open a private key; None: an online key without a passphrase. Raises KeyFileError."""
    data = _read(path)
    try:
        key = serialization.load_pem_private_key(
            data, passphrase.encode() if passphrase is not None else None
        )
    except TypeError as fault:
        raise KeyFileError(f"{path}: it is not encrypted, or no passphrase was given") from fault
    except (ValueError, UnsupportedAlgorithm) as fault:
        what = "the passphrase is wrong" if passphrase is not None else "it is no private key"
        raise KeyFileError(f"{path}: {what}, or the file is damaged") from fault
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(f"{path} holds a key of another kind than Ed25519")
    return CryptoSigner(key)


def named_key(name: str, key: Ed25519PublicKey) -> SSlibKey:
    """Return a public key as TUF metadata hold it, with its owner's name as a signed field.

    The key's id does not depend on the name: one key under two names is still one key.
    """
    made = SSlibKey.from_crypto(key)
    made.unrecognized_fields[NAME_FIELD] = name
    return made


def name_of(key: Key) -> str:
    """Return whose key it is: the name in the root metadata, else the beginning of its id."""
    return str(key.unrecognized_fields.get(NAME_FIELD) or key.keyid[:8])


def fingerprint(key: Key) -> str:
    """Return what two people compare over the telephone: 16 hex digits of the key's id."""
    return " ".join(key.keyid[start : start + 4] for start in range(0, 16, 4))


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_KEY_BYTES)
    except OSError as fault:
        raise KeyFileError(f"the key {path} cannot be read: {fault.strerror}") from fault


def _public_pem(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _sealed(key: Ed25519PrivateKey, passphrase: bytes) -> bytes:
    plain = key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    salt, start = secrets.token_bytes(16), os.urandom(16)
    secret = Scrypt(salt=salt, length=32, n=_COST, r=_BLOCK, p=_LANES).derive(passphrase)
    padder = padding.PKCS7(128).padder()
    lock = Cipher(algorithms.AES256(secret), modes.CBC(start)).encryptor()
    closed = lock.update(padder.update(plain) + padder.finalize()) + lock.finalize()
    numbers = b"".join(_der(_INTEGER, _number(value)) for value in (_COST, _BLOCK, _LANES))
    stretching = _der(_SEQUENCE, _SCRYPT + _der(_SEQUENCE, _der(_OCTETS, salt) + numbers))
    cipher = _der(_SEQUENCE, _AES256_CBC + _der(_OCTETS, start))
    scheme = _der(_SEQUENCE, _PBES2 + _der(_SEQUENCE, stretching + cipher))
    return _pem(_der(_SEQUENCE, scheme + _der(_OCTETS, closed)))


def _number(value: int) -> bytes:
    # One bit more than needed: DER integers are signed.
    return value.to_bytes(value.bit_length() // 8 + 1)


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    head = bytes([size]) if size < 128 else bytes([0x81, size])
    return bytes([tag]) + head + content


def _pem(der: bytes) -> bytes:
    text = base64.b64encode(der).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    label = "ENCRYPTED PRIVATE KEY"
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()
