"""Which process takes which request: each exactly one, and nothing that cannot be is configured."""

import os
from typing import Any

import msgspec
import pytest

from greenline.matcher.config import MatcherConfig
from greenline.matcher.split import ALL, Split
from greenline.protocol.envelope import Envelope
from tests.matcher.asking import Kiosk, finger, request_body
from tests.matcher.test_config import GOOD, read


def takers(envelope: bytes, of: int) -> list[int]:
    return [part for part in range(1, of + 1) if Split(part, of).takes(envelope)]


def envelope(request_id: bytes) -> bytes:
    return bytes(8) + request_id + os.urandom(100)


def test_who_takes_a_request_depends_on_its_id_alone_and_never_changes() -> None:
    assert [takers(envelope(bytes([number]) * 16), 3) for number in range(8)] == [
        [1], [2], [2], [3], [3], [2], [1], [3],  # by sha256sum and bc
    ]  # fmt: skip


@pytest.mark.parametrize("of", [1, 2, 3, 7, 64])
def test_each_request_has_one_taker_and_the_shares_are_alike(of: int) -> None:
    found = [takers(envelope(os.urandom(16)), of) for _ in range(60 * of)]

    assert {len(each) for each in found} == {1}
    counts = [found.count([part]) for part in range(1, of + 1)]
    assert min(counts) > 15
    assert max(counts) < 120


@pytest.mark.parametrize("junk", [b"", b"GLN1", b"no envelope at all"])
def test_junk_falls_to_one_process_as_well(junk: bytes) -> None:
    assert len(takers(junk, 5)) == 1


def test_it_looks_where_an_envelope_has_its_id(kiosk: Kiosk) -> None:
    one, two = (kiosk.seal(request_body(finger(1))) for _ in range(2))
    swapped = one[:8] + Envelope.from_bytes(two).header.request_id + one[24:]

    assert takers(swapped, 64) == takers(two, 64)
    assert takers(one[:8] + one[8:24] + two[24:], 64) == takers(one, 64)


@pytest.mark.parametrize(("part", "of"), [(3, 2), (0, 2), (1, 0), (1, 65), (-1, 1)])
def test_a_part_that_cannot_be_is_refused(part: int, of: int) -> None:
    with pytest.raises(msgspec.ValidationError, match="split"):
        read(split={"part": part, "of": of})


def test_without_a_split_everything_is_its_own() -> None:
    assert read().split == ALL


def with_client(client_id: str, **changed: object) -> MatcherConfig:
    broker: dict[str, Any] = {**GOOD["broker"], "client_id": client_id}
    return read(broker=broker, **changed)


def test_two_parts_cannot_be_one_client_of_the_broker() -> None:
    split = {"part": 2, "of": 2}
    assert with_client("matcher-01-2", split=split).split == Split(2, 2)

    for client_id in ("matcher-01", "matcher-01-1"):
        with pytest.raises(msgspec.ValidationError, match="must end in '-2'"):
            with_client(client_id, split=split)
