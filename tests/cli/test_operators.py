"""`greenline operators` and `kiosk operators`: what people of the centre type and read."""

import io
import re
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from greenline.cli.configuration import read_configuration, write_configuration
from greenline.cli.errors import CommandError
from greenline.cli.keyfiles import read_identity
from greenline.cli.kiosk_operators import refuse_without_operators, refuse_without_purpose
from greenline.cli.own_keys import read_own_keys
from greenline.cli.site import KIOSK, Site
from greenline.firmware.config import KioskConfig, OperatorsConfig
from greenline.firmware.config_case import CaseConfig
from greenline.firmware.operators_file import Kept, OperatorsFile
from greenline.protocol.operators import OperatorList, open_list
from tests.cli.conftest import Told

Greenline = Callable[..., Told]
BOSS, OTHER, OFFICER = "4712", "4715", "4711"
PINS = {BOSS: "650382", OTHER: "730915", OFFICER: "829157"}


class Desk:
    """Somebody at the centre who types lines and reads what comes."""

    def __init__(self, greenline: Greenline, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._greenline = greenline
        self._monkeypatch = monkeypatch
        self.folder = folder

    def run(self, *arguments: object, typed: tuple[str, ...] = ()) -> Told:
        self._monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{t}\n" for t in typed)))
        return self._greenline("operators", *arguments, "--folder", self.folder)

    def add(self, operator: str, role: str, by: str = "") -> Told:
        """Make an account whose operator is there and types a PIN."""
        asked = ("--by", by) if by else ()
        typed = ((PINS[by],) if by else ()) + (PINS[operator],) * 2
        return self.run(
            "add", operator, "--role", role, "--at", "*", "--choose", *asked, typed=typed
        )


@pytest.fixture
def desk(greenline: Greenline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A register with two supervisors."""
    desk = Desk(greenline, tmp_path / "operators", monkeypatch)
    assert desk.run("create").code == 0
    assert desk.add(BOSS, "supervisor").code == 0
    assert desk.add(OTHER, "supervisor", BOSS).code == 0
    return desk


def shown_pin(told: Told) -> str:
    (pin,) = re.findall(r"^    (\d{6})$", told.out, re.M)
    return str(pin)


def published(desk: Desk, site: Site) -> OperatorList:
    told = desk.run("publish", "--kiosks", site.folder / "kiosks", "--to", site.folder / "out")
    assert told.code == 0, told
    own = read_own_keys(read_configuration(site.folder / "kiosk.toml", KioskConfig).keys)
    signers = read_identity(desk.folder / "operators.json").signing_keys(0)
    envelope = (site.folder / "out" / f"{KIOSK}.operators").read_bytes()
    return open_list(envelope, KIOSK, signers, [own.opener])


def test_what_the_register_holds_belongs_to_its_owner_alone(desk: Desk) -> None:
    modes = {path.name: path.stat().st_mode & 0o777 for path in desk.folder.iterdir()}

    assert desk.folder.stat().st_mode & 0o777 == 0o700
    assert modes == {
        "audit.db": 0o600,
        "operators.db": 0o600,
        "operators.json": 0o644,
        "operators.opening.key": 0o600,
        "operators.signing.pem": 0o600,
    }


def test_a_pin_that_is_made_is_shown_once_and_is_in_no_file(desk: Desk, site: Site) -> None:
    told = desk.run(
        "add", OFFICER, "--role", "officer", "--at", KIOSK, "--by", BOSS, typed=(PINS[BOSS],)
    )
    pin = shown_pin(told)

    assert (told.code, told.out.count(pin)) == (0, 1)
    entry = published(desk, site).find(OFFICER)
    assert entry is not None
    assert entry.verifier is not None
    assert entry.verifier.matches(pin, OFFICER)
    assert entry.must_change
    files = [path for folder in (desk.folder, site.folder) for path in folder.rglob("*")]
    assert [
        path.name for path in files if path.is_file() and pin.encode() in path.read_bytes()
    ] == []


def test_a_pin_that_is_typed_is_typed_twice_and_never_shown(desk: Desk) -> None:
    told = desk.run(
        *("add", OFFICER, "--role", "officer", "--at", "*", "--by", BOSS, "--choose"),
        typed=(PINS[BOSS], PINS[OFFICER], "829158"),
    )

    assert (told.code, told.err.splitlines()[-1]) == (
        1, "greenline: the two PINs differ: nothing was changed",
    )  # fmt: skip
    assert OFFICER not in desk.run("list").out
    told = desk.add(OFFICER, "officer", BOSS)
    assert told.code == 0
    assert PINS[OFFICER] not in told.out + told.err


@pytest.mark.parametrize(
    ("arguments", "typed", "words"),
    [
        (("add", "4799", "--role", "officer", "--at", "*"), (), "name one with --by"),
        (
            ("add", "4799", "--role", "officer", "--at", "*", "--by", BOSS),
            ("000000",),
            "operator or PIN is wrong",
        ),
        (
            ("add", "4799", "--role", "officer", "--at", "*", "--by", BOSS, "--choose"),
            (PINS[BOSS], "123456"),
            "A PIN has no 4 digits in a row, upwards or downwards.",
        ),
        (
            ("add", "Anna", "--role", "officer", "--at", "*", "--by", BOSS),
            (),
            "'Anna' cannot be an operator: use 2 to 24 of a-z, 0-9 and '-', a number best",
        ),
        (
            ("revoke", "4799", "--by", BOSS, "--reason", "left"),
            (PINS[BOSS],),
            "there is no operator 4799",
        ),
        (
            ("reset", OTHER, "--by", BOSS, "--second", OTHER),
            (PINS[BOSS], PINS[OTHER]),
            "a PIN is set anew by two different people, neither of them its operator",
        ),
        (("pin", BOSS), ("000000", "284610", "284610"), "operator or PIN is wrong"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) and value else None,
)
def test_what_is_not_allowed_ends_with_a_sentence(
    desk: Desk, arguments: tuple[str, ...], typed: tuple[str, ...], words: str
) -> None:
    told = desk.run(*arguments, typed=typed)

    assert (told.code, told.err.splitlines()[-1].endswith(words)) == (1, True), told.err


def test_a_reset_takes_two_people_with_their_pins(desk: Desk, site: Site) -> None:
    desk.add(OFFICER, "officer", BOSS)
    told = desk.run(
        "reset", OFFICER, "--by", BOSS, "--second", OTHER, typed=(PINS[BOSS], PINS[OTHER])
    )

    assert told.code == 0
    entry = published(desk, site).find(OFFICER)
    assert entry is not None
    assert entry.verifier is not None
    assert entry.verifier.matches(shown_pin(told), OFFICER)
    assert "given out" in desk.run("list").out


def test_a_revoked_operator_is_listed_with_the_reason_and_sent_without_a_pin(
    desk: Desk, site: Site
) -> None:
    desk.add(OFFICER, "officer", BOSS)
    told = desk.run(
        "revoke", OFFICER, "--by", BOSS, "--reason", "left the post", typed=(PINS[BOSS],)
    )

    assert told.code == 0
    assert "revoked (left the post)" in desk.run("list").out
    assert published(desk, site).find(OFFICER) is None


def test_the_registers_own_log_is_whole(desk: Desk, greenline: Greenline) -> None:
    told = greenline(
        "audit", "verify", desk.folder / "audit.db", "--identity", desk.folder / "operators.json"
    )
    assert told.code == 0, told


def test_a_folder_without_a_register_is_told(greenline: Greenline, tmp_path: Path) -> None:
    told = greenline("operators", "list", "--folder", tmp_path)

    assert told.code == 5
    assert told.sentence.endswith("make one with 'greenline operators create'")


def test_publishing_says_where_to(desk: Desk, site: Site) -> None:
    assert desk.run("publish", "--kiosks", site.folder / "kiosks").code == 2
    empty = desk.folder.parent / "empty"
    empty.mkdir()
    told = desk.run("publish", "--kiosks", empty, "--to", empty)
    assert (told.code, told.sentence) == (3, f"there are no kiosks in {empty}: enrol one first")


class TestAtTheKiosk:
    """A technician brings the file."""

    @pytest.fixture
    def config(self, desk: Desk, site: Site) -> Path:
        path = site.folder / "kiosk.toml"
        settings = read_configuration(path, KioskConfig)
        operators = OperatorsConfig(desk.folder / "operators.json")
        write_configuration(path, msgspec.structs.replace(settings, operators=operators))
        return path

    def bring(self, greenline: Greenline, config: Path, file: Path | None = None) -> Told:
        file = file or config.with_name("out") / f"{KIOSK}.operators"
        return greenline("kiosk", "operators", file, "--config", config)

    def test_it_is_put_where_the_kiosk_finds_it(
        self, desk: Desk, site: Site, config: Path, greenline: Greenline
    ) -> None:
        published(desk, site)
        told = self.bring(greenline, config)

        assert (told.code, told.out.split(" is there")[0]) == (0, "List 1 with 2 accounts")
        put = site.folder / "kiosk.store-operators-incoming"
        assert put.read_bytes() == (site.folder / "out" / f"{KIOSK}.operators").read_bytes()

    @pytest.mark.parametrize("data", [b"", b"anything", b"x" * 300_000])
    def test_a_file_that_is_no_list_is_refused(
        self, site: Site, config: Path, greenline: Greenline, data: bytes
    ) -> None:
        file = site.folder / "wrong"
        file.write_bytes(data)
        told = self.bring(greenline, config, file)

        assert told.code == 3
        assert told.sentence.endswith(f"have the centre publish a list for {KIOSK}")

    def test_a_file_that_is_not_there_is_told(
        self, site: Site, config: Path, greenline: Greenline
    ) -> None:
        told = self.bring(greenline, config, site.folder / "missing")
        assert (told.code, "cannot be read" in told.sentence) == (3, True)

    def test_a_kiosk_on_which_nobody_logs_in_takes_none(
        self, desk: Desk, site: Site, greenline: Greenline
    ) -> None:
        published(desk, site)
        told = self.bring(greenline, site.folder / "kiosk.toml")
        assert (told.code, "add [operators] first" in told.sentence) == (4, True)

    def test_a_list_that_is_not_newer_is_refused(
        self, desk: Desk, site: Site, config: Path, greenline: Greenline
    ) -> None:
        published(desk, site)
        own = read_own_keys(read_configuration(config, KioskConfig).keys)
        kept = OperatorsFile(site.folder / "kiosk.store-operators", own.device)
        kept.write(Kept(number=1))
        told = self.bring(greenline, config)

        assert (told.code, "list 1 is not newer than this kiosk's, 1" in told.sentence) == (1, True)

    def test_production_needs_operators(self, site: Site) -> None:
        path = site.folder / "kiosk.toml"
        settings = read_configuration(path, KioskConfig)

        with pytest.raises(CommandError, match="nobody would log in: add"):
            refuse_without_operators(settings, path)
        named = OperatorsConfig(path)
        refuse_without_operators(msgspec.structs.replace(settings, operators=named), path)

    def test_production_needs_a_purpose_with_its_legal_basis(self, site: Site) -> None:
        path = site.folder / "kiosk.toml"
        settings = read_configuration(path, KioskConfig)
        refuse_without_purpose(settings, path)

        with pytest.raises(CommandError, match="no legal basis is stated: add") as refused:
            refuse_without_purpose(msgspec.structs.replace(settings, case=CaseConfig()), path)
        assert refused.value.exit_code == 4
