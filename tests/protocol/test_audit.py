"""Entries of the audit log: what may stand in one, and that it is read back as it was written."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenline.protocol.audit import (
    DEVICE,
    MAX_ENTRY_BYTES,
    CutError,
    Event,
    Moment,
    _digest,
    event_record,
    pseudonym,
    read_record,
)
from greenline.protocol.audit_details import ALLOWED, Kind
from greenline.protocol.audit_head import HEAD_BYTES, End, Head
from greenline.protocol.errors import ForgedError, MalformedError, ProtocolError
from tests.protocol.chains import CHAIN, OWNER, example, moment

HEAD = Head.of_new_chain(OWNER, CHAIN)
TEMPLATE = b"FMR\x00 20\x00" + bytes(200)


@pytest.mark.parametrize("kind", Kind)
def test_each_kind_is_read_back_as_it_was_written(kind: Kind) -> None:
    record = event_record(HEAD.end, moment(1), example(kind))

    assert read_record(b"before" + record.data + b"behind", 6) == record
    assert record.link.number == 1
    assert record.link.previous == HEAD.end.digest


def test_the_first_six_kinds_are_those_that_the_law_names() -> None:
    assert [kind.value for kind in Kind][:6] == [
        "collect", "consult", "disclose", "combine", "alter", "erase",
    ]  # fmt: skip
    assert set(ALLOWED) == set(Kind)


def test_the_longest_entry_that_can_be_is_not_too_long() -> None:
    longest = Event(
        Kind.CONSULT,
        "w" * 64,
        "y" * 64,
        pseudonym(b"r" * 16),
        {
            "outcome": "o" * 64,
            "candidates": 2**63 - 1,
            "lists": ("l" * 64,) * 8,
            "kiosk": "k" * 64,
            "again": True,
            "refusal": "r" * 64,
        },
    )
    when = Moment(2**62, True, b"b" * 16, 2**62)
    record = event_record(End(2**62 - 1, bytes(32)), when, longest)

    assert len(record.data) < MAX_ENTRY_BYTES


@pytest.mark.parametrize(
    "details",
    [
        {"template": "x"},  # not on the list
        {"outcome": TEMPLATE},  # bytes
        {"outcome": TEMPLATE.hex()},  # too long
        {"outcome": 4.25},  # a score
        {"candidates": True},
        {"candidates": 2**70},
        {"lists": ("x" * 65,)},
        {"lists": tuple("123456789")},
        {"outcome": "gr\u00fcn"},
        {"outcome": "two\nlines"},
    ],
)
def test_nothing_else_than_what_is_allowed_can_be_written(details: dict[str, object]) -> None:
    with pytest.raises(ProtocolError):
        event_record(HEAD.end, moment(1), Event(Kind.CONSULT, DEVICE, details=details))  # type: ignore[arg-type]  # that is the test


def test_no_kind_has_room_for_bytes_or_numbers_with_a_point() -> None:
    assert {kind for allowed in ALLOWED.values() for kind in allowed.values()} <= {
        int, str, bool, tuple,
    }  # fmt: skip


def test_a_record_that_is_not_whole_is_cut_and_one_that_was_changed_is_forged() -> None:
    data = event_record(HEAD.end, moment(1), example(Kind.COLLECT)).data
    for length in range(len(data)):
        with pytest.raises(CutError):
            read_record(data[:length], 0)
    with pytest.raises(ForgedError):
        read_record(data[:-1] + bytes([data[-1] ^ 1]), 0)


@given(st.binary(max_size=300))
def test_noise_is_refused_without_another_fault(noise: bytes) -> None:
    with pytest.raises(ProtocolError):
        read_record(noise, 0)
    with pytest.raises(MalformedError):
        Head.from_bytes(noise)


def test_an_entry_written_in_another_way_is_refused() -> None:
    """Two ways to write one entry would be two digests for one meaning."""
    plain = msgspec.msgpack.decode(
        event_record(HEAD.end, moment(1), example(Kind.STOP)).data[2:-32]
    )
    other = msgspec.msgpack.encode(dict(reversed(plain.items())))
    data = len(other).to_bytes(2) + other + _digest(other)

    with pytest.raises(MalformedError, match="not written as entries are"):
        read_record(data, 0)


def test_a_head_is_read_back_and_says_whether_the_chain_begins_there() -> None:
    later = Head(OWNER, CHAIN, End(7, b"d" * 32))

    assert len(HEAD.to_bytes()) == HEAD_BYTES
    assert Head.from_bytes(HEAD.to_bytes() + b"more") == HEAD
    assert Head.from_bytes(later.to_bytes()) == later
    assert (HEAD.begins, later.begins) == (True, False)


def test_a_first_segment_that_follows_something_else_is_refused() -> None:
    with pytest.raises(MalformedError, match="does not begin"):
        Head.from_bytes(Head(OWNER, CHAIN, End(0, b"d" * 32)).to_bytes())


def test_a_pseudonym_is_the_same_for_the_same_case_and_says_nothing_of_its_id() -> None:
    request_id = bytes(range(16))

    assert pseudonym(request_id) == pseudonym(request_id) != request_id
    assert pseudonym(request_id).hex() == "cd8b48f40ca7c224d2be37af615a11bf"
