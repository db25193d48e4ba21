"""The replay window: what is too old, too early or lives too long, and whom that must not hit."""

from dataclasses import replace

import pytest

from greenline.matcher.timely import AHEAD_MS, FORGET_AFTER_MS, ends_ms, untimely
from greenline.protocol.envelope import EnvelopeKind, Header, Lane
from greenline.protocol.messages import LONGEST_LIFE_MS
from tests.matcher.asking import HOUR_MS, NOW_MS

DAY_MS = 24 * HOUR_MS


def request(created_ms: int, life_ms: int = HOUR_MS) -> Header:
    return Header(
        EnvelopeKind.REQUEST, Lane.NORMAL, bytes(16), "k-1", created_ms, created_ms + life_ms
    )


def kind(header: Header, now_ms: int = NOW_MS) -> str:
    found = untimely(header, now_ms)
    return "" if found is None else found.kind


def test_a_request_of_now_is_taken() -> None:
    assert kind(request(NOW_MS)) == ""


@pytest.mark.parametrize(
    ("life_ms", "told"),
    [(-1, "lifetime"), (0, ""), (LONGEST_LIFE_MS, ""), (LONGEST_LIFE_MS + 1, "lifetime")],
)
def test_a_life_has_a_bound_whatever_the_clock(life_ms: int, told: str) -> None:
    assert kind(request(NOW_MS, life_ms)) == told
    assert kind(replace(request(NOW_MS, life_ms), clock_doubtful=True)) == told


def test_a_clock_ahead_by_a_day_is_forgiven_and_by_more_is_not() -> None:
    assert kind(request(NOW_MS + AHEAD_MS)) == ""
    assert kind(request(NOW_MS + AHEAD_MS + 1)) == "ahead"


def test_what_the_ledger_may_have_forgotten_is_not_taken() -> None:
    ended = NOW_MS - FORGET_AFTER_MS

    assert kind(request(ended - HOUR_MS + 1)) == ""
    assert kind(request(ended - HOUR_MS)) == "too old"


def test_the_words_say_how_wrong_the_clock_is_and_what_to_do() -> None:
    ahead = untimely(request(NOW_MS + 3 * DAY_MS), NOW_MS)
    behind = untimely(request(NOW_MS - 400 * DAY_MS), NOW_MS)

    assert ahead is not None
    assert behind is not None
    assert ahead.words.startswith("the kiosk's clock is 3.0 days ahead of the matcher's")
    assert behind.words.startswith("the kiosk's clock is 400.0 days behind the matcher's")
    assert all(found.words.endswith("set the clock") for found in (ahead, behind))


@pytest.mark.parametrize("created_ms", [0, NOW_MS - 400 * DAY_MS, NOW_MS + 400 * DAY_MS])
def test_a_kiosk_without_a_clock_loses_no_request_and_its_life_begins_on_arrival(
    created_ms: int,
) -> None:
    header = replace(request(created_ms, 5 * HOUR_MS), clock_doubtful=True)

    assert kind(header) == ""
    assert ends_ms(header, NOW_MS) == NOW_MS + 5 * HOUR_MS


def test_a_believed_clock_says_itself_when_a_request_is_over() -> None:
    assert ends_ms(request(NOW_MS - HOUR_MS), NOW_MS) == NOW_MS
