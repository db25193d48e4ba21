"""A few runs of each row over the store, and stores that are wrong on purpose, which are found."""

import functools
from collections.abc import Callable

import pytest

from bench.faults import damage, disk, power_cut, shimmed, slow_card, store_kill, wrong_clock
from bench.faults.row import Row, Runner
from bench.faults.shim import run_shimmed
from bench.faults.store_kill import kill_store
from bench.faults.subjects import PEERS
from bench.faults.wrong import GullibleClock, Hasty, Unflushed
from bench.faults.wrong_histories import wrong_histories

FewRuns = Callable[[str, Runner, int], Row]

OURS: dict[str, tuple[Runner, int]] = {
    **{name: (store_kill.ROWS[name], 4) for name in ("kill-store",)},
    **{
        name: (runner, 4)
        for name, runner in shimmed.ROWS.items()
        if not any(name.endswith(peer) for peer in PEERS)
    },
    "power-cut": (power_cut.ROWS["power-cut"], 3),
    **{name: (runner, 3) for name, runner in disk.ROWS.items()},
    **{name: (runner, 2) for name, runner in slow_card.ROWS.items()},
    "wrong-histories": (wrong_clock.ROWS["wrong-histories"], 1),
    **{name: (runner, 4) for name, runner in damage.ROWS.items()},
}


@pytest.mark.parametrize("name", OURS)
def test_a_row_is_as_promised(name: str, few_runs: FewRuns) -> None:
    runner, runs = OURS[name]

    row = few_runs(name, runner, runs)

    assert row.runs >= runs
    assert row.holds, row


def test_a_store_that_says_done_too_early_is_found_by_a_kill(few_runs: FewRuns) -> None:
    hasty = functools.partial(kill_store, name="kill-hasty", opening=Hasty, ours=True)

    row = few_runs("kill-hasty", hasty, 12)

    assert row.lost + row.duplicates > 0
    assert not row.holds


@pytest.mark.parametrize("row", ["crash-clean", "crash-torn"])
def test_a_store_that_answers_in_two_steps_is_found_by_a_kill_between_them(
    row: str, few_runs: FewRuns
) -> None:
    found = few_runs(row, functools.partial(run_shimmed, row=row, subject="two-steps"), 40)

    assert found.lost > 0
    assert found.most_lost == 1


@pytest.mark.parametrize("subject", ["unflushed", "loosely-flushed", "litequeue"])
def test_a_store_that_does_not_flush_is_found_when_the_power_forgets(
    subject: str, few_runs: FewRuns
) -> None:
    runner = functools.partial(run_shimmed, row="power-forgets", subject=subject)

    assert few_runs("power-forgets", runner, 12).lost > 0


def test_a_store_that_does_not_flush_is_found_by_a_power_cut(few_runs: FewRuns) -> None:
    runner = functools.partial(power_cut.power_cut, name="power-cut", opening=Unflushed, ours=True)

    assert few_runs("power-cut", runner, 4).lost > 0


def test_a_clock_that_believes_what_it_is_told_is_found(few_runs: FewRuns) -> None:
    runner = functools.partial(wrong_histories, clock_of=GullibleClock)

    row = few_runs("wrong-histories", runner, 1)

    assert row.lost > 0
    assert row.unnoticed > 0


def test_damage_that_nothing_tells_is_found(few_runs: FewRuns) -> None:
    class Mute:
        messages = 10

        def make(self, folder: object) -> None:
            (folder / "kept").write_bytes(bytes(range(256)))  # type: ignore[operator]

        def lost(self, _folder: object) -> int:
            return 2

    runner = functools.partial(
        damage.harm, name="flip", kept=Mute(), file="kept", how=damage.flip, allowed=1
    )

    row = few_runs("flip", runner, 3)

    assert (row.runs, row.unnoticed, row.most_lost, row.holds) == (3, 3, 2, False)
