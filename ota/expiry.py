"""What expires when: the release office's calendar."""

import datetime
from dataclasses import dataclass
from typing import Any, Final

from tuf.api.metadata import Metadata

from greenline.ota.errors import NotReadyError
from greenline.ota.repository import Office, Published

_SOON: Final = 0.25
_REMEDY: Final = {
    "root": "greenline release renew --role root, then two signatures, then publish",
    "targets": "greenline release renew --role targets, then two signatures, then publish",
    "snapshot": "greenline release renew",
    "timestamp": "greenline release renew, which a timer should run each day",
}


@dataclass(frozen=True)
class Expiry:
    """One role of what is published. state: "valid", "soon" or "expired"."""

    role: str
    version: int
    expires: datetime.datetime
    days: int
    state: str
    remedy: str


def expiries(office: Office, now: datetime.datetime) -> list[Expiry]:
    """Return the four roles, what ends first in front. Raises NotReadyError, OfficeError.

    Soon is the last quarter of the time that a signature of this role lasts.
    """
    published = office.published()
    if published is None:
        raise NotReadyError("nothing is published yet")
    lasts = office.days()
    found = [
        _expiry(role, metadata, getattr(lasts, role), now)
        for role, metadata in _roles(published).items()
    ]
    return sorted(found, key=lambda expiry: expiry.expires)


def _roles(published: Published) -> dict[str, Metadata[Any]]:
    return {
        "root": published.root,
        "targets": published.targets,
        "snapshot": published.snapshot,
        "timestamp": published.timestamp,
    }


def _expiry(role: str, metadata: Metadata[Any], lasts: int, now: datetime.datetime) -> Expiry:
    signed = metadata.signed
    left = signed.expires - now
    state = "valid" if left > datetime.timedelta(days=lasts * _SOON) else "soon"
    if signed.is_expired(now):
        state = "expired"
    return Expiry(role, signed.version, signed.expires, left.days, state, _REMEDY[role])
