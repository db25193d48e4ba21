"""The rules of a site for cases, as the configuration gives them, and the order of fingers.

Codes are stable words; the page's catalogues have what a person reads for each.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Final

from greenline.firmware.case_state import CaseChoices, PurposeChoice

PLANS: Final = (1, 2, 4, 10)
"""How many fingers a case may take."""

ORDER: Final = (2, 7, 3, 8, 4, 9, 5, 10, 1, 6)
"""ISO positions in the order in which fingers are asked for, each hand's alike.

Index before middle, ring and little finger (BSI TR-03121-3), right before left; thumbs last, which
hardly fit a small sensor. Who lacks one gives the next.
"""

MISSING_REASONS: Final = ("amputated", "bandaged", "unable", "not_readable", "other")
REFUSAL_REASONS: Final = (
    "does_not_agree", "religious", "fears_misuse", "legal_advice", "unwell", "other",
)  # fmt: skip
OVERRIDE_REASONS: Final = ("worn_skin", "injury", "disability", "no_better_after_tries", "other")
RATE_REASONS: Final = ("many_travellers", "special_operation", "test_run", "other")

LANGUAGES: Final = ("en", "fr", "sq", "sr-Cyrl", "sr-Latn", "mk", "ar")
DEFAULT_LEGAL_BASIS: Final = "not-stated"

_THUMBS, _INDEX, _MIDDLE, _RING, _LITTLE = (1, 6), (2, 7), (3, 8), (4, 9), (5, 10)


@dataclass(frozen=True)
class Thresholds:
    """Least qualities (0-100) of a picture that needs no reason to be used, by kind of finger."""

    thumb: int
    index: int
    middle: int
    ring: int
    little: int

    def of(self, finger: int) -> int:
        """Return that of a finger. finger: ISO position 1-10."""
        for fingers, threshold in (
            (_THUMBS, self.thumb),
            (_INDEX, self.index),
            (_MIDDLE, self.middle),
            (_RING, self.ring),
        ):
            if finger in fingers:
                return threshold
        return self.little

    @classmethod
    def all(cls, least: int) -> "Thresholds":
        """Return the same for every finger."""
        return cls(least, least, least, least, least)


@dataclass(frozen=True)
class Purpose:
    """What a case may be opened for. legal_basis: id of its text; plan: fingers, usually.

    lists: names of what is searched.
    """

    code: str
    legal_basis: str
    plan: int
    lists: tuple[str, ...]
    thresholds: Thresholds


@dataclass(frozen=True)
class CaseRules:
    """A site's rules. location: code. attempts: presses of a finger, at most. show_finger: the
    officer sees its picture while it is taken.

    per_hour: cases that may be opened within an hour without a supervisor's reason. timeout_s: a
    case without progress ends after so long.
    """

    purposes: tuple[Purpose, ...]
    location: str
    attempts: int = 3
    notice_version: str = "1"
    languages: tuple[str, ...] = LANGUAGES
    face: bool = False
    show_finger: bool = True
    per_hour: int = 40
    timeout_s: float = 300.0
    missing_reasons: tuple[str, ...] = field(default=MISSING_REASONS)
    refusal_reasons: tuple[str, ...] = field(default=REFUSAL_REASONS)
    override_reasons: tuple[str, ...] = field(default=OVERRIDE_REASONS)
    rate_reasons: tuple[str, ...] = field(default=RATE_REASONS)

    @property
    def usual_purpose(self) -> str:
        """The purpose of every case here; empty where there are several."""
        return self.purposes[0].code if len(self.purposes) == 1 else ""

    def purpose(self, code: str) -> Purpose | None:
        """Return a purpose by its code; None: it is none of this kiosk."""
        return next((each for each in self.purposes if each.code == code), None)

    def choices(self, *, too_many: bool = False) -> CaseChoices:
        """Return what the page offers."""
        return CaseChoices(
            purposes=tuple(
                PurposeChoice(each.code, each.legal_basis, each.plan) for each in self.purposes
            ),
            plans=PLANS,
            missing_reasons=self.missing_reasons,
            refusal_reasons=self.refusal_reasons,
            override_reasons=self.override_reasons,
            languages=self.languages,
            face=self.face,
            show_finger=self.show_finger,
            rate_reasons=self.rate_reasons,
            too_many=too_many,
        )


def planned(count: int, missing: Collection[int]) -> Iterator[int]:
    """Yield the fingers of a plan in their order, missing ones among them.

    Where a finger is missing the next in order is taken in its place, as far as there are any.
    """
    there = 0
    for finger in ORDER:
        if there == count:
            return
        there += finger not in missing
        yield finger
