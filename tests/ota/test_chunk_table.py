"""The table says what the list says, whatever the index."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenline.ota import index as plain
from greenline.ota.chunk_table import ChunkTable, Ranks, decode, table_of
from greenline.ota.errors import RefusedError
from greenline.ota.reasons import Reason
from tests.ota.repository import index_of, pieces

PARTS = pieces(1, 6, 300)
IMAGES = st.lists(st.sampled_from(PARTS), min_size=1, max_size=12)


def outcome(reading: object, data: bytes) -> object:
    try:
        return reading(data)  # type: ignore[operator]
    except RefusedError as fault:
        return fault.code


@given(IMAGES)
def test_it_is_the_list(parts: list[bytes]) -> None:
    index = index_of(parts, "2.0", data_floor=3)
    read = decode(plain.encode(index))
    assert isinstance(read.chunks, ChunkTable)
    assert read == index
    assert list(read.chunks) == index.chunks
    assert read.chunks[-1] == index.chunks[-1]
    assert read.chunks[1:5] == index.chunks[1:5]
    assert list(table_of(index)) == index.chunks


@given(IMAGES, st.data())
@settings(deadline=None)
def test_damaged_it_means_what_the_plain_reading_means(
    parts: list[bytes], data: st.DataObject
) -> None:
    whole = plain.encode(index_of(parts))
    at = data.draw(st.integers(0, len(whole) - 1))
    for damaged in (
        whole[:at],
        whole[:at] + data.draw(st.binary(max_size=5)) + whole[at:],
        whole[:at] + bytes([data.draw(st.integers(0, 255))]) + whole[at + 1 :],
    ):
        assert outcome(decode, damaged) == outcome(plain.decode, damaged)


def test_an_index_in_another_form_is_read_too() -> None:
    index = index_of(PARTS)
    spaced = json.dumps(json.loads(plain.encode(index)), indent=1).encode()
    assert decode(spaced) == index


@pytest.mark.parametrize(
    ("old", "new"), [(b'"bytes":', b'"bytes":1'), (b'"rpi4"', b'"rpi4","rpi4"')]
)
def test_parts_that_do_not_agree_are_refused(old: bytes, new: bytes) -> None:
    data = plain.encode(index_of(PARTS)).replace(old, new)
    with pytest.raises(RefusedError) as caught:
        decode(data)
    assert caught.value.code == Reason.BROKEN_INDEX


def test_a_chunk_of_two_sizes_is_refused() -> None:
    index = index_of(PARTS[:1] * 2)
    table = table_of(index)
    Ranks(table).check()
    table.append(table.digest(0), 7, 7)
    with pytest.raises(RefusedError, match="two sizes"):
        Ranks(table).check()


def test_equal_chunks_have_one_rank() -> None:
    table = table_of(index_of([PARTS[0], PARTS[1], PARTS[0]]))
    ranks = Ranks(table)
    assert ranks.first(table.digest(0)) == ranks.first(table.digest(2))
    found = ranks.first(table.digest(0))
    assert found is not None
    assert ranks.repeated(found)
    assert ranks.first(bytes(32)) is None
