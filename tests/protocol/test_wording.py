"""The words of results: the three that there are, and never a verdict."""

from greenline.firmware.updates_told import TRIED, UNDONE
from greenline.ota.reasons import Reason
from greenline.protocol.messages import Outcome
from greenline.protocol.wording import (
    FORBIDDEN,
    NOT_CHECKED,
    RESULT_WORDS,
    SHORT_NOTICES,
    UPDATE_REASONS,
    release_words,
    short_notice,
    update_refused,
)


def test_each_outcome_has_its_words() -> None:
    assert {
        Outcome.CANDIDATES: "Possible match - must be verified",
        Outcome.NONE: "No match found in the lists searched",
        Outcome.INCOMPLETE: "Not checked yet",
        Outcome.EXPIRED: "Not checked yet",
        Outcome.REFUSED: "Not checked yet",
    } == RESULT_WORDS


def test_no_verdict_is_among_the_words() -> None:
    said = " ".join([*RESULT_WORDS.values(), NOT_CHECKED, *UPDATE_REASONS.values()]).lower()

    assert [word for word in FORBIDDEN if word in said] == []


def test_every_reason_of_the_update_has_words_and_no_other() -> None:
    assert list(UPDATE_REASONS) == [reason.value for reason in Reason]


def test_what_became_of_an_update_is_told_with_its_reasons_code() -> None:
    assert release_words("given-up", "3", "trial-failed-sensor") == (
        "The update to release 3 was undone: the fingerprint sensor did not answer under the new "
        "release [trial-failed-sensor]"
    )
    assert release_words("tried", "2") == "Release 2 is being tried"
    assert release_words("paused", "2", "moon") == "Update to release 2: paused: moon"


def test_the_status_display_has_room_for_each_notice_of_an_update() -> None:
    for reason in Reason:
        for notice in (
            update_refused(reason.value),
            *(release_words(what, "3", reason.value) for what in UNDONE),
        ):
            assert short_notice(notice) == reason.value
            assert len(reason.value) <= 21
    assert {short_notice(release_words(what, "2.1.0")) for what in TRIED} == {"trying 2.1.0"}


def test_other_notices_have_the_short_words_that_they_had() -> None:
    for notice, short in SHORT_NOTICES.items():
        assert short_notice(notice) == short
    assert short_notice("The store was damaged: 3 waiting requests kept") == (
        "The store was damaged: 3 waiting requests kept"
    )
