"""The index of a release: what a device believes of it, and what it refuses."""

import datetime
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenline.ota.errors import RefusedError
from greenline.ota.index import (
    MOST_CHUNK_BYTES,
    MOST_IMAGE_BYTES,
    MOST_INDEX_BYTES,
    Chunk,
    Image,
    Index,
    decode,
    encode,
    target_path,
)
from greenline.ota.reasons import Reason

A, B = "a" * 64, "b" * 64
INDEX = Index(
    release="1.4.0",
    security_version=3,
    hardware=["rpi4", "rpi5"],
    bootloader_not_before=datetime.date(2025, 8, 20),
    from_release_security_at_least=2,
    data_floor=7,
    image=Image(300, A),
    chunks=[Chunk(A, 100, 60), Chunk(B, 100, 104), Chunk(A, 100, 60)],
    rollout_permille=50,
    deadline=datetime.datetime(2030, 1, 2, 3, 4, tzinfo=datetime.UTC),
)
FILE = (
    b'{"format":1,"release":"1.4.0","security_version":3,"hardware":["rpi4","rpi5"],'
    b'"bootloader_not_before":"2025-08-20","from_release_security_at_least":2,"data_floor":7,'
    b'"image":{"bytes":300,"sha256":"'
    + A.encode()
    + b'"},"chunks":[["'
    + A.encode()
    + b'",100,60],'
    b'["' + B.encode() + b'",100,104],["' + A.encode() + b'",100,60]],"rollout_permille":50,'
    b'"deadline":"2030-01-02T03:04:00Z"}\n'
)


def changed(**fields: Any) -> bytes:
    return json.dumps(json.loads(FILE) | fields).encode()


def refusal(data: bytes) -> RefusedError:
    with pytest.raises(RefusedError) as refused:
        decode(data)
    assert refused.value.code is Reason.BROKEN_INDEX
    return refused.value


def test_an_index_has_these_bytes() -> None:
    assert encode(INDEX) == FILE
    assert decode(FILE) == INDEX


def test_an_index_without_dates_is_one_for_everybody_at_once() -> None:
    data = changed(bootloader_not_before=None, deadline=None)

    assert (decode(data).bootloader_not_before, decode(data).deadline) == (None, None)


def test_each_kind_of_hardware_has_its_own_target() -> None:
    assert target_path("rpi4") == "release/rpi4.json"


@pytest.mark.parametrize(
    "fields",
    [
        {"format": 2},
        {"release": "1.4\n"},
        {"release": "1.4.0\n"},
        {"release": ""},
        {"release": "A"},
        {"release": "../1"},
        {"release": "x" * 65},
        {"security_version": -1},
        {"security_version": "3"},
        {"security_version": 3.5},
        {"security_version": 2**31},
        {"hardware": []},
        {"hardware": ["rpi4", "rpi4"]},
        {"hardware": ["../rpi4"]},
        {"hardware": "rpi4"},
        {"bootloader_not_before": "yesterday"},
        {"data_floor": None},
        {"image": {"bytes": 300}},
        {"image": {"bytes": 300, "sha256": "A" * 64}},
        {"image": {"bytes": 299, "sha256": A}},
        {"image": {"bytes": MOST_IMAGE_BYTES + 1, "sha256": A}},
        {"image": {"bytes": 300, "sha256": A, "url": "http://elsewhere"}},
        {"chunks": []},
        {"chunks": [[A, 300]]},
        {"chunks": [[A, 300, 60, 1]]},
        {"chunks": [[A[:-1], 300, 60]]},
        {"chunks": [[A + "\n", 300, 60]]},
        {"chunks": [[A, 0, 60], [B, 300, 60]]},
        {"chunks": [[A, -1, 60], [B, 301, 60]]},
        {"chunks": [[A, 300, 0]]},
        {"chunks": [[A, MOST_CHUNK_BYTES + 1, 60]]},
        {"chunks": [[A, 300, 2 * MOST_CHUNK_BYTES]]},
        {"rollout_permille": 1001},
        {"deadline": "2030-01-02T03:04:00"},
        {"deadline": 0},
        {"unknown": 1},
    ],
    ids=str,
)
def test_an_index_with_a_wrong_field_is_refused(fields: dict[str, Any]) -> None:
    refusal(changed(**fields))


def test_a_missing_field_is_refused() -> None:
    for name in set(json.loads(FILE)) - {"format"}:
        whole = json.loads(FILE)
        del whole[name]
        assert name in str(refusal(json.dumps(whole).encode()))


def test_one_chunk_with_two_sizes_is_refused() -> None:
    twice = changed(chunks=[[A, 100, 60], [A, 200, 60]])

    assert "two sizes" in str(refusal(twice))


def test_a_file_that_is_larger_than_any_index_is_not_even_read() -> None:
    assert "large" in str(refusal(FILE + b" " * MOST_INDEX_BYTES))


@pytest.mark.parametrize(
    "data", [b"", b"null", b"[" * 100_000, b'{"a":' * 100_000, b"\xff\xfe", FILE[:-20], FILE + b"x"]
)
def test_what_is_no_json_object_is_refused(data: bytes) -> None:
    refusal(data)


@given(st.binary(max_size=400))
def test_junk_is_refused_and_never_crashes(data: bytes) -> None:
    refusal(data)


@given(st.integers(0, len(FILE) - 1), st.integers(1, 255))
def test_one_flipped_byte_is_refused_or_an_index_that_holds_together(at: int, flip: int) -> None:
    data = FILE[:at] + bytes([FILE[at] ^ flip]) + FILE[at + 1 :]
    try:
        index = decode(data)
    except RefusedError:
        return
    assert sum(chunk.size for chunk in index.chunks) == index.image.size
