"""The table [case] of kiosk.toml: what a case may be opened for here, and how it goes."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from greenline.firmware.case_rules import (
    DEFAULT_LEGAL_BASIS,
    LANGUAGES,
    CaseRules,
    Purpose,
    Thresholds,
)
from greenline.protocol.messages import Label

Language = Literal["en", "fr", "sq", "sr-Cyrl", "sr-Latn", "mk", "ar"]
Least = Annotated[int, Meta(ge=0, le=100)]


class ThresholdsConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Least qualities by kind of finger, 0-100; None: the kiosk's minimum_quality."""

    thumb: Least | None = None
    index: Least | None = None
    middle: Least | None = None
    ring: Least | None = None
    little: Least | None = None

    def filled(self, least: int) -> Thresholds:
        """Return them with this for those that are not given."""
        given = (self.thumb, self.index, self.middle, self.ring, self.little)
        return Thresholds(*(least if each is None else each for each in given))


class PurposeConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A purpose that a case may have. code: as in the request; legal_basis: id of its text.

    plan: how many fingers it usually takes. lists: names at the matcher; none: those of [search].
    """

    code: Label
    legal_basis: Label
    plan: Literal[1, 2, 4, 10] = 2
    lists: Annotated[tuple[Label, ...], Meta(max_length=8)] = ()
    thresholds: ThresholdsConfig = ThresholdsConfig()


class CaseConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How cases go here. purposes: without any there is one, that of [search].

    location: a code for the place; None: the kiosk's name. notice_version: of the information
    notice. languages: in which it can be given. face: not built yet, and refused.
    show_finger: the officer sees the finger's picture while it is taken. per_hour:
    cases without a supervisor's reason. timeout_s: a case without progress ends after so long.
    """

    purposes: Annotated[tuple[PurposeConfig, ...], Meta(max_length=12)] = ()
    location: Label | None = None
    notice_version: Label = "1"
    languages: Annotated[tuple[Language, ...], Meta(min_length=1, max_length=7)] = LANGUAGES
    face: bool = False
    show_finger: bool = True
    per_hour: Annotated[int, Meta(ge=1, le=1000)] = 60
    timeout_s: Annotated[float, Meta(ge=30, le=3600)] = 300.0

    def __post_init__(self) -> None:
        """Refuse two purposes of one code, which nobody could tell apart, and what is not there."""
        codes = [each.code for each in self.purposes]
        if len(set(codes)) < len(codes):
            raise ValueError("two purposes have the same code")
        if self.face:
            raise ValueError("face = true: pictures of faces are not built yet; leave face out")


def case_rules(
    config: CaseConfig, name: str, default: Purpose, attempts: int, least: int
) -> CaseRules:
    """Return the rules. name: of the kiosk; default: the purpose where none is configured.

    attempts: presses of a finger; least: quality of each finger that has no threshold of its own.
    """
    purposes = tuple(
        Purpose(
            each.code,
            each.legal_basis,
            each.plan,
            each.lists or default.lists,
            each.thresholds.filled(least),
        )
        for each in config.purposes
    )
    return CaseRules(
        purposes=purposes or (default,),
        location=config.location or name,
        attempts=attempts,
        notice_version=config.notice_version,
        languages=config.languages,
        face=config.face,
        show_finger=config.show_finger,
        per_hour=config.per_hour,
        timeout_s=config.timeout_s,
    )


def only_purpose(code: str, lists: tuple[str, ...], least: int) -> Purpose:
    """Return the purpose of a kiosk whose [case] names none."""
    return Purpose(code, DEFAULT_LEGAL_BASIS, 2, lists, Thresholds.all(least))
