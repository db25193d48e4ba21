"""What is padded has these bytes on the wire, and nothing beside its message is let through."""

import hashlib
from collections.abc import Callable

import msgspec
import pytest

from greenline.protocol.errors import MalformedError
from greenline.protocol.kiosk_status import KioskStatus, encode_status
from greenline.protocol.operators import OperatorEntry, OperatorList, Role, encode_list
from greenline.protocol.padded import pad, unpad
from greenline.protocol.receipt import RequestReceipt, encode_receipt


class Note(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A message of the tests' own."""

    text: str


BODY = msgspec.msgpack.encode(Note("a word"))
WHOLE = 4 + len(BODY)


def read(data: bytes, size: int = 64) -> Note:
    return unpad(data, size, Note, "a note")


@pytest.mark.parametrize("size", [WHOLE, WHOLE + 1, 4096])
def test_a_message_comes_back_from_any_size_that_holds_it(size: int) -> None:
    data = pad(BODY, size, "a note")

    assert data == len(BODY).to_bytes(4) + BODY + bytes(size - WHOLE)
    assert read(data, size) == Note("a word")


def test_what_does_not_fit_is_not_written() -> None:
    with pytest.raises(MalformedError, match=f"a note of {len(BODY)} bytes does not fit"):
        pad(BODY, WHOLE - 1, "a note")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda data: data[:-1], "a note has exactly its padded size"),
        (lambda data: data + bytes(1), "a note has exactly its padded size"),
        (lambda _: b"", "a note has exactly its padded size"),
        (lambda data: (61).to_bytes(4) + data[4:], "a note has exactly its padded size"),
        (lambda data: b"\xff" * 4 + data[4:], "a note has exactly its padded size"),
        (lambda data: data[:-1] + b"x", "the padding of a note must be zero"),
        (lambda data: data[:WHOLE] + b"x" + data[WHOLE + 1 :], "the padding of a note"),
        (lambda data: (len(BODY) - 1).to_bytes(4) + data[4:], "the padding of a note"),
        (lambda data: (len(BODY) + 1).to_bytes(4) + data[4:], "this is not a note"),
        (lambda data: bytes(len(data)), "this is not a note"),
    ],
)
def test_anything_else_is_refused(spoil: Callable[[bytes], bytes], words: str) -> None:
    with pytest.raises(MalformedError, match=words):
        read(spoil(pad(BODY, 64, "a note")))


def test_a_receipt_has_these_bytes() -> None:
    told = "0000001f82ab72656365697665645f6d73cf0000018bcfe5687ba776657273696f6e01"

    assert encode_receipt(RequestReceipt(1_700_000_000_123)) == bytes.fromhex(told).ljust(64, b"\0")


def test_a_status_has_these_bytes() -> None:
    status = KioskStatus(
        "greenline 0.1.0", 61_000, clock_trusted=True, pending=2, oldest_ms=5_000, refused=1,
        faults=("E21",),
    )  # fmt: skip

    assert hashlib.sha256(encode_status(status)).hexdigest() == (
        "0e2519d0f5bc7b031be8ab8d9c101a1d566dc93c82d3fc516deec3614b3179a9"
    )


def test_a_list_of_operators_has_these_bytes() -> None:
    operators = OperatorList(
        1, "kiosk-1", 1_000, 2_000, (OperatorEntry("ada-1", Role.OFFICER, None),)
    )
    told = (
        b"\0\0\0r\x86\xa6number\1\xa5kiosk\xa7kiosk-1\xa9issued_ms\xcd\3\xe8\xaaexpires_ms\xcd\7\xd0"
        b"\xa7entries\x91\x84\xa2id\xa5ada-1\xa4role\xa7officer\xa8verifier\xc0\xabmust_change\xc2"
        b"\xa7version\1"
    )

    assert encode_list(operators) == told.ljust(4096, b"\0")
