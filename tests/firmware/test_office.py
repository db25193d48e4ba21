"""What the link, the network and the audit log are in words, for who is not an engineer."""

import stat
from pathlib import Path

import pytest

from greenline.firmware.audit import Sizes
from greenline.firmware.audit_reading import MOST_ROWS, Search, as_line, rows
from greenline.firmware.board import Board, DeviceName, Progress
from greenline.firmware.checks_shown import come_to, waiting
from greenline.firmware.link_steps import BROKER, CERTIFICATE, MATCHER, NAME, UPLINK, link_steps
from greenline.firmware.network_state import NOT_MANAGED, network_state, read_devices
from greenline.firmware.office_state import Fact
from greenline.firmware.store_rows import Pending
from greenline.link.ended import _ALERTS, _FAULTS
from greenline.protocol.audit import Event
from greenline.protocol.audit_details import Kind
from tests.firmware.audit_logs import COLLECTED, Place
from tests.firmware.conftest import KIOSK


@pytest.fixture
def board() -> Board:
    """A board whose uplink process runs."""
    board = Board(KIOSK, 20)
    board.show_device(DeviceName.UPLINK)
    return board


def steps(board: Board) -> dict[str, bool | None]:
    return {fact.name: fact.well for fact in link_steps(board.state())}


@pytest.mark.parametrize(
    ("why", "failed"),
    [
        ("the broker's name cannot be resolved: no network, or no DNS", NAME),
        ("there is no broker at this address", BROKER),
        ("the broker does not answer", BROKER),
        ("this device's certificate has expired: renew it, or call a technician", CERTIFICATE),
        ("the broker does not let this device in (not authorized)", CERTIFICATE),
    ],
)
def test_the_link_fails_at_one_step_and_nothing_is_said_of_those_behind(
    board: Board, why: str, failed: str
) -> None:
    board.show_link(up=False, detail=why)

    told = link_steps(board.state())
    names = [each.name for each in told]
    assert names == [UPLINK, NAME, BROKER, CERTIFICATE, MATCHER]
    at = names.index(failed)
    assert [each.well for each in told] == [True] * at + [False] + [None] * (4 - at)
    assert told[at].words == why


def test_the_sentences_of_the_link_are_the_ones_that_are_looked_for(board: Board) -> None:
    """Whoever rewords greenline.link.ended hears of it here."""
    named = {kind.__name__: ended.words for kind, ended in _FAULTS}
    board.show_link(up=False, detail=named["gaierror"])
    assert steps(board)[NAME] is False
    for words in _ALERTS.values():
        board.show_link(up=False, detail=words)
        assert steps(board)[CERTIFICATE] is False


def test_without_an_uplink_process_that_is_what_is_told(board: Board) -> None:
    board.show_device(DeviceName.UPLINK, missing="the uplink process is not running")
    assert steps(board)[UPLINK] is False


def test_only_what_the_matcher_signed_proves_that_it_answers(board: Board) -> None:
    board.show_link(up=True, detail="")
    assert steps(board)[MATCHER] is None
    board.show_check(waiting(Pending(b"r" * 16, 0, 1, 2)))
    assert steps(board)[MATCHER] is False
    board.change_check((b"r" * 16).hex(), lambda check: check and come_to(check, Progress.RECEIVED))
    assert steps(board) == dict.fromkeys([UPLINK, NAME, BROKER, CERTIFICATE, MATCHER], True)


def test_networks_are_told_by_their_kind() -> None:
    told = (
        "eth0:ethernet:connected:Wired 1\nwlan0:wifi:disconnected:\ncdc-wdm0:gsm:connected:LTE:2\n"
        "lo:loopback:connected (externally):lo\nbroken\n"
    )
    assert read_devices(told) == (
        Fact("Ethernet eth0", "connected (Wired 1)", well=True),
        Fact("Wi-Fi wlan0", "disconnected", well=False),
        Fact("LTE cdc-wdm0", "connected (LTE:2)", well=True),
    )


def test_a_system_without_networkmanager_says_so(tmp_path: Path) -> None:
    assert network_state(str(tmp_path / "nmcli")) == (Fact("Network", NOT_MANAGED),)


@pytest.mark.parametrize(
    ("script", "words"),
    [("echo eth0:ethernet:connected:x", "connected (x)"), ("exit 8", NOT_MANAGED)],
)
def test_nmcli_is_asked_and_may_fail(tmp_path: Path, script: str, words: str) -> None:
    program = tmp_path / "nmcli"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)

    assert [each.words for each in network_state(str(program))] == [words]


def test_the_audit_log_is_searched_by_time_kind_person_and_case(tmp_path: Path) -> None:
    place = Place(tmp_path / "audit")
    log = place.open()
    log.note(COLLECTED)
    place.clocks.pass_ms(1_000)
    log.note(Event(Kind.LOGIN, "4711", details={"outcome": "accepted"}))
    place.clocks.pass_ms(1_000)
    log.note(COLLECTED)
    log.close()

    def found(search: Search) -> list[object]:
        return [row["entry"] for row in rows(place.folder, search)]

    began = 1_800_000_000_000
    assert found(Search()) == [3, 2, 1]
    assert found(Search(most=2)) == [3, 2]
    assert found(Search(kind="login")) == found(Search(who="4711")) == [2]
    assert found(Search(case=COLLECTED.case.hex())) == [3, 1]
    assert found(Search(since_ms=began + 1, until_ms=began + 2_000)) == [2]
    assert found(Search(most=MOST_ROWS * 2)) == [3, 2, 1]
    (row,) = rows(place.folder, Search(kind="login"))
    assert as_line(row).startswith(b'{"chain": "')
    assert (row["who"], row["details"]) == ("4711", {"outcome": "accepted"})


def test_a_log_of_many_segments_is_read_from_its_end(tmp_path: Path) -> None:
    place = Place(tmp_path / "audit", sizes=Sizes(4, segment_bytes=1_500))
    log = place.open()
    for _ in range(40):
        log.note(COLLECTED)
    log.close()
    assert len(place.segments()) > 3

    entries = [int(str(row["entry"])) for row in rows(place.folder, Search(most=7))]

    assert len(entries) == 7
    assert entries == sorted(entries, reverse=True)
