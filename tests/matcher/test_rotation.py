"""Keys that are replaced, over the real broker: whoever still uses the old ones is answered."""

import datetime
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from greenline.cli.configuration import read_configuration, write_configuration
from greenline.cli.site import Site
from greenline.matcher.answering import Answering
from greenline.matcher.config import EarlierKeys, MatcherConfig
from greenline.matcher.generations import Generation
from greenline.protocol.envelope import Envelope
from greenline.protocol.errors import WrongKeyError
from greenline.protocol.keys import Identity
from greenline.protocol.messages import LONGEST_LIFE_MS, Outcome
from tests.matcher.asking import NOW_MS, Clock, Kiosk, MatcherKeys, finger, request_body
from tests.matcher.serving import Start, Uplink

RETIRED_MS = NOW_MS + LONGEST_LIFE_MS


@pytest.fixture
def new_keys() -> MatcherKeys:
    return MatcherKeys()


@pytest.fixture
def rotated(answering: Answering, new_keys: MatcherKeys) -> Answering:
    """The matcher after its rotation: new keys, and the old ones for one request's life."""
    old = Generation(answering.signer, answering.opener, RETIRED_MS)
    return replace(answering, signer=new_keys.signer, opener=new_keys.opener, earlier=(old,))


@pytest.fixture
def informed(kiosk: Kiosk, new_keys: MatcherKeys) -> Kiosk:
    """The kiosk once it has been told of the matcher's new keys."""
    matcher = Identity(kiosk.matcher.name, new_keys.signer.public, new_keys.opener.public)
    return replace(kiosk, matcher=matcher.succeeding(kiosk.matcher, RETIRED_MS))


def signer_of(answer: bytes) -> bytes:
    return Envelope.from_bytes(answer).header.signer


def test_what_lies_in_a_kiosks_store_sealed_to_the_old_key_is_answered_during_the_rotation(
    rotated: Answering, kiosk: Kiosk, informed: Kiosk, start: Start, uplink: Uplink
) -> None:
    stored = kiosk.seal(request_body(finger(1)))
    fresh = informed.seal(request_body(finger(1)))
    start(rotated)

    by_the_old = uplink.ask(stored)
    by_the_new = uplink.ask(fresh)

    assert signer_of(by_the_old) == kiosk.matcher.verify.id
    assert signer_of(by_the_new) == informed.matcher.verify.id
    assert informed.open(by_the_old).outcome is Outcome.NONE
    assert informed.open(by_the_new).outcome is Outcome.NONE


def test_a_kiosk_that_has_not_heard_of_the_new_keys_is_answered_by_the_old_ones(
    rotated: Answering, kiosk: Kiosk, start: Start, uplink: Uplink
) -> None:
    start(rotated)

    answer = uplink.ask(kiosk.seal(request_body(finger(1))))

    assert kiosk.open(answer).outcome is Outcome.NONE


def test_a_retired_key_opens_nothing_and_who_knows_the_new_ones_is_told_why(
    rotated: Answering, kiosk: Kiosk, informed: Kiosk, now_ms: Clock
) -> None:
    late = kiosk.seal(request_body(finger(1)), created_ms=RETIRED_MS, expires_ms=RETIRED_MS + 1_000)
    now_ms.now_ms = RETIRED_MS

    answer = rotated.answer(late, kiosk.name)

    result = informed.open(answer.envelope)
    assert (result.outcome, result.reason) == (
        Outcome.REFUSED, "the envelope was sealed to a key of this matcher that is retired",
    )  # fmt: skip
    with pytest.raises(WrongKeyError):
        kiosk.open(answer.envelope)


def test_requests_that_a_kiosk_signed_with_its_old_key_are_answered_until_they_have_expired(
    answering: Answering, kiosk: Kiosk, start: Start, uplink: Uplink
) -> None:
    before, after = kiosk, Kiosk(kiosk.name, kiosk.matcher)
    stored = before.seal(request_body(finger(1)))
    known = after.identity.succeeding(before.identity, RETIRED_MS)
    start(replace(answering, kiosks={kiosk.name: known}))

    answers = [uplink.ask(stored), uplink.ask(after.seal(request_body(finger(1))))]

    # Both are sealed to the new key, which the kiosk has had since before it told of it.
    assert [after.open(answer).outcome for answer in answers] == [Outcome.NONE] * 2


def test_a_kiosks_old_key_counts_for_nothing_after_its_day(
    answering: Answering, kiosk: Kiosk, now_ms: Clock
) -> None:
    after = Kiosk(kiosk.name, kiosk.matcher)
    known = after.identity.succeeding(kiosk.identity, RETIRED_MS)
    replaced = replace(answering, kiosks={kiosk.name: known})
    stored = kiosk.seal(request_body(finger(1)))
    replaced.check(stored, kiosk.name)

    now_ms.now_ms = RETIRED_MS

    with pytest.raises(WrongKeyError, match="signed with another key"):
        replaced.check(stored, kiosk.name)


def test_a_matcher_that_was_not_told_of_new_keys_yet_answers_nothing_that_ends_a_request(
    answering: Answering, kiosk: Kiosk
) -> None:
    """The kiosk offers again; once the registry knows its key it is answered."""
    after = Kiosk(kiosk.name, kiosk.matcher)
    request = after.seal(request_body(finger(1)))

    with pytest.raises(WrongKeyError):
        answering.check(request, kiosk.name)
    known = after.identity.succeeding(kiosk.identity, RETIRED_MS)
    told = replace(answering, kiosks={kiosk.name: known})

    assert after.open(told.answer(request, kiosk.name).envelope).outcome is Outcome.NONE


def test_an_answer_to_a_kiosks_old_sealing_key_is_still_opened_by_it(
    answering: Answering, kiosk: Kiosk
) -> None:
    """The matcher has not been told yet; the kiosk keeps its old opening key meanwhile."""
    request = kiosk.seal(request_body(finger(1)))

    answer = Envelope.from_bytes(answering.answer(request, kiosk.name).envelope)
    after = Kiosk(kiosk.name, kiosk.matcher)

    assert answer.open(after.opener, kiosk.opener)
    with pytest.raises(WrongKeyError):
        answer.open(after.opener)


def test_the_configuration_of_a_rotation_comes_back_from_its_file(
    site: Site, tmp_path: Path
) -> None:
    config = read_configuration(site.matcher_config, MatcherConfig)
    until = datetime.datetime(2027, 1, 31, 12, tzinfo=datetime.UTC)
    earlier = EarlierKeys(tmp_path / "old.pem", tmp_path / "old.key", until)
    wanted = msgspec.structs.replace(
        config, keys=msgspec.structs.replace(config.keys, earlier=(earlier,))
    )
    path = tmp_path / "matcher.toml"

    write_configuration(path, wanted)

    assert read_configuration(path, MatcherConfig) == wanted
