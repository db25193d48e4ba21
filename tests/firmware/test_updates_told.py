"""What became of updates is read on page and display, and stands in the audit log once."""

import os
import threading
from pathlib import Path

import pytest

from greenline.firmware.audit import AuditLog
from greenline.firmware.board import Board
from greenline.firmware.clock import Clock, Kept
from greenline.firmware.errors import AuditError
from greenline.firmware.status import display_state
from greenline.firmware.update_history import MOST_BYTES
from greenline.firmware.updates_noted import UpdatesNoted
from greenline.firmware.updates_told import UNDONE, UpdateParts, UpdatesTold
from greenline.ota.history import History
from greenline.ota.reasons import Reason
from greenline.ota.status import State, Status, write_status
from greenline.protocol.audit_details import Kind
from greenline.protocol.keys import SigningKey
from tests.firmware.audit_logs import Place

DAY_MS = 24 * 3600 * 1000
SENSOR = (
    "The update to release 3 was undone: the fingerprint sensor did not answer under the new "
    "release [trial-failed-sensor]"
)


class World:
    """A kiosk's board and log, and an update that tells."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.history = History(folder / "history.jsonl")
        self.place = Place(folder / "audit", SigningKey.generate())
        self.kept: Kept | None = None
        self.release = ""
        self.start()

    def start(self) -> None:
        """Start the kiosk."""
        self.audit: AuditLog = self.place.open()
        self.board = Board("kiosk-07", 20)
        self.clock = Clock(self.place.clocks, self.kept, self._keep, 0)
        parts = UpdateParts(
            self.folder / "history.jsonl", self.folder / "status.json", self.folder / "noted",
            self.release,
        )  # fmt: skip
        self.told = UpdatesTold(parts, self.board, self.audit, self.clock)

    def power_cut(self) -> None:
        """Lose whatever is not on the card, and start again."""
        self.clock.close()
        self.start()

    def _keep(self, kept: Kept) -> None:
        self.kept = kept

    def notices(self) -> list[str]:
        self.told.look()
        return list(self.board.state().notices)

    def noted(self) -> list[tuple[object, ...]]:
        """What stands in the log, in its order."""
        self.audit.close()
        names = ("what", "version", "reason")
        found = [event for event in self.place.events() if event.kind is Kind.RELEASE]
        return [tuple(event.details.get(name) for name in names) for event in found]

    def status(self, state: State, reason: Reason | None = None) -> None:
        write_status(self.folder / "status.json", Status(state=state, reason=reason))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def undo(world: World, release: str = "3") -> None:
    world.history.add("tried", "b", release)
    world.history.add("given-up", "b", release, Reason.TRIAL_FAILED_SENSOR, '{"sensor":"failed"}')


class TestPage:
    """What the officer reads."""

    def test_without_an_update_nothing_is_told(self, world: World) -> None:
        assert world.notices() == []

    def test_an_update_that_was_undone_is_told_with_its_reason(self, world: World) -> None:
        undo(world)

        assert world.notices() == [SENSOR]

    def test_the_display_has_the_code(self, world: World) -> None:
        undo(world)
        world.notices()

        shown = display_state(world.board.state(), 0, screen=True, clock_trusted=True)

        assert shown.notice == "trial-failed-sensor"

    def test_until_the_next_good_one(self, world: World) -> None:
        undo(world)
        world.history.add("installed", "b", "4")
        world.history.add("tried", "b", "4")
        assert world.notices() == [SENSOR, "Release 4 is being tried"]

        world.history.add("confirmed", "b", "4")
        assert world.notices() == []

    def test_or_for_seven_days_in_which_the_kiosk_runs(self, world: World) -> None:
        undo(world)
        world.notices()
        world.place.clocks.pass_ms(7 * DAY_MS - 1)
        world.power_cut()
        assert world.notices() == [SENSOR]

        world.place.clocks.pass_ms(1)
        assert world.notices() == []

    def test_a_second_one_begins_its_own_days(self, world: World) -> None:
        undo(world)
        world.notices()
        world.place.clocks.pass_ms(6 * DAY_MS)
        undo(world, "4")
        world.notices()
        world.place.clocks.pass_ms(6 * DAY_MS)

        assert world.notices() == [SENSOR.replace("release 3", "release 4")]

    def test_a_trial_is_told_under_the_release_that_is_tried_alone(self, world: World) -> None:
        world.history.add("tried", "b", "2")
        world.history.add("tried-again", "b", "2")
        assert world.notices() == ["Release 2 is being tried again"]
        world.audit.close()
        world.release = "1"
        world.start()
        assert world.notices() == []

    @pytest.mark.parametrize("what", sorted(UNDONE))
    def test_each_way_back_is_told(self, world: World, what: str) -> None:
        world.history.add("confirmed", "b", "2")
        world.history.add(what, "b", "2", Reason.CONFIRMED_SLOT_FAILED)

        (notice,) = world.notices()

        assert notice.endswith("the installed release stopped coming up [confirmed-slot-failed]")
        assert "release 2" in notice.lower()

    def test_a_reason_that_is_not_known_is_told_by_its_code(self, world: World) -> None:
        (world.folder / "history.jsonl").write_text(
            '{"at_s":1,"what":"given-up","slot":"b","release":"9","reason":"from-the-future"}\n'
        )

        assert world.notices() == ["The update to release 9 was undone: from-the-future"]
        shown = display_state(world.board.state(), 0, screen=True, clock_trusted=True)
        assert shown.notice == "from-the-future"

    def test_a_refused_update_is_told_and_one_that_was_given_up_not_twice(
        self, world: World
    ) -> None:
        world.status(State.REFUSED, Reason.BAD_SIGNATURE)
        words = "An update was refused: it is not signed by enough release officers [bad-signature]"
        assert world.notices() == [words]
        world.status(State.CARD_FAILED)
        assert world.notices() == ["The memory card does not take an update: call a technician"]

        undo(world)
        world.status(State.REFUSED, Reason.GIVEN_UP_BEFORE)
        assert world.notices() == [SENSOR]

    def test_the_display_shows_one_notice_after_the_other(self, world: World) -> None:
        undo(world)
        world.history.add("tried", "b", "4")
        world.notices()
        state = world.board.state()

        shown = [
            display_state(state, at_ms, screen=True, clock_trusted=True).notice
            for at_ms in (0, 3_999, 4_000, 8_000)
        ]

        assert shown == ["trial-failed-sensor", "trial-failed-sensor", "trying 4",
                         "trial-failed-sensor"]  # fmt: skip


class TestLog:
    """What the auditor reads, and the centre."""

    def test_each_entry_is_noted_once(self, world: World) -> None:
        world.history.add("installed", "b", "3")
        world.notices()
        undo(world)
        for _ in range(3):
            world.notices()
        world.power_cut()
        world.notices()

        expected = [
            ("installed", "3", None),
            ("tried", "3", None),
            ("given-up", "3", "trial-failed-sensor"),
        ]
        assert world.noted() == expected

    @pytest.mark.parametrize("kept", [True, False])
    def test_a_power_cut_between_log_and_position_tells_nothing_twice(
        self, world: World, kept: bool
    ) -> None:
        """The position is what it was before, or, on a card that lost it, gone."""
        world.history.add("installed", "b", "3")
        world.notices()
        before = (world.folder / "noted").read_bytes()
        undo(world)
        world.notices()
        (world.folder / "noted").unlink()
        if kept:
            (world.folder / "noted").write_bytes(before)

        world.power_cut()
        world.notices()

        assert [what for what, *_ in world.noted()] == ["installed", "tried", "given-up"]

    def test_entries_that_are_alike_are_each_noted(self, world: World) -> None:
        """Without a clock of its own a Pi may begin each start with the same time."""
        line = '{"at_s":5,"what":"tried-again","slot":"b","release":"3"}\n'
        (world.folder / "history.jsonl").write_text(line * 3)
        world.notices()
        world.power_cut()
        world.notices()

        assert len(world.noted()) == 3

    def test_what_cannot_be_noted_now_is_noted_later_and_told_at_once(self, world: World) -> None:
        undo(world)
        folder = world.folder / "audit"
        world.audit.close()
        folder.rename(world.folder / "aside")
        folder.write_text("a file where the folder should be")
        with pytest.raises(AuditError):
            world.audit.note()
        assert world.notices() == [SENSOR]

        folder.unlink()
        (world.folder / "aside").rename(folder)
        world.notices()

        assert [what for what, *_ in world.noted()] == ["tried", "given-up"]

    def test_a_position_that_cannot_be_kept_is_no_reason_to_stop(self, world: World) -> None:
        (world.folder / "noted.new").mkdir()
        undo(world)
        assert world.notices() == [SENSOR]
        world.power_cut()
        world.notices()

        assert [what for what, *_ in world.noted()] == ["tried", "given-up"]

    def test_of_a_wiped_history_the_new_one_is_noted(self, world: World) -> None:
        undo(world)
        undo(world, "4")
        world.notices()
        (world.folder / "history.jsonl").unlink()
        world.history.add("installed", "b", "5")
        world.notices()

        assert [what for what, *_ in world.noted()][-1] == "installed"
        assert len(world.noted()) == 5

    def test_a_flood_is_noted_from_its_end_alone(self, world: World) -> None:
        line = '{"at_s":5,"what":"tried","slot":"b","release":"3","detail":"%s"}\n' % ("x" * 7000)
        (world.folder / "history.jsonl").write_text(line * 100)
        world.notices()

        assert 0 < len(world.noted()) <= MOST_BYTES // 7000

    def test_many_are_noted_one_part_after_the_other(self, world: World) -> None:
        line = '{"at_s":5,"what":"tried","slot":"b","release":"%d"}\n'
        (world.folder / "history.jsonl").write_text("".join(line % at for at in range(100)))
        for _ in range(8):
            world.notices()

        assert [release for _, release, _ in world.noted()] == [str(at) for at in range(100)]

    def test_junk_is_passed_over_once(self, world: World) -> None:
        (world.folder / "history.jsonl").write_bytes(b"\n" * 100_000)
        world.notices()
        kept = (world.folder / "noted").stat().st_mtime_ns
        undo(world)
        world.notices()

        assert [what for what, *_ in world.noted()] == ["tried", "given-up"]
        assert (world.folder / "noted").stat().st_mtime_ns > kept

    def test_strange_texts_become_plain_ones(self, world: World) -> None:
        (world.folder / "history.jsonl").write_text(
            '{"at_s":1,"what":"","slot":"b\\n","release":"\\u00e9%s","reason":"\\u0000"}\n'
            % ("y" * 99)
        )
        world.notices()

        assert world.noted() == [("-", "?" + "y" * 63, "?")]

    def test_a_damaged_position_is_begun_anew(self, world: World) -> None:
        undo(world)
        world.notices()
        for data in (b"", b"{", b'{"told_end":-1}', b"\xff"):
            (world.folder / "noted").write_bytes(data)
            noted = UpdatesNoted(world.folder / "noted", world.audit, world.folder / "audit")
            assert noted.position.end == 0


def test_a_history_that_is_no_file_holds_nothing_up_and_is_logged_once(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    os.mkfifo(world.folder / "history.jsonl")
    for _ in range(3):
        assert world.notices() == []

    assert [each.message for each in caplog.records].count("updates not told") == 1


@pytest.mark.parametrize("reason", [Reason.BUSY, Reason.LOCKED, Reason.NOT_OUR_TURN])
def test_what_passes_by_itself_is_told_to_nobody(world: World, reason: Reason) -> None:
    world.status(State.REFUSED, reason)

    assert world.notices() == []


def test_a_kiosk_whose_log_cannot_be_read_starts_and_tells(tmp_path: Path) -> None:
    (tmp_path / "audit").write_text("a file where the folder should be")
    world = World(tmp_path)
    undo(world)

    assert world.notices() == [SENSOR]


def test_a_history_that_can_be_read_again_is_told(world: World) -> None:
    undo(world)
    path, aside = world.folder / "history.jsonl", world.folder / "aside.jsonl"
    path.rename(aside)
    path.symlink_to(aside)
    assert world.notices() == []
    path.unlink()
    aside.rename(path)

    assert world.notices() == [SENSOR]


def test_it_looks_when_it_is_started_and_ends_when_it_is_told_to(world: World) -> None:
    undo(world)
    changed = threading.Event()
    world.board.listen(changed.set)

    world.told.start()
    seen = changed.wait(timeout=10)
    world.told.stop()

    assert (seen, list(world.board.state().notices)) == (True, [SENSOR])
    assert "updates" not in [thread.name for thread in threading.enumerate()]
