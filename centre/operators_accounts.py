"""An account of the register, and what may stand in one."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from greenline.centre.operators_errors import NotAllowedError
from greenline.protocol.errors import MalformedError
from greenline.protocol.operators import OperatorEntry, OperatorId, Role
from greenline.protocol.pins import PinVerifier, why_unfit
from greenline.protocol.topics import check_name


@dataclass(frozen=True)
class Account:
    """One account. places: kiosks' names, or how they begin, with a * behind. reason: revoked."""

    entry: OperatorEntry
    places: tuple[str, ...]
    reason: str = ""

    def works_at(self, kiosk: str) -> bool:
        """Say whether this is one of the account's kiosks."""
        return any(
            kiosk.startswith(place[:-1]) if place.endswith("*") else kiosk == place
            for place in self.places
        )


def account_of(row: sqlite3.Row) -> Account:
    """Read a row of the register."""
    verifier = row["verifier"]
    entry = OperatorEntry(
        row["id"],
        Role(row["role"]),
        None if verifier is None else msgspec.msgpack.decode(verifier, type=PinVerifier),
        bool(row["must_change"]),
        row["verdict_key"] or msgspec.UNSET,
    )
    return Account(entry, tuple(row["places"].split()), row["reason"])


def check_operator(operator: str) -> None:
    """Refuse what cannot be an operator. Raises NotAllowedError."""
    try:
        msgspec.convert(operator, OperatorId)
    except msgspec.ValidationError as fault:
        raise NotAllowedError(
            f"{operator!r} cannot be an operator: use 2 to 24 of a-z, 0-9 and '-', a number best"
        ) from fault


def check_places(places: Sequence[str]) -> None:
    """Refuse what is neither a kiosk nor how names begin. Raises NotAllowedError."""
    for place in places:
        try:
            check_name(place.removesuffix("*") or "all")
        except MalformedError as fault:
            raise NotAllowedError(
                f"{place!r} is no kiosk, nor how kiosks' names begin with a * behind"
            ) from fault


def check_pin(pin: str) -> None:
    """Refuse a PIN that is too easy to guess. Raises NotAllowedError."""
    words = why_unfit(pin)
    if words:
        raise NotAllowedError(words)
