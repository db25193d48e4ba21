"""The list of operators: what gets through is what the centre signed for this kiosk."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenline.protocol.envelope import EnvelopeKind, Header, Lane, kind_of, seal
from greenline.protocol.errors import ForgedError, MalformedError, ProtocolError, WrongKeyError
from greenline.protocol.keys import Identity, OpeningKey, SigningKey
from greenline.protocol.operators import (
    LONGEST_LIFE_MS,
    MOST_OPERATORS,
    OperatorEntry,
    OperatorList,
    Role,
    decode_list,
    encode_list,
    list_id,
    open_list,
    seal_list,
)
from greenline.protocol.pins import PinVerifier

NOW_MS = 1_790_000_000_000
DAY_MS = 24 * 3_600_000
CENTRE = SigningKey.generate()
OPENER = OpeningKey.generate()
KIOSK = Identity("kiosk-01", SigningKey.generate().public, OPENER.public)
VERIFIER = PinVerifier(bytes(range(16)), bytes(range(32)))
OFFICER = OperatorEntry("4711", Role.OFFICER, VERIFIER)
LIST = OperatorList(
    7,
    "kiosk-01",
    NOW_MS,
    NOW_MS + 7 * DAY_MS,
    (OFFICER, OperatorEntry("4712", Role.SUPERVISOR, None)),
)


def opened(data: bytes) -> OperatorList:
    return open_list(data, "kiosk-01", [CENTRE.public], [OPENER])


def test_what_was_sealed_is_what_the_kiosk_reads() -> None:
    envelope = seal_list(LIST, KIOSK, CENTRE)

    assert opened(envelope) == LIST
    assert kind_of(envelope) == EnvelopeKind.OPERATORS


def test_a_revoked_account_is_in_the_list_but_not_found() -> None:
    assert LIST.find("4711") == OFFICER
    assert LIST.find("4712") is None
    assert LIST.find("4713") is None


def test_a_list_for_another_kiosk_is_refused() -> None:
    with pytest.raises(WrongKeyError, match="for the kiosk kiosk-01"):
        open_list(seal_list(LIST, KIOSK, CENTRE), "kiosk-02", [CENTRE.public], [OPENER])


def test_a_list_that_another_key_signed_is_refused() -> None:
    matcher = SigningKey.generate()

    with pytest.raises(WrongKeyError, match="another key"):
        opened(seal_list(LIST, KIOSK, matcher))


def test_a_list_is_sealed_to_the_kiosk_that_it_names_alone() -> None:
    other = Identity("kiosk-02", KIOSK.verify, KIOSK.seal)

    with pytest.raises(MalformedError, match="the kiosk that it names"):
        seal_list(LIST, other, CENTRE)


def test_a_result_is_no_list() -> None:
    header = Header(EnvelopeKind.RESULT, Lane.NORMAL, bytes(16), "kiosk-01", NOW_MS, NOW_MS + 1)
    data = seal(header, encode_list(LIST), KIOSK.seal, CENTRE).to_bytes()

    with pytest.raises(MalformedError, match="not a list"):
        opened(data)


@pytest.mark.parametrize(
    "header",
    [
        Header(EnvelopeKind.OPERATORS, Lane.NORMAL, list_id("kiosk-01", 7), "kiosk-01", NOW_MS, 1),
        Header(
            EnvelopeKind.OPERATORS,
            Lane.NORMAL,
            list_id("kiosk-01", 8),
            "kiosk-01",
            LIST.issued_ms,
            LIST.expires_ms,
        ),
    ],
)
def test_a_list_fits_its_envelope(header: Header) -> None:
    data = seal(header, encode_list(LIST), KIOSK.seal, CENTRE).to_bytes()

    with pytest.raises(MalformedError, match="does not fit its envelope"):
        opened(data)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_changed_byte_gets_through(data: st.DataObject) -> None:
    envelope = bytearray(seal_list(LIST, KIOSK, CENTRE))
    place = data.draw(st.integers(0, len(envelope) - 1))
    envelope[place] ^= data.draw(st.integers(1, 255))

    with pytest.raises(ProtocolError):
        opened(bytes(envelope))


def test_a_cut_list_is_refused() -> None:
    envelope = seal_list(LIST, KIOSK, CENTRE)

    for length in (0, 1, 91, 92, 500, len(envelope) - 1):
        with pytest.raises(MalformedError):
            opened(envelope[:length])


def test_a_wrong_signature_is_a_forgery() -> None:
    envelope = seal_list(LIST, KIOSK, CENTRE)

    with pytest.raises(ForgedError):
        opened(envelope[:-1] + bytes([envelope[-1] ^ 1]))


def test_the_length_hardly_tells_how_many_work_there() -> None:
    def entries(number: int) -> tuple[OperatorEntry, ...]:
        return tuple(OperatorEntry(f"{at:04}", Role.OFFICER, VERIFIER) for at in range(number))

    def length(number: int) -> int:
        return len(encode_list(msgspec.structs.replace(LIST, entries=entries(number))))

    assert [length(number) for number in (0, 1, 20)] == [4096] * 3
    assert length(MOST_OPERATORS) % 4096 == 0
    with pytest.raises(MalformedError):
        decode_list(encode_list(msgspec.structs.replace(LIST, entries=entries(257))))


@pytest.mark.parametrize(
    "wrong",
    [
        {"number": 0},
        {"entries": (OFFICER, OFFICER)},
        {"expires_ms": NOW_MS},
        {"expires_ms": NOW_MS + LONGEST_LIFE_MS + 1},
        {"version": 2},
        {"entries": (msgspec.structs.replace(OFFICER, id="Mr Smith"),)},
        {"entries": (msgspec.structs.replace(OFFICER, id="-4711"),)},
        {"entries": (msgspec.structs.replace(OFFICER, id="4"),)},
    ],
    ids=str,
)
def test_a_list_that_cannot_be_meant_is_refused(wrong: dict[str, object]) -> None:
    fields = {name: getattr(LIST, name) for name in LIST.__struct_fields__} | wrong
    body = msgspec.msgpack.encode(fields)
    data = (len(body).to_bytes(4) + body).ljust(4096, b"\0")

    with pytest.raises(MalformedError):
        decode_list(data)


@settings(max_examples=200)
@given(st.binary(max_size=5000))
def test_any_bytes_are_a_list_or_refused(data: bytes) -> None:
    for body in (data, data.ljust(4096, b"\0")[:4096]):
        with pytest.raises(MalformedError):
            decode_list(body)
