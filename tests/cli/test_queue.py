"""`greenline queue`: on a kiosk that runs, on one that does not, and on what is no kiosk."""

import contextlib
import hashlib
import json
import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from greenline.cli.configuration import read_configuration
from greenline.cli.own_keys import read_own_keys
from greenline.cli.queue_rows import facts
from greenline.cli.site import Site
from greenline.firmware.audit_segments import segment_paths
from greenline.firmware.clock import Instant
from greenline.firmware.config import KioskConfig
from greenline.firmware.dispatch import Dispatcher
from greenline.firmware.queue_door import QueueDoor, door_beside
from greenline.firmware.queue_messages import Item
from greenline.firmware.queue_view import Queue
from greenline.firmware.store import Store
from greenline.firmware.store_rows import Pending
from greenline.firmware.vault import Vault, keys_beside
from greenline.firmware.wipe import mark_beside
from tests.cli.conftest import Told
from tests.firmware.test_queue_view import Notes

Greenline = Callable[..., Told]

NOW_MS = 4_000_000_000_000  # the year 2096: nothing of it has expired
HOUR_MS = 3_600_000
IDS = (bytes.fromhex("aa" * 16), bytes.fromhex("ab" * 16), bytes.fromhex("cc" * 16))
SEALED = {name: b"sealed " + name * 20 for name in IDS}


@pytest.fixture
def settings(site: Site) -> KioskConfig:
    return read_configuration(site.folder / "kiosk.toml", KioskConfig)


@contextlib.contextmanager
def opened(settings: KioskConfig) -> Iterator[Store]:
    device = read_own_keys(settings.keys).device
    vault = Vault(keys_beside(settings.store), device, settings.search.purpose)
    store = Store(settings.store, vault, lambda: Instant(0, NOW_MS, 0, trusted=False))
    with contextlib.closing(store):
        yield store


@pytest.fixture
def filled(settings: KioskConfig) -> Path:
    """A store in which three requests wait."""
    with opened(settings) as store:
        for number, name in enumerate(IDS):
            made = NOW_MS - (number + 1) * 1_000
            store.add_request(Pending(name, number % 2, made, made + HOUR_MS), SEALED[name])
    return settings.store


class Orders:
    """What the gate tells of a dispatcher."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self.standing = dispatcher.snapshot
        self.retry = dispatcher.retry


@pytest.fixture
def running(settings: KioskConfig, filled: Path) -> Iterator[Dispatcher]:
    """A kiosk as the command meets it: the store held, the door open, the broker busy."""
    dispatcher = Dispatcher(lambda: 100.0)
    with opened(settings) as store:
        dispatcher.add(store.pending())
        dispatcher.link_up(8)
        while (offer := dispatcher.next_offer()) is not None:
            refusal = "Quota exceeded" if offer.request_id == IDS[2] else ""
            dispatcher.confirmed(offer.request_id, taken=not refusal, refusal=refusal)
        queue = Queue(Orders(dispatcher), store, Notes(), "matcher-01", lambda: NOW_MS)
        door = QueueDoor(door_beside(filled), queue)
        door.start()
        yield dispatcher
        door.stop()


def asked(greenline: Greenline, site: Site, *arguments: object) -> Told:
    return greenline("queue", *arguments, "--config", site.folder / "kiosk.toml")


def digests(folder: Path) -> dict[str, str]:
    """Return what every file holds; of SQLite's own, what lies in the database and its log."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.is_file() and path.stat().st_size and not path.name.endswith("-shm")
    }


@pytest.mark.usefixtures("running")
def test_a_running_kiosk_is_asked_what_waits(greenline: Greenline, site: Site) -> None:
    told = asked(greenline, site, "list")

    assert (told.code, told.err) == (0, "")
    head, *rows = told.out.splitlines()
    assert head.split() == [
        "id", "lane", "where", "it", "is", "age", "expires", "in", "offers", "bytes",
    ]  # fmt: skip
    assert [" ".join(row.split()) for row in rows] == [
        "cccccccc person Waiting to be sent 3 s 59 min 1 327",
        "aaaaaaaa person With the broker 1 s 59 min 1 327",
        "abababab normal With the broker 2 s 59 min 1 327",
    ]


@pytest.mark.usefixtures("running")
def test_programs_read_the_list_as_json(greenline: Greenline, site: Site) -> None:
    listed = json.loads(asked(greenline, site, "list", "--json").out)

    assert listed["running"] is True
    assert listed["waiting"][0] == {
        "id": "cc" * 16,
        "what": "request",
        "lane": "person",
        "state": "queued",
        "where": "Waiting to be sent",
        "since_s": 0.0,
        "made": "2096-10-02T07:06:37Z",
        "expires": "2096-10-02T08:06:37Z",
        "age_s": 3.0,
        "expires_in_s": 3597.0,
        "offers": 1,
        "refused_by_the_broker": "Quota exceeded",
        "bytes": 327,
    }


@pytest.mark.usefixtures("running")
def test_one_request_is_shown_with_what_the_broker_said(greenline: Greenline, site: Site) -> None:
    told = asked(greenline, site, "show", "CCCC")

    assert told.code == 0
    assert "refused by the broker: Quota exceeded" in told.out.splitlines()
    assert f"id: {'cc' * 16}" in told.out.splitlines()


@pytest.mark.usefixtures("running")
@pytest.mark.parametrize(
    ("begins", "code", "sentence"),
    [
        ("dddd", 1, "nothing that waits begins with dddd"),
        ("aaaaaaaaaaaaaaaaa", 0, ""),
        ("zz zz", 1, "nothing that waits begins with zz zz"),
    ],
)
def test_an_id_is_known_by_its_beginning(
    greenline: Greenline, site: Site, begins: str, code: int, sentence: str
) -> None:
    told = asked(greenline, site, "show", begins)

    assert told.code == code
    assert told.sentence.startswith(sentence)


@pytest.mark.usefixtures("running")
@pytest.mark.parametrize("arguments", [("show", "aa"), ("retry",), ("retry", "aaaa", "--all")])
def test_what_cannot_be_meant_is_wrong_usage(
    greenline: Greenline, site: Site, arguments: tuple[str, ...]
) -> None:
    assert asked(greenline, site, *arguments).code == 2


def test_a_beginning_of_two_ids_is_asked_for_more(
    greenline: Greenline, site: Site, settings: KioskConfig
) -> None:
    with opened(settings) as store:
        for last in (1, 2):
            name = bytes(15) + bytes([last])
            store.add_request(Pending(name, 0, NOW_MS, NOW_MS + HOUR_MS), b"sealed")

    told = asked(greenline, site, "show", "0000")

    assert told.code == 1
    assert "2 that wait begin with 0000" in told.err


def test_one_or_all_are_offered_at_once(
    greenline: Greenline, site: Site, running: Dispatcher
) -> None:
    assert running.next_offer() is None

    one = asked(greenline, site, "retry", "abab")
    offered = running.next_offer()
    rest = asked(greenline, site, "retry", "--all")

    assert offered is not None
    assert offered.request_id == IDS[1]
    assert one.out.startswith("1 offered")
    assert rest.out.startswith("2 offered")


def test_a_store_without_a_kiosk_is_read_and_left_as_it_is(
    greenline: Greenline, site: Site, filled: Path
) -> None:
    before = digests(filled.parent)

    told = asked(greenline, site, "list")
    shown = asked(greenline, site, "show", "aaaa")

    assert told.code == 0
    assert told.err == "The kiosk is not running: this is what its store holds.\n"
    assert "cccccccc  person  Waiting to be sent" in told.out
    assert "bytes: 327" in shown.out
    assert "offers" not in shown.out
    assert digests(filled.parent) == before


def test_what_a_killed_kiosk_left_in_its_log_is_read_too(
    greenline: Greenline, site: Site, filled: Path
) -> None:
    pid = os.fork()
    if not pid:  # a kiosk that dies in the middle, with everything in the write-ahead log
        db = sqlite3.connect(filled)
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("DELETE FROM request WHERE request_id = ?", (IDS[0],))
        db.commit()
        os._exit(0)
    os.waitpid(pid, 0)

    listed = json.loads(asked(greenline, site, "list", "--json").out)

    assert [each["id"] for each in listed["waiting"]] == ["cc" * 16, "ab" * 16]


def test_without_a_kiosk_there_is_nobody_to_offer_anything(
    greenline: Greenline, site: Site, filled: Path
) -> None:
    told = asked(greenline, site, "retry", "--all")

    assert filled.exists()
    assert told.code == 1
    assert told.err.splitlines()[-1] == (
        "greenline: the kiosk is not running: when it starts it offers everything"
    )


def test_a_kiosk_that_holds_its_store_and_has_no_door_is_named(
    greenline: Greenline, site: Site, settings: KioskConfig, filled: Path
) -> None:
    with opened(settings):
        told = asked(greenline, site, "list")

    assert told.code == 5
    assert told.sentence.startswith(f"{filled} is in use by a kiosk, which cannot be asked")


def test_a_kiosk_that_never_ran_has_no_store(greenline: Greenline, site: Site) -> None:
    told = asked(greenline, site, "list")

    assert told.code == 5
    assert told.sentence.endswith("no kiosk has run with this configuration")


def test_a_damaged_store_is_told_in_words(greenline: Greenline, site: Site, filled: Path) -> None:
    filled.write_bytes(b"\xff" * 10_000)

    told = asked(greenline, site, "list")

    assert told.code == 5
    assert "it may be damaged. Start the kiosk" in told.sentence


def test_a_kiosk_that_was_wiped_has_nothing(greenline: Greenline, site: Site, filled: Path) -> None:
    mark_beside(filled).touch()

    assert asked(greenline, site, "list").code == 4


@pytest.mark.usefixtures("running")
def test_the_sealed_requests_are_exported_whole(
    greenline: Greenline, site: Site, tmp_path: Path
) -> None:
    folder = tmp_path / "carry"

    told = asked(greenline, site, "export", folder)

    assert told.code == 0
    assert told.out.startswith(f"3 sealed requests are in {folder}.")
    index = json.loads((folder / "index.json").read_text())
    assert index["kiosk"] == "kiosk-01"
    for each in index["requests"]:
        data = (folder / each["file"]).read_bytes()
        assert data == SEALED[bytes.fromhex(each["id"])]
        assert hashlib.sha256(data).hexdigest() == each["sha256"]
        assert stat.S_IMODE((folder / each["file"]).stat().st_mode) == 0o600
    assert len(list(folder.iterdir())) == 4
    assert [path.name for path in tmp_path.iterdir() if "unfinished" in path.name] == []


def test_an_export_without_a_kiosk_is_noted_in_its_audit_log(
    greenline: Greenline, site: Site, settings: KioskConfig, filled: Path, tmp_path: Path
) -> None:
    told = asked(greenline, site, "export", tmp_path / "carry")

    assert told.code == 0, told.err
    assert len(list((tmp_path / "carry").iterdir())) == 4
    (segment,) = segment_paths(settings.audit_folder).values()
    assert b"export by a technician" in segment.read_bytes()
    assert filled.exists()


def test_an_export_that_cannot_be_noted_is_none(
    greenline: Greenline, site: Site, settings: KioskConfig, filled: Path, tmp_path: Path
) -> None:
    settings.audit_folder.parent.joinpath("audit").write_text("no folder")

    told = asked(greenline, site, "export", tmp_path / "carry")

    assert filled.exists()
    assert told.code == 5
    assert told.sentence.startswith("nothing was exported, because it cannot be noted")
    assert not (tmp_path / "carry").exists()


@pytest.mark.usefixtures("running")
def test_nothing_is_overwritten(greenline: Greenline, site: Site, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()

    told = asked(greenline, site, "export", tmp_path / "there")

    assert (told.code, list((tmp_path / "there").iterdir())) == (3, [])
    assert "is there already" in told.sentence


@pytest.mark.usefixtures("running")
def test_where_nothing_can_be_written_nothing_is_exported(
    greenline: Greenline, site: Site, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()

    told = asked(greenline, site, "export", tmp_path / "file" / "carry")

    assert told.code == 3
    assert "cannot be made" in told.sentence


def test_what_a_broker_says_is_nothing_that_a_terminal_obeys() -> None:
    item = Item(IDS[0], "request", 7, "queued", 10**30, 0, 1, 1, 9, refusal="\x1b[2Jgone\n")

    told = facts(item)

    assert told["refused_by_the_broker"] == "?[2Jgone?"
    assert (told["lane"], told["made"]) == ("lane 7", f"{10**30} ms")


def test_no_command_prints_what_is_sealed(
    greenline: Greenline, site: Site, running: Dispatcher
) -> None:
    printed = "".join(
        told.out + told.err
        for told in (
            asked(greenline, site, "list"),
            asked(greenline, site, "list", "--json"),
            asked(greenline, site, "show", "aaaa"),
            asked(greenline, site, "show", "aaaa", "--json"),
            asked(greenline, site, "retry", "--all"),
        )
    )

    assert "aaaaaaaa" in printed
    for sealed in SEALED.values():
        for form in (sealed, sealed.hex().encode()):
            assert form[:20] not in printed.encode()
