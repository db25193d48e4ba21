"""How strong a lead is, in words: the same at the kiosk and at the centre. Pure."""

from collections.abc import Sequence

from greenline.protocol.examination import FingerQuality
from greenline.protocol.messages import Result
from greenline.protocol.wording import LEAD_FLAGS, STRENGTHS

LOW_QUALITY = 30
"""What the border profile of BSI TR-03121-3 asks of an index finger or thumb to be enrolled."""
_SEARCHES = 20
"""A lead of whom strangers alone would give one in so many searches is flagged."""


def strength(score: float) -> tuple[str, str, str]:
    """Return code, words and band of a score."""
    return next(band[1:] for band in reversed(STRENGTHS) if score >= band[0])


def flags(result: Result, captured: Sequence[FingerQuality], *, old_list: bool) -> tuple[str, ...]:
    """Return what weakens a lead, as sentences. captured: empty where it is not known any more.

    old_list: a list that was searched is older than the site allows.
    """
    first = result.candidates[0]
    persons = sum(each.entries for each in result.searched)
    codes = (
        ("one-finger", first.fingers == 1),
        ("low-quality", any(each.quality < LOW_QUALITY for each in captured)),
        ("quality-not-known", not captured),
        ("incomplete", result.coverage < 1),
        ("relabelled", any(each.relabelled for each in result.candidates)),
        ("large-list", persons * 10**-first.score > 1 / _SEARCHES),
        ("old-list", old_list),
    )
    return tuple(LEAD_FLAGS[code] for code, holds in codes if holds)
