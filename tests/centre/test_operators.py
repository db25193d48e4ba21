"""The register: who may change what, and what each kiosk is sent."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from greenline.centre.operators import Register
from greenline.centre.operators_errors import NotAllowedError, RegisterError
from greenline.centre.operators_tables import open_database
from greenline.protocol.audit import Event
from greenline.protocol.operators import OperatorEntry, Role

BOSS, OTHER, OFFICER, AUDITOR = "4712", "4715", "4711", "4713"
PINS = {BOSS: "650382", OTHER: "730915", OFFICER: "829157", AUDITOR: "391704"}
NEW = "284610"
NOW_MS = 1_790_000_000_000
DAY_MS = 24 * 3_600_000


class Log:
    def __init__(self) -> None:
        self.events: list[Event] = []
        self.full = False

    def note(self, *events: Event) -> None:
        if self.full:
            raise OSError("the disk is full")
        self.events += events

    def told(self) -> list[tuple[str, str, dict[str, object]]]:
        return [(event.kind.value, event.who, dict(event.details)) for event in self.events]


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def register(tmp_path: Path, log: Log) -> Iterator[Register]:
    """Two supervisors, an officer, an auditor; nothing noted yet."""
    with contextlib.closing(open_database(tmp_path / "operators.db", create=True)) as database:
        register = Register(database, log, "account root")
        add(register, BOSS, Role.SUPERVISOR, by="")
        for operator, role in (
            (OTHER, Role.SUPERVISOR), (OFFICER, Role.OFFICER), (AUDITOR, Role.AUDITOR),
        ):  # fmt: skip
            add(register, operator, role, by=BOSS)
        log.events.clear()
        yield register


def add(register: Register, operator: str, role: Role, by: str, *places: str) -> None:
    pin = PINS.get(operator, NEW)
    register.add(operator, role, places or ("kiosk-*",), pin, given_out=False, by=by)


def entry(register: Register, operator: str) -> OperatorEntry:
    account = register.find(operator)
    assert account is not None
    return account.entry


def may_log_in(register: Register, operator: str, pin: str) -> bool:
    verifier = entry(register, operator).verifier
    return verifier is not None and verifier.matches(pin, operator)


def test_the_first_account_is_a_supervisors(tmp_path: Path, log: Log) -> None:
    with contextlib.closing(open_database(tmp_path / "operators.db", create=True)) as database:
        register = Register(database, log, "account root")
        with pytest.raises(NotAllowedError, match="only a supervisor"):
            add(register, OFFICER, Role.OFFICER, by="")
        assert register.needs_first()
        add(register, BOSS, Role.SUPERVISOR, by="")

        assert not register.needs_first()
        with pytest.raises(NotAllowedError, match="only a supervisor"):
            add(register, OTHER, Role.SUPERVISOR, by="")
    assert log.told() == [
        (
            "alter",
            "account root",
            {"what": "operator added", "operator": BOSS, "reason": "supervisor"},
        )
    ]


@pytest.mark.parametrize("by", ["", OFFICER, AUDITOR, "nobody"])
def test_only_a_supervisor_makes_ends_and_changes_accounts(
    register: Register, log: Log, by: str
) -> None:
    before = register.accounts()
    for change in (
        lambda: add(register, "4799", Role.OFFICER, by),
        lambda: register.revoke(OFFICER, "left", by),
        lambda: register.change(OFFICER, Role.SUPERVISOR, (), by),
    ):
        with pytest.raises(NotAllowedError, match="only a supervisor"):
            change()
    assert (register.accounts(), log.events) == (before, [])


def test_every_change_is_noted_with_who_made_it(register: Register, log: Log) -> None:
    add(register, "4799", Role.TECHNICIAN, BOSS)
    register.change("4799", Role.OFFICER, (), BOSS)
    register.reset("4799", PINS[OTHER], OTHER, AUDITOR)
    register.choose("4799", PINS[OTHER], NEW)
    register.revoke("4799", "left the post", BOSS)

    assert log.told() == [
        ("alter", BOSS, {"what": "operator added", "operator": "4799", "reason": "technician"}),
        ("alter", BOSS, {"what": "operator's role", "operator": "4799", "reason": "officer"}),
        ("alter", OTHER, {"what": "operator's PIN reset", "operator": "4799", "by": AUDITOR}),
        ("alter", "4799", {"what": "operator's PIN chosen", "operator": "4799"}),
        (
            "alter",
            BOSS,
            {"what": "operator revoked", "operator": "4799", "reason": "left the post"},
        ),
    ]


def test_what_cannot_be_noted_is_not_done(register: Register, log: Log) -> None:
    before = register.accounts()
    log.full = True

    for change in (
        lambda: register.revoke(OFFICER, "left", BOSS),
        lambda: register.lists(["kiosk-01"], NOW_MS, 14),
    ):
        with pytest.raises(RegisterError):
            change()
    log.full = False
    assert register.accounts() == before
    assert register.lists(["kiosk-01"], NOW_MS, 14)[0].number == 1


@pytest.mark.parametrize(
    ("operator", "by", "second", "words"),
    [
        (OFFICER, BOSS, BOSS, "two different people"),
        (OFFICER, BOSS, OFFICER, "two different people"),
        (OFFICER, OFFICER, BOSS, "two different people"),
        (BOSS, BOSS, OTHER, "two different people"),
        (BOSS, OFFICER, AUDITOR, "one of the two must be a supervisor"),
        (OFFICER, BOSS, "nobody", "there is no operator nobody"),
        ("nobody", BOSS, OTHER, "there is no operator nobody"),
    ],
)
def test_a_reset_takes_two_people_one_a_supervisor_neither_the_operator(
    register: Register, log: Log, operator: str, by: str, second: str, words: str
) -> None:
    with pytest.raises(NotAllowedError, match=words):
        register.reset(operator, NEW, by, second)
    assert log.events == []


@pytest.mark.parametrize(("by", "second"), [(BOSS, OTHER), (BOSS, AUDITOR), (AUDITOR, BOSS)])
def test_a_reset_pin_is_given_out_and_the_old_one_is_over(
    register: Register, by: str, second: str
) -> None:
    register.reset(OFFICER, NEW, by, second)

    assert may_log_in(register, OFFICER, NEW)
    assert not may_log_in(register, OFFICER, PINS[OFFICER])
    assert entry(register, OFFICER).must_change


def test_a_revoked_operator_has_no_part_in_anything_and_the_id_is_spent(register: Register) -> None:
    register.revoke(OTHER, "left", BOSS)

    for attempt in (
        lambda: register.authenticate(OTHER, PINS[OTHER]),
        lambda: register.reset(OFFICER, NEW, BOSS, OTHER),
        lambda: register.reset(OTHER, NEW, BOSS, AUDITOR),
        lambda: register.revoke(OFFICER, "left", OTHER),
        lambda: register.choose(OTHER, PINS[OTHER], NEW),
        lambda: add(register, OTHER, Role.OFFICER, BOSS),
    ):
        with pytest.raises(NotAllowedError):
            attempt()


def test_people_prove_who_they_are_and_a_wrong_pin_is_noted(register: Register, log: Log) -> None:
    assert register.authenticate(BOSS, PINS[BOSS]) == BOSS
    for operator, pin in ((BOSS, "000000"), ("nobody", PINS[BOSS])):
        with pytest.raises(NotAllowedError, match="operator or PIN is wrong"):
            register.authenticate(operator, pin)

    assert log.told() == [("login", "account root", {"outcome": "refused"})] * 2


def test_who_has_a_given_out_pin_chooses_another_before_doing_anything(register: Register) -> None:
    register.reset(OTHER, NEW, BOSS, AUDITOR)

    with pytest.raises(NotAllowedError, match="was given out: choose another first"):
        register.authenticate(OTHER, NEW)
    register.choose(OTHER, NEW, PINS[OTHER])
    assert register.authenticate(OTHER, PINS[OTHER]) == OTHER


@pytest.mark.parametrize("pin", ["123456", "1", "111111", "letters"])
def test_no_pin_is_too_easy(register: Register, pin: str) -> None:
    for attempt in (
        lambda: register.add("4799", Role.OFFICER, ("*",), pin, given_out=False, by=BOSS),
        lambda: register.reset(OFFICER, pin, BOSS, OTHER),
        lambda: register.choose(OFFICER, PINS[OFFICER], pin),
    ):
        with pytest.raises(NotAllowedError, match="A PIN"):
            attempt()


@pytest.mark.parametrize(
    ("operator", "places", "words"),
    [
        ("Anna Smith", ("*",), "cannot be an operator"),
        ("4", ("*",), "cannot be an operator"),
        ("4799", ("Post A",), "is no kiosk"),
        ("4799", ("kiosk-*-x",), "is no kiosk"),
    ],
)
def test_names_and_places_are_checked(
    register: Register, operator: str, places: tuple[str, ...], words: str
) -> None:
    with pytest.raises(NotAllowedError, match=words):
        register.add(operator, Role.OFFICER, places, NEW, given_out=False, by=BOSS)


def test_nobody_changes_their_own_role(register: Register) -> None:
    with pytest.raises(NotAllowedError, match="their own account"):
        register.change(BOSS, Role.OFFICER, (), BOSS)


def test_each_kiosk_is_sent_its_own_people_only(register: Register) -> None:
    add(register, "4720", Role.OFFICER, BOSS, "north-*")
    add(register, "4721", Role.OFFICER, BOSS, "north-02", "kiosk-01")
    add(register, "4722", Role.OFFICER, BOSS, "*")

    lists = register.lists(["kiosk-01", "north-01", "north-02"], NOW_MS, 14)

    people = {each.kiosk: {entry.id for entry in each.entries} for each in lists}
    everywhere = {BOSS, OTHER, OFFICER, AUDITOR}
    assert people == {
        "kiosk-01": everywhere | {"4721", "4722"},
        "north-01": {"4720", "4722"},
        "north-02": {"4720", "4721", "4722"},
    }
    assert {(each.issued_ms, each.expires_ms) for each in lists} == {(NOW_MS, NOW_MS + 14 * DAY_MS)}


def test_each_list_has_the_next_number_and_revoked_people_in_it(
    register: Register, log: Log
) -> None:
    register.lists(["kiosk-01"], NOW_MS, 14)
    register.revoke(OFFICER, "left", BOSS)
    (found,) = register.lists(["kiosk-01"], NOW_MS, 14)

    assert found.number == 2
    assert [entry.id for entry in found.entries if entry.revoked] == [OFFICER]
    assert log.told()[-1] == ("update", "account root", {"what": "operators", "version": "2"})


def test_nothing_of_a_pin_lies_in_the_register(register: Register, tmp_path: Path) -> None:
    path = tmp_path / "operators.db"

    assert [pin for pin in PINS.values() if pin.encode() in path.read_bytes()] == []
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_register_is_made_once_and_found_again(tmp_path: Path, register: Register) -> None:
    with pytest.raises(RegisterError, match="is there already"):
        open_database(tmp_path / "operators.db", create=True)
    with pytest.raises(RegisterError, match="make one with"):
        open_database(tmp_path / "other.db")
    (tmp_path / "other.db").write_bytes(b"something else" * 100)
    with pytest.raises(RegisterError, match="damaged or of another kind"):
        open_database(tmp_path / "other.db")
