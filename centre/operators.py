"""The register of operators: who may work at which kiosk, kept at the centre.

Every change names who made it, and is in the audit log before it is one. A supervisor makes and
ends accounts; to set a forgotten PIN anew takes two people, neither of them the one who forgot it.
Of a PIN only what can check it is kept (protocol/pins.py).
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from greenline.centre.database import Database
from greenline.centre.operators_accounts import (
    Account,
    account_of,
    check_operator,
    check_pin,
    check_places,
)
from greenline.centre.operators_errors import NotAllowedError
from greenline.protocol.audit import Event
from greenline.protocol.audit_details import Kind
from greenline.protocol.keys import VerifyKey
from greenline.protocol.operators import EXAMINING, MOST_OPERATORS, OperatorList, Role
from greenline.protocol.pins import DECOY, PinVerifier

_DAY_MS = 24 * 3_600_000


class Audit(Protocol):
    """Where events are made durable before they take effect."""

    def note(self, *events: Event) -> None:
        """Make events durable, or raise: then they must not take effect."""


class Register:
    """The open register. Raises RegisterError, and NotAllowedError: then nothing has changed."""

    def __init__(self, database: Database, audit: Audit, account: str) -> None:
        """account: what the first supervisor's making is noted under, before there is anybody."""
        self._database = database
        self._audit = audit
        self._account = account

    def accounts(self) -> list[Account]:
        """Return all accounts, also those that were revoked."""
        rows = self._database.read("SELECT * FROM operator ORDER BY id")
        return [account_of(row) for row in rows]

    def find(self, operator: str) -> Account | None:
        """Return an account; None when there is none."""
        rows = self._database.read("SELECT * FROM operator WHERE id = ?", operator)
        return account_of(rows[0]) if rows else None

    def needs_first(self) -> bool:
        """Say whether there is no supervisor yet, or none any more."""
        return not any(
            account.entry.role is Role.SUPERVISOR and not account.entry.revoked
            for account in self.accounts()
        )

    def authenticate(self, operator: str, pin: str) -> str:
        """Return who this is, by the PIN. Raises NotAllowedError."""
        account = self.find(operator)
        entry = account.entry if account else None
        known = (entry.verifier if entry else None) or DECOY
        if not known.matches(pin, operator) or entry is None or entry.revoked:
            self._audit.note(Event(Kind.LOGIN, self._account, details={"outcome": "refused"}))
            raise NotAllowedError("operator or PIN is wrong")
        if entry.must_change:
            raise NotAllowedError(
                f"the PIN of {operator} was given out: choose another first, with "
                f"'greenline operators pin {operator}'"
            )
        return operator

    def add(
        self,
        operator: str,
        role: Role,
        places: Sequence[str],
        pin: str,
        *,
        given_out: bool,
        by: str,
    ) -> None:
        """Make an account. given_out: somebody else knows its PIN. by: a supervisor, or empty for
        the first one.
        """
        check_operator(operator)
        check_places(places)
        check_pin(pin)
        with self._database.write():
            if by or not (self.needs_first() and role is Role.SUPERVISOR):
                self._check_supervisor(by)
            if self.find(operator) is not None:
                raise NotAllowedError(f"{operator} is taken: ids are never given twice")
            if len(self.accounts()) >= MOST_OPERATORS * 16:
                raise NotAllowedError("the register is full")
            self._note("operator added", operator, by or self._account, reason=role.value)
            self._database.change(
                "INSERT INTO operator VALUES (?, ?, ?, ?, ?, '', NULL)",
                operator, role.value, _verifier(pin, operator), given_out, " ".join(places),
            )  # fmt: skip

    def revoke(self, operator: str, reason: str, by: str) -> None:
        """End an account for good."""
        with self._database.write():
            self._check_supervisor(by)
            self._existing(operator)
            self._note("operator revoked", operator, by, reason=reason)
            self._database.change(
                "UPDATE operator SET verifier = NULL, reason = ? WHERE id = ?", reason, operator
            )

    def change(self, operator: str, role: Role, places: Sequence[str], by: str) -> None:
        """Give an account another role, or other kiosks; no places: those that it has."""
        check_places(places)
        with self._database.write():
            self._check_supervisor(by)
            account = self._existing(operator)
            if operator == by:
                raise NotAllowedError("nobody changes the role of their own account")
            self._note("operator's role", operator, by, reason=role.value)
            self._database.change(
                "UPDATE operator SET role = ?, places = ? WHERE id = ?",
                role.value, " ".join(places or account.places), operator,
            )  # fmt: skip

    def enter_key(self, operator: str, key: VerifyKey, by: str) -> None:
        """Enter the public half of the key that signs an examiner's verdicts from now on."""
        with self._database.write():
            self._check_supervisor(by)
            account = self._existing(operator)
            if operator == by:
                raise NotAllowedError("nobody enters their own key: another supervisor does")
            if account.entry.role not in EXAMINING:
                raise NotAllowedError(f"{operator} is {account.entry.role.value}: no examiner")
            others = (each.entry for each in self.accounts() if each.entry.id != operator)
            if any(each.verdict_key == key.encoded for each in others):
                raise NotAllowedError("this key is somebody else's: each examiner makes their own")
            self._note("examiner's key", operator, by, reason=key.id.hex())
            self._database.change(
                "UPDATE operator SET verdict_key = ? WHERE id = ?", key.encoded, operator
            )

    def reset(self, operator: str, pin: str, by: str, second: str) -> None:
        """Set a PIN anew. by, second: two people, one of them a supervisor, not the operator."""
        check_pin(pin)
        with self._database.write():
            self._existing(operator)
            people = [self._existing(each) for each in (by, second)]
            if by == second or operator in {by, second}:
                raise NotAllowedError(
                    "a PIN is set anew by two different people, neither of them its operator"
                )
            if not any(each.entry.role is Role.SUPERVISOR for each in people):
                raise NotAllowedError("one of the two must be a supervisor")
            self._note("operator's PIN reset", operator, by, second=second)
            self._set_pin(operator, pin, given_out=True)

    def choose(self, operator: str, pin: str, new_pin: str) -> None:
        """Let an operator choose another PIN."""
        check_pin(new_pin)
        account = self.find(operator)
        known = (account.entry.verifier if account else None) or DECOY
        if not known.matches(pin, operator) or account is None or account.entry.revoked:
            self._audit.note(Event(Kind.LOGIN, self._account, details={"outcome": "refused"}))
            raise NotAllowedError("operator or PIN is wrong")
        if pin == new_pin:
            raise NotAllowedError("the new PIN must be another one")
        with self._database.write():
            self._note("operator's PIN chosen", operator, operator)
            self._set_pin(operator, new_pin, given_out=False)

    def lists(self, kiosks: Iterable[str], now_ms: int, days: int) -> list[OperatorList]:
        """Return the next list of each kiosk. The number is spent, whether it is sent or not.

        Raises NotAllowedError when too many work at a kiosk.
        """
        with self._database.write():
            number = self._database.read("SELECT number FROM list")[0][0] + 1
            accounts = self.accounts()
            made = [
                self._list(kiosk, number, accounts, now_ms, now_ms + days * _DAY_MS)
                for kiosk in kiosks
            ]
            details: dict[str, str] = {"what": "operators", "version": str(number)}
            self._audit.note(Event(Kind.UPDATE, self._account, details=details))
            self._database.change("UPDATE list SET number = ?", number)
        return made

    def _list(
        self, kiosk: str, number: int, accounts: list[Account], now_ms: int, until_ms: int
    ) -> OperatorList:
        entries = tuple(account.entry for account in accounts if account.works_at(kiosk))
        if len(entries) > MOST_OPERATORS:
            # Those who were revoked need not be named: who is not in the list cannot log in.
            entries = tuple(entry for entry in entries if not entry.revoked)
        if len(entries) > MOST_OPERATORS:
            raise NotAllowedError(f"{len(entries)} work at {kiosk}: {MOST_OPERATORS} may at most")
        return OperatorList(number, kiosk, now_ms, until_ms, entries)

    def _existing(self, operator: str) -> Account:
        found = self.find(operator)
        if found is None:
            raise NotAllowedError(f"there is no operator {operator}")
        if found.entry.revoked:
            raise NotAllowedError(f"{operator} was revoked: make a new account")
        return found

    def _check_supervisor(self, by: str) -> None:
        account = self.find(by)
        if account is None or account.entry.revoked or account.entry.role is not Role.SUPERVISOR:
            raise NotAllowedError("only a supervisor may do this: name one with --by")

    def _set_pin(self, operator: str, pin: str, *, given_out: bool) -> None:
        self._database.change(
            "UPDATE operator SET verifier = ?, must_change = ? WHERE id = ?",
            _verifier(pin, operator), given_out, operator,
        )  # fmt: skip

    def _note(
        self, what: str, operator: str, who: str, *, second: str = "", reason: str = ""
    ) -> None:
        told = {"what": what, "operator": operator, "by": second, "reason": reason[:64]}
        details = {name: value for name, value in told.items() if value}
        self._audit.note(Event(Kind.ALTER, who, details=details))


def _verifier(pin: str, operator: str) -> bytes:
    return msgspec.msgpack.encode(PinVerifier.of(pin, operator))
