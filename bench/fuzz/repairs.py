"""Puts lengths and check sums right in changed inputs, so that they get past the first door."""

import hashlib
import struct
import zlib

from greenline.protocol.audit_head import DIGEST_BYTES, HEAD_BYTES

_PNG = b"\x89PNG\r\n\x1a\n"
_ENTRY = b"greenline audit entry 1\0"
_SEALED_LENGTH_AT = 88
_SIGNATURE_BYTES = 64
_ZFM_PREFIX = 9


def iso_length(data: bytes) -> bytes:
    """Bytes 8-11 of an ISO 19794-2 record: its length."""
    return data[:8] + len(data).to_bytes(4) + data[12:] if len(data) >= 12 else data


def ansi_length(data: bytes) -> bytes:
    """Bytes 8-9 of an ANSI 378 record: its length."""
    return data[:8] + (len(data) & 0xFFFF).to_bytes(2) + data[10:] if len(data) >= 10 else data


def envelope_length(data: bytes) -> bytes:
    """The length of the sealed part, at the end of an envelope's header."""
    sealed = len(data) - _SEALED_LENGTH_AT - 4 - _SIGNATURE_BYTES
    if sealed < 0:
        return data
    return data[:_SEALED_LENGTH_AT] + sealed.to_bytes(4) + data[_SEALED_LENGTH_AT + 4 :]


def zfm_sums(data: bytes) -> bytes:
    """The sum of each ZFM packet, as long as one follows another."""
    out, at = bytearray(data), 0
    while (at := out.find(b"\xef\x01", at)) >= 0 and at + _ZFM_PREFIX <= len(out):
        length = int.from_bytes(out[at + 7 : at + 9])
        end = at + _ZFM_PREFIX + length
        if not 2 <= length <= 258 or end > len(out):
            at += 2
            continue
        out[end - 2 : end] = (sum(out[at + 6 : end - 2]) & 0xFFFF).to_bytes(2)
        at = end
    return bytes(out)


def frame_lengths(data: bytes) -> bytes:
    """The length of the one frame of a pipe."""
    return max(0, len(data) - 4).to_bytes(4) + data[4:]


def audit_head(data: bytes) -> bytes:
    """The digest at the end of a segment's head."""
    packed = data[: HEAD_BYTES - DIGEST_BYTES]
    return packed + hashlib.sha256(packed).digest() + data[HEAD_BYTES:]


def audit_records(data: bytes) -> bytes:
    """The digest of each record, as far as their lengths hold."""
    out, at = bytearray(data), 0
    while at + 2 <= len(out):
        end = at + 2 + int.from_bytes(out[at : at + 2])
        if end == at + 2 or end + DIGEST_BYTES > len(out):
            break
        out[end : end + DIGEST_BYTES] = hashlib.sha256(_ENTRY + out[at + 2 : end]).digest()
        at = end + DIGEST_BYTES
    return bytes(out)


def audit_record(data: bytes) -> bytes:
    """Length and digest of an input that is one record."""
    body = data[2 : max(2, len(data) - DIGEST_BYTES)]
    return (len(body) & 0xFFFF).to_bytes(2) + body + hashlib.sha256(_ENTRY + body).digest()


def audit_segment(data: bytes) -> bytes:
    """The digests of a segment's head and of its records."""
    return audit_head(data[:HEAD_BYTES]) + audit_records(data[HEAD_BYTES:])


def png_sums(data: bytes) -> bytes:
    """The CRC of each chunk of a PNG; anything else stays."""
    if not data.startswith(_PNG):
        return data
    out, at = bytearray(data), len(_PNG)
    while at + 12 <= len(out):
        end = at + 8 + struct.unpack_from(">I", out, at)[0]
        if end + 4 > len(out):
            break
        out[end : end + 4] = zlib.crc32(out[at + 4 : end]).to_bytes(4)
        at = end + 4
    return bytes(out)
