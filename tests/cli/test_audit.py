"""`greenline audit`: exit code 0 only for a log that is whole and signed, and an export to read."""

import contextlib
import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from greenline.cli.configuration import write_configuration
from greenline.cli.keyfiles import write_secret
from greenline.firmware.audit import MEMORY, AuditLog, Sizes
from greenline.firmware.audit_memory import memory_key
from greenline.firmware.config import KioskConfig, KioskKeys, SearchDefaults
from greenline.matcher.audit import AuditLog as CentreLog
from greenline.matcher.audit_database import open_audit
from greenline.protocol.audit import DEVICE, Event
from greenline.protocol.audit_details import Kind
from greenline.protocol.keys import Identity, OpeningKey, SigningKey
from tests.cli.conftest import Told
from tests.firmware.audit_logs import COLLECTED, OWNER, Clocks, Place

Greenline = Callable[..., Told]
DAY_MS = 24 * 3600 * 1000
STRANGE = "=HYPERLINK(1)"


class Kiosk:
    """A kiosk's files: its configuration, its keys, its log."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.signer, self.opener = SigningKey.generate(), OpeningKey.generate()
        self.place = Place(folder / "audit", self.signer, sizes=Sizes(8, segment_bytes=2_500))
        write_secret(folder / "signing.pem", self.signer.to_pem())
        write_secret(folder / "opening.key", self.opener.to_bytes())
        self.config = folder / "kiosk.toml"
        keys = KioskKeys(folder / "signing.pem", folder / "opening.key", folder / "matcher.json")
        store, socket = folder / "kiosk.store", folder / "uplink.sock"
        search = SearchDefaults("border-check", ("watch-list",))
        settings = KioskConfig(OWNER, "serial:/dev/x", store, socket, keys, search)
        write_configuration(self.config, settings)
        self.identity = folder / f"{OWNER}.json"
        identity = Identity(OWNER, self.signer.public, self.opener.public)
        self.identity.write_bytes(identity.to_json())

    @property
    def log(self) -> Path:
        return self.place.folder

    def open(self) -> AuditLog:
        keys = [memory_key(self.opener.to_bytes())]
        place = self.place
        return AuditLog(self.log, OWNER, self.signer, keys, place.clocks, place.sizes)

    def write(self, days: int = 3) -> None:
        """Six events a day, the last day's end signed."""
        log = self.open()
        for _ in range(days):
            for _ in range(5):
                log.note(COLLECTED)
            log.note(Event(Kind.LOGIN, STRANGE, details={"outcome": "refused"}))
            self.place.clocks.pass_ms(DAY_MS)
        log.close()

    def segments(self) -> list[Path]:
        return list(self.place.segments().values())


@pytest.fixture
def kiosk(tmp_path: Path) -> Kiosk:
    kiosk = Kiosk(tmp_path)
    kiosk.write()
    return kiosk


def test_a_whole_log_is_whole(greenline: Greenline, kiosk: Kiosk) -> None:
    told = greenline("audit", "verify", kiosk.log, "--identity", kiosk.identity)

    assert (told.code, told.err) == (0, "")
    assert "entries 1 to 21, 2027-01-15T08:00:00.000Z to" in told.out
    assert "signed to entry 21" in told.out
    assert "cannot be told from this copy alone" in told.out

    with_memory = greenline("audit", "verify", kiosk.log, "--config", kiosk.config)
    assert with_memory.code == 0
    assert "cannot be told" not in with_memory.out


def test_a_changed_byte_is_told_with_entry_time_file_and_kind(
    greenline: Greenline, kiosk: Kiosk
) -> None:
    path = kiosk.segments()[0]
    data = bytearray(path.read_bytes())
    data[500] ^= 1
    path.write_bytes(data)

    told = greenline("audit", "verify", kiosk.log, "--identity", kiosk.identity)

    assert told.code == 1
    assert told.sentence == "the log is not whole and signed, see above; docs/audit.md"
    (line,) = [line for line in told.out.splitlines() if "changed" in line]
    assert line.startswith("  entry 2 (00000001.log at byte 3")
    assert "written 2027-01-15T08:00:00.000Z or after" in line


def test_a_log_cut_behind_a_signature_is_found_with_the_kiosks_memory_only(
    greenline: Greenline, kiosk: Kiosk
) -> None:
    kiosk.segments()[-1].unlink()

    alone = greenline("audit", "verify", kiosk.log, "--identity", kiosk.identity)
    known = greenline("audit", "verify", kiosk.log, "--config", kiosk.config)

    assert (alone.code, known.code) == (0, 1)
    assert "cannot be told from this copy alone" in alone.out
    assert "cut off: entries" in known.out


def test_an_unsigned_tail_is_not_good_enough(greenline: Greenline, kiosk: Kiosk) -> None:
    kiosk.open().note(COLLECTED)

    told = greenline("audit", "verify", kiosk.log, "--identity", kiosk.identity)

    assert told.code == 1
    assert "entry 22 " in told.out
    assert "not signed yet" in told.out


def test_a_key_that_was_not_given_or_another_kiosks_is_said_to_be_missing(
    greenline: Greenline, kiosk: Kiosk, tmp_path: Path
) -> None:
    other = tmp_path / "other.json"
    other.write_bytes(Identity("kiosk-02", kiosk.signer.public, kiosk.opener.public).to_json())

    told = greenline("audit", "verify", kiosk.log, "--identity", other)

    assert told.code == 1
    assert "key unknown" in told.out
    assert "give the identity with --identity" in told.out
    assert greenline("audit", "verify", kiosk.log).code == 2


def test_what_the_kiosk_repaired_is_told_and_only_a_torn_end_is_harmless(
    greenline: Greenline, kiosk: Kiosk
) -> None:
    def verified() -> Told:
        log = kiosk.open()
        log.note(COLLECTED)
        log.close()
        return greenline("audit", "verify", kiosk.log, "--config", kiosk.config)

    with kiosk.segments()[-1].open("ab") as file:
        file.write(b"\x00\x90torn")
    told = verified()
    assert (told.code, told.err) == (0, "")
    assert "noted by the device: entry 22" in told.out
    assert "a torn end was cut off, bytes 6" in told.out

    (kiosk.log / MEMORY).unlink()
    told = verified()
    assert told.code == 1
    assert "the memory of the log is missing or was changed" in told.out


def test_a_second_chain_and_what_is_wrong_with_the_first_are_both_told(
    greenline: Greenline, kiosk: Kiosk
) -> None:
    last = kiosk.segments()[-1]
    data = bytearray(last.read_bytes())
    data[200] ^= 1
    last.write_bytes(data)
    log = kiosk.open()
    log.note(COLLECTED)
    log.close()

    told = greenline("audit", "verify", kiosk.log, "--config", kiosk.config)

    assert told.code == 1
    assert told.out.count(f"{OWNER}, chain ") == 2
    assert "There is more than one chain of one owner" in told.out
    assert f"in {last.name}" not in told.err


def test_the_last_entries_are_shown_one_a_line(greenline: Greenline, kiosk: Kiosk) -> None:
    told = greenline("audit", "show", kiosk.log, "--last", "3")

    assert told.code == 0
    lines = told.out.splitlines()
    assert [line.split()[1] for line in lines] == ["19", "20", "21"]
    assert "collect  who person not logged in  why border-check  case " in lines[0]
    assert "signature" in lines[2]


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        ([], list(range(1, 22))),
        (["--from", "2027-01-16"], list(range(7, 22))),
        (["--to", "2027-01-15"], list(range(1, 7))),
        (["--from", "2027-01-16T08:00:00", "--to", "2027-01-16T08:00:00"], list(range(7, 14))),
        (["--from", "2030-01-01"], []),
    ],
)
def test_an_export_holds_the_entries_of_a_time(
    greenline: Greenline, kiosk: Kiosk, tmp_path: Path, options: list[str], numbers: list[int]
) -> None:
    told = greenline("audit", "export", kiosk.log, "--out", tmp_path / "a.jsonl", *options)

    assert (told.code, told.err) == (0, "")
    rows = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert [row["entry"] for row in rows] == numbers


def test_both_forms_of_an_export_say_the_same_and_neither_is_a_formula(
    greenline: Greenline, kiosk: Kiosk, tmp_path: Path
) -> None:
    for name in ("a.jsonl", "a.csv"):
        assert greenline("audit", "export", kiosk.log, "--out", tmp_path / name).code == 0

    rows = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    with (tmp_path / "a.csv").open(newline="") as file:
        cells = list(csv.DictReader(file))
    assert [int(cell["entry"]) for cell in cells] == [row["entry"] for row in rows]
    assert [json.loads(cell["details"]) for cell in cells] == [row["details"] for row in rows]
    (strange,) = {row["who"] for row in rows if row["kind"] == "login"}
    assert strange == STRANGE
    assert {cell["who"] for cell in cells if cell["kind"] == "login"} == {f"'{STRANGE}"}
    assert rows[0] == {
        "owner": OWNER,
        "chain": rows[0]["chain"],
        "entry": 1,
        "time": "2027-01-15T08:00:00.000Z",
        "clock_trusted": True,
        "kind": "collect",
        "who": "person not logged in",
        "why": "border-check",
        "case": COLLECTED.case.hex(),
        "details": {"finger": 2},
        "boot": Clocks().boot.hex(),
        "monotonic_ms": 50_000,
        "signer": "",
        "previous": rows[0]["previous"],
        "digest": rows[1]["previous"],
        "words": "",
    }


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv"])
def test_an_export_replaces_no_file(
    greenline: Greenline, kiosk: Kiosk, tmp_path: Path, name: str
) -> None:
    out = tmp_path / name
    out.write_text("the export of the month before")

    told = greenline("audit", "export", kiosk.log, "--out", out)

    assert (told.code, told.sentence) == (3, f"{out} is there already: name a new file")
    assert out.read_text() == "the export of the month before"


def test_the_centres_file_holds_its_own_chain(
    greenline: Greenline, kiosk: Kiosk, tmp_path: Path
) -> None:
    signer = SigningKey.generate()
    identity = tmp_path / "matcher.json"
    identity.write_bytes(Identity("matcher-01", signer.public, kiosk.opener.public).to_json())
    path = tmp_path / "audit.db"
    with contextlib.closing(open_audit(path)) as database:
        log = CentreLog(database, "matcher-01", signer, Clocks())
        log.note(Event(Kind.STOP, "x"))
        log.checkpoint()

    told = greenline("audit", "verify", path, "--identity", identity)

    assert (told.code, told.err) == (0, "")
    assert "matcher-01, chain " in told.out
    assert "stop  who x" in greenline("audit", "show", path).out


def test_what_is_no_log_is_said_to_be_none(
    greenline: Greenline, kiosk: Kiosk, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "noise.log").write_bytes(b"noise" * 100)

    assert greenline("audit", "show", tmp_path / "empty").code == 3
    assert greenline("audit", "show", tmp_path / "missing").code == 3
    told = greenline("audit", "verify", tmp_path / "noise.log", "--identity", kiosk.identity)
    assert told.code == 1
    assert "this is no segment of an audit log" in told.out
    assert greenline("audit", "export", kiosk.log, "--out", tmp_path / "a.txt").code == 2


def test_what_became_of_an_update_is_told_in_words(
    greenline: Greenline, kiosk: Kiosk, tmp_path: Path
) -> None:
    log = kiosk.open()
    details = {"what": "given-up", "version": "3", "slot": "b", "reason": "trial-failed-sensor",
               "at_ms": 1_800_000_000_000, "entry": 312}  # fmt: skip
    log.note(Event(Kind.RELEASE, DEVICE, details=details))
    log.close()

    shown = greenline("audit", "show", kiosk.log, "--last", "2")
    assert greenline("audit", "export", kiosk.log, "--out", tmp_path / "a.csv").code == 0
    with (tmp_path / "a.csv").open(newline="") as file:
        (row,) = [each for each in csv.DictReader(file) if each["kind"] == "release"]

    words = (
        "The update to release 3 was undone: the fingerprint sensor did not answer under the new "
        "release [trial-failed-sensor]"
    )
    assert words in shown.out
    assert (row["words"], json.loads(row["details"])) == (words, details)
