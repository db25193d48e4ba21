"""The vectors in docs/vectors are right, for us and for a reader written from the document."""

import hashlib
import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.exceptions import InvalidSignature, InvalidTag

from greenline.protocol.envelope import Envelope, EnvelopeKind
from greenline.protocol.keys import OpeningKey, SealKey, VerifyKey
from greenline.protocol.messages import Outcome, decode_request, decode_result
from tests.protocol.make_vectors import WARNING, opening_key, signing_key
from tests.protocol.second_reader import read

DOCS = Path(__file__).resolve().parents[2] / "docs"
PATHS = {"request": ("kiosk", "matcher"), "result": ("matcher", "kiosk")}
"""Who sent it, and to whom."""


def load(name: str) -> dict[str, Any]:
    """Read a vector that the document points to."""
    assert f"vectors/{name}.json" in (DOCS / "protocol.md").read_text()
    return dict(json.loads((DOCS / "vectors" / f"{name}.json").read_text()))


def whole(vector: dict[str, Any]) -> bytes:
    """Put an envelope together from its parts."""
    parts = (vector[part] for part in ("header_bytes", "sealed_body", "signature"))
    return b"".join(map(bytes.fromhex, parts))


def body(vector: dict[str, Any]) -> bytes:
    return bytes.fromhex(vector["body"]).ljust(vector["body_bytes"], b"\0")


@pytest.mark.parametrize("name", PATHS)
def test_a_vector_opens_with_our_code_to_the_body_it_names(name: str) -> None:
    vector, keys = load(name), load("keys")
    sender, recipient = PATHS[name]
    data = whole(vector)

    envelope = Envelope.from_bytes(data)
    envelope.verify(VerifyKey(bytes.fromhex(keys[sender]["signing_public"])))
    opened = envelope.open(OpeningKey.from_bytes(bytes.fromhex(keys[recipient]["opening_private"])))

    assert opened == body(vector)
    assert envelope.to_bytes() == data
    assert hashlib.sha256(data).hexdigest() == vector["envelope_sha256"]
    assert envelope.header.clock_doubtful == bool(vector["header"]["flags"])


@pytest.mark.parametrize("name", PATHS)
def test_a_vector_opens_with_the_second_reader_and_each_step_is_what_it_says(name: str) -> None:
    vector, keys = load(name), load("keys")
    sender, recipient = PATHS[name]
    public = bytes.fromhex(keys[sender]["signing_public"])
    private = bytes.fromhex(keys[recipient]["opening_private"])

    header, opened = read(whole(vector), public, private)

    assert opened == body(vector)
    fields = {
        field: value.hex() if isinstance(value, bytes) else value
        for field, value in asdict(header).items()
    }
    sealed = bytes.fromhex(vector["sealed_body"])
    assert fields | {"sealed_bytes": len(sealed)} == vector["header"]
    head = bytes.fromhex(vector["header_bytes"])
    assert vector["hpke_info"] == (b"greenline seal 1\0" + head).hex()
    signed = b"greenline envelope 1\0" + head + sealed
    assert vector["signed_sha256"] == hashlib.sha256(signed).hexdigest()


@pytest.mark.parametrize("name", PATHS)
def test_the_second_reader_refuses_what_was_changed(name: str) -> None:
    vector, keys = load(name), load("keys")
    sender, recipient = PATHS[name]
    public = bytes.fromhex(keys[sender]["signing_public"])
    private = bytes.fromhex(keys[recipient]["opening_private"])
    data = whole(vector)

    for place in (4, 6, 8, 30, 60, 70, 75, 85, 100, 1300, len(data) - 1):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        with pytest.raises((ValueError, InvalidSignature, InvalidTag)):
            read(changed, public, private)


def test_the_bodies_are_the_messages_that_the_document_describes() -> None:
    request = decode_request(body(load("request")))
    result = decode_result(body(load("result")))

    assert (request.purpose, request.lists) == ("border-check", ("border-list",))
    assert request.impressions[0].template[:8] == b"FMR\0 20\0"
    assert (result.outcome, result.candidates[0].reference) == (Outcome.CANDIDATES, "reference-1")
    plain = msgspec.msgpack.decode(body(load("request")))
    assert set(plain) == {
        "purpose", "lists", "impressions", "software", "target_fpir", "free_placement", "version",
    }  # fmt: skip


def test_the_keys_are_those_that_their_words_make_and_say_that_they_are_no_secret() -> None:
    for name, party in load("keys").items():
        _, signer = signing_key(name)
        opener = opening_key(name)
        assert party["warning"] == WARNING
        assert bytes.fromhex(party["signing_public"]) == signer.public.encoded
        assert party["signing_key_id"] == signer.public.id.hex()
        assert bytes.fromhex(party["opening_private"]) == opener.to_bytes()
        assert SealKey(bytes.fromhex(party["sealing_public"])).id.hex() == party["sealing_key_id"]


def test_each_kind_of_the_code_is_in_the_document() -> None:
    row = re.search(r"^\| 4 \| 1 \| kind \| (.*) \|$", (DOCS / "protocol.md").read_text(), re.M)
    assert row is not None

    listed = {int(number) for number in re.findall(r"\b(\d+) [a-z]", row[1])}
    assert listed == set(EnvelopeKind)
