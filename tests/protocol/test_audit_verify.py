"""Whatever is done to a chain of all kinds of entries is found, with the entry it was done to."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenline.protocol.audit import Event, event_record
from greenline.protocol.audit_details import Kind
from greenline.protocol.audit_head import HEAD_BYTES, End, Head
from greenline.protocol.audit_verify import Fault, FaultKind, is_torn, walked
from greenline.protocol.keys import SigningKey
from tests.protocol.chains import OWNER, Chain, example, moment, of_all_kinds

KEY = SigningKey.generate()
CHAIN = of_all_kinds(KEY)
SEGMENTS = CHAIN.segments()
FIRST, LAST = SEGMENTS
COUNT = len(CHAIN.records)


def fault_of(segments: dict[str, bytes], known: End | None = CHAIN.end) -> Fault | None:
    return walked(segments, [KEY.public], known).fault


def found(segments: dict[str, bytes], known: End | None = CHAIN.end) -> tuple[FaultKind, int]:
    fault = fault_of(segments, known)
    assert fault is not None
    return fault.kind, fault.number


def places(name: str) -> Iterator[tuple[int, int, int]]:
    """Each record of a segment: its number, where it begins and where it ends."""
    offset = HEAD_BYTES
    start, stop = {FIRST: (0, CHAIN.starts[1]), LAST: (CHAIN.starts[1], COUNT)}[name]
    for record in CHAIN.records[start:stop]:
        yield record.link.number, offset, offset + len(record.data)
        offset += len(record.data)


def place_of(name: str, position: int) -> tuple[int, int]:
    """The entry a byte belongs to, and where that entry begins; of the head: the first, 0."""
    if position < HEAD_BYTES:
        return next(places(name))[0], 0
    return next((number, at) for number, at, end in places(name) if at <= position < end)


def without(chain: Chain, numbers: set[int]) -> dict[str, bytes]:
    """The segments as if entries had never been written into their files."""
    kept = Chain(KEY, chain.head, list(chain.records), list(chain.starts))
    data = {}
    for name, (start, stop) in zip(
        SEGMENTS, ((0, chain.starts[1]), (chain.starts[1], COUNT)), strict=True
    ):
        records = [r.data for r in kept.records[start:stop] if r.link.number not in numbers]
        data[name] = chain.segment_head(start).to_bytes() + b"".join(records)
    return data


def test_a_whole_chain_is_whole() -> None:
    walk = walked(SEGMENTS, [KEY.public], CHAIN.end)

    assert (walk.fault, walk.entries, walk.end, walk.signed_to) == (None, COUNT, CHAIN.end, COUNT)
    assert {r.link.event.kind for r in CHAIN.records if hasattr(r.link, "event")} == set(Kind)


@pytest.mark.parametrize("name", SEGMENTS)
@pytest.mark.parametrize("change", [0xFF, 0x01])
def test_each_changed_byte_is_found_in_its_entry(name: str, change: int) -> None:
    data = SEGMENTS[name]
    for position in range(len(data)):
        changed = bytearray(data)
        changed[position] ^= change

        fault = fault_of({**SEGMENTS, name: bytes(changed)})

        assert fault is not None, position
        assert fault.kind in {FaultKind.CHANGED, FaultKind.CUT_OFF}
        assert (fault.number, fault.offset) == place_of(name, position)
        assert fault.segment == name


@given(st.integers(0, len(SEGMENTS[LAST]) - 1), st.binary(min_size=1, max_size=80))
def test_other_bytes_anywhere_are_found_where_they_begin(position: int, other: bytes) -> None:
    data = SEGMENTS[LAST]
    changed = data[:position] + other + data[position + len(other) :]
    differ = [at for at, pair in enumerate(zip(data, changed, strict=False)) if pair[0] != pair[1]]
    if not differ and len(changed) == len(data):
        return

    fault = fault_of({**SEGMENTS, LAST: changed})

    assert fault is not None
    if differ:
        assert (fault.number, fault.offset) == place_of(LAST, differ[0])
    else:
        assert fault.offset == len(data)


def test_each_dropped_entry_is_found() -> None:
    for number in range(1, COUNT + 1):
        kind, at = found(without(CHAIN, {number}))
        assert at == number
        assert kind is (FaultKind.CUT_OFF if number == COUNT else FaultKind.DROPPED), number


def test_each_run_of_dropped_entries_is_found_at_its_first() -> None:
    for first in range(1, COUNT + 1):
        for last in range(first + 1, COUNT + 1):
            _, at = found(without(CHAIN, set(range(first, last + 1))))
            assert at == first


def test_any_two_entries_that_changed_places_are_found() -> None:
    for one in range(COUNT):
        for other in range(one + 1, COUNT):
            swapped = Chain(KEY, CHAIN.head, list(CHAIN.records), list(CHAIN.starts))
            records = swapped.records
            records[one], records[other] = records[other], records[one]
            segments = {
                name: CHAIN.segment_head(start).to_bytes()
                + b"".join(record.data for record in records[start:stop])
                for name, start, stop in (
                    (FIRST, 0, CHAIN.starts[1]),
                    (LAST, CHAIN.starts[1], COUNT),
                )
            }

            kind, at = found(segments)

            assert at == one + 1
            # What comes later stands in another file: in this one it is missing.
            same = (one < CHAIN.starts[1]) == (other < CHAIN.starts[1])
            assert kind is (FaultKind.RE_ORDERED if same else FaultKind.DROPPED)


def test_a_repeated_entry_is_found() -> None:
    number, at, end = next(places(LAST))
    data = SEGMENTS[LAST]

    assert found({**SEGMENTS, LAST: data[:end] + data[at:end] + data[end:]}) == (
        FaultKind.RE_ORDERED,
        number + 1,
    )


@pytest.mark.parametrize("name", SEGMENTS)
def test_a_log_cut_off_anywhere_is_found_where_it_ends(name: str) -> None:
    data = SEGMENTS[name]
    for length in range(HEAD_BYTES, len(data)):
        segments = {name: SEGMENTS[name] for name in SEGMENTS} | {name: data[:length]}
        first_missing, at = place_of(name, length)

        fault = fault_of(segments)

        assert fault is not None
        assert fault.number == first_missing, length
        whole = length == at
        if name == FIRST and whole:  # the next segment tells
            assert fault.kind is FaultKind.DROPPED
        else:
            assert (fault.kind, fault.offset) == (FaultKind.CUT_OFF, at)


def test_a_segment_without_its_whole_head_is_found() -> None:
    expected = (FaultKind.CHANGED, CHAIN.starts[1] + 1)
    for length in range(HEAD_BYTES):
        assert found({**SEGMENTS, LAST: SEGMENTS[LAST][:length]}) == expected


def test_without_a_memory_a_cut_behind_a_signature_is_the_only_one_that_is_not_found() -> None:
    signed = {end for number, _, end in places(LAST) if is_checkpoint(number)}
    data = SEGMENTS[LAST]

    silent = {
        length
        for length in range(HEAD_BYTES, len(data) + 1)
        if fault_of({**SEGMENTS, LAST: data[:length]}, None) is None
    }

    # An empty last segment follows a signature too: segments begin behind one.
    assert silent == signed | {HEAD_BYTES}


def is_checkpoint(number: int) -> bool:
    return not hasattr(CHAIN.records[number - 1].link, "event")


def test_an_unsigned_tail_is_said_to_be_one() -> None:
    chain = of_all_kinds(KEY)
    chain.event(example(Kind.COLLECT))
    chain.event(example(Kind.CONSULT))

    assert found(chain.segments(), None) == (FaultKind.UNSIGNED, COUNT + 1)


def test_a_segment_that_is_missing_or_there_twice_is_found() -> None:
    first_of_last = CHAIN.starts[1] + 1
    twice = {FIRST: SEGMENTS[FIRST], "again": SEGMENTS[FIRST], LAST: SEGMENTS[LAST]}

    assert found({FIRST: SEGMENTS[FIRST]}) == (FaultKind.CUT_OFF, first_of_last)
    assert found(twice) == (FaultKind.RE_ORDERED, first_of_last)
    # Older segments may be deleted: what is left is whole, and says where it begins.
    walk = walked({LAST: SEGMENTS[LAST]}, [KEY.public], CHAIN.end)
    assert (walk.fault, walk.first) == (None, first_of_last)


def test_a_chain_written_anew_without_the_key_ends_at_its_first_signature() -> None:
    forged = written_anew(SigningKey.generate(), 3, "nothing happened here")
    pretended = with_its_keys_name(forged)

    assert found(forged.segments()) == (FaultKind.UNKNOWN_KEY, 7)
    assert found(pretended.segments()) == (FaultKind.FORGED, 7)


def test_a_chain_written_anew_with_the_key_is_known_by_the_memory_of_its_end() -> None:
    stolen = written_anew(KEY, 3, "nothing happened here")
    behind = End(5, CHAIN.records[4].digest)

    assert fault_of(stolen.segments(), None) is None
    assert found(stolen.segments()) == (FaultKind.CHANGED, COUNT)
    assert found(stolen.segments(), behind) == (FaultKind.CHANGED, 5)


def test_a_chain_of_another_kiosk_or_another_chain_does_not_fit() -> None:
    other_owner = Head("kiosk-02", CHAIN.head.chain, CHAIN.segment_head(CHAIN.starts[1]).end)
    other_chain = Head(OWNER, b"c" * 16, CHAIN.segment_head(CHAIN.starts[1]).end)
    for head in (other_owner, other_chain):
        moved = head.to_bytes() + SEGMENTS[LAST][HEAD_BYTES:]
        assert found({**SEGMENTS, LAST: moved}) == (FaultKind.CHANGED, CHAIN.starts[1] + 1)

    after_another = Head(OWNER, CHAIN.head.chain, End(CHAIN.starts[1], b"x" * 32))
    moved = after_another.to_bytes() + SEGMENTS[LAST][HEAD_BYTES:]
    assert found({**SEGMENTS, LAST: moved}) == (FaultKind.CHANGED, CHAIN.starts[1])

    # Given alone, under a head made to fit: the signature tells.
    assert found({LAST: other_owner.to_bytes() + SEGMENTS[LAST][HEAD_BYTES:]}) == (
        FaultKind.FORGED,
        21,
    )


def test_an_entry_put_in_without_changing_the_next_is_found() -> None:
    third = CHAIN.records[2]
    other = event_record(
        CHAIN.records[1].end, moment(3), Event(Kind.COLLECT, "somebody", "another purpose")
    )
    data = SEGMENTS[FIRST].replace(third.data, other.data)

    assert found({**SEGMENTS, FIRST: data}) == (FaultKind.CHANGED, 3)


def test_only_a_short_end_of_a_file_counts_as_torn_off() -> None:
    data = SEGMENTS[LAST]
    records = list(places(LAST))
    _, last_at, _ = records[-1]

    assert is_torn(data[:-1], last_at)
    assert not is_torn(data, records[-2][1])
    assert not is_torn(data[:last_at] + bytes(70_000), last_at)


def written_anew(key: SigningKey, number: int, who: str) -> Chain:
    """The chain with somebody else in one entry and all digests and signatures made to fit."""
    chain = Chain(key, CHAIN.head, [], list(CHAIN.starts))
    for record in CHAIN.records:
        link = record.link
        if not hasattr(link, "event"):
            chain.checkpoint()
        elif link.number == number:
            chain.event(Event(link.event.kind, who))
        else:
            chain.event(link.event)
    return chain


def with_its_keys_name(chain: Chain) -> Chain:
    """The same, signed by somebody else who says that he has the right key."""

    class Pretender(SigningKey):
        pass

    pretender = Pretender.generate()
    pretender.public = KEY.public
    again = Chain(pretender, chain.head, [], list(chain.starts))
    for record in chain.records:
        if hasattr(record.link, "event"):
            again.event(record.link.event)
        else:
            again.checkpoint()
    return again
