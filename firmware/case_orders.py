"""What an officer may order of a case, as the page sends it: one JSON object, tagged by "event"."""

from typing import Annotated

import msgspec
from msgspec import Meta

from greenline.firmware.operators_roles import Action

Code = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[ -~]+\Z")]
Position = Annotated[int, Meta(ge=1, le=10)]
"""An ISO finger position."""


class _Order(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="event", tag=str.lower
):
    pass


class Open(_Order, frozen=True):
    """Open a case. reason: a supervisor's, when too many were opened within the hour."""

    purpose: Code
    reason: Annotated[str, Meta(max_length=64)] = ""


class Adult(_Order, frozen=True):
    """Say whether the person is an adult. answer: "adult", "under_18" or "unsure"."""

    answer: Annotated[str, Meta(pattern=r"^(adult|under_18|unsure)\Z")]


class Notice(_Order, frozen=True):
    """The information notice was given in this language."""

    language: Code


class Refuse(_Order, frozen=True):
    """The person refuses."""

    reason: Code


class Plan(_Order, frozen=True):
    """Take so many fingers. missing: why one cannot be taken, by its ISO position."""

    fingers: int
    missing: Annotated[dict[str, Code], Meta(max_length=10)] = {}


class Capture(_Order, frozen=True):
    """Begin with this finger, or take it once more."""

    finger: Position


class Missing(_Order, frozen=True):
    """This finger cannot be taken."""

    finger: Position
    reason: Code


class Use(_Order, frozen=True):
    """Use this finger though it is poor, or looks like another."""

    finger: Position
    reason: Code


class Send(_Order, frozen=True):
    """Send what was taken."""


class Close(_Order, frozen=True):
    """The case is over."""


class Stop(_Order, frozen=True):
    """End the case; nothing of it is kept."""


CaseOrder = Open | Adult | Notice | Refuse | Plan | Capture | Missing | Use | Send | Close | Stop


def action_of(order: CaseOrder) -> Action:
    """Return what whoever gives an order must be allowed to do."""
    return Action.STOP if isinstance(order, Stop) else Action.CHECK
