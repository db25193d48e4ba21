"""The words of results: the three that there are, and never a verdict."""

from greenline.protocol.messages import Outcome
from greenline.protocol.wording import FORBIDDEN, NOT_CHECKED, RESULT_WORDS


def test_each_outcome_has_its_words() -> None:
    assert {
        Outcome.CANDIDATES: "Possible match - must be verified",
        Outcome.NONE: "No match found in the lists searched",
        Outcome.INCOMPLETE: "Not checked yet",
        Outcome.EXPIRED: "Not checked yet",
        Outcome.REFUSED: "Not checked yet",
    } == RESULT_WORDS


def test_no_verdict_is_among_the_words() -> None:
    said = " ".join([*RESULT_WORDS.values(), NOT_CHECKED]).lower()

    assert [word for word in FORBIDDEN if word in said] == []
