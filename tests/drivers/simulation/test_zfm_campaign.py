"""A short fault campaign, and that a campaign can fail at all."""

from random import Random

import pytest

from greenline.drivers.simulation.faults import ChangedByte, OnPictures
from greenline.drivers.simulation.spoilers import BEYOND_THE_SUM, SPOILERS, Exchanged, Shape, Spoilt
from greenline.drivers.simulation.zfm_campaign import (
    Outcome,
    run_bad_line,
    run_campaign,
    run_case,
)

FINE = {Outcome.AT_ONCE, Outcome.REPEATED, Outcome.REFUSED}
SEEN = [kind for kind in SPOILERS if kind not in BEYOND_THE_SUM]


@pytest.mark.parametrize("kind", SEEN)
def test_no_fault_gives_a_wrong_picture_another_exception_or_a_hang(kind: str) -> None:
    for number in range(4):
        case = run_case(kind, SPOILERS[kind], f"short/{kind}/{number}")
        assert case.outcome in FINE, case
        assert case.next_try, case


def test_a_campaign_runs_every_kind_as_often_as_asked() -> None:
    told: list[str] = []
    tallies = run_campaign(1, seed=5, tell=lambda tally: told.append(tally.kind))
    assert told == [tally.kind for tally in tallies] == list(SPOILERS)
    assert {len(tally.cases) for tally in tallies} == {1}


def test_the_same_seed_gives_the_same_case() -> None:
    one, other = (run_case("lost bytes", SPOILERS["lost packet"], "same") for _ in range(2))
    assert one == other


def exchange(random: Random, shape: Shape, _: int) -> Spoilt:
    at = shape.start_of(random.randrange(shape.packets)) + 9
    return Spoilt([OnPictures(Exchanged(at, 1)), OnPictures(Exchanged(at + 2, 1))])


def test_a_wrong_picture_is_noticed() -> None:
    cases = [run_case("exchanged", exchange, f"wrong/{number}") for number in range(3)]
    assert {case.outcome for case in cases} == {Outcome.WRONG}
    assert all(2 <= case.wrong_pixels <= 8 for case in cases)


@pytest.mark.parametrize("share", [0.1, 0.6])
def test_a_line_that_stays_bad_gives_no_wrong_picture_once_it_has_shown_itself(
    share: float,
) -> None:
    ends = run_bad_line(share, 60, seed=1, reopening=False)
    assert ends.total() == 60
    assert set(ends) <= FINE
    assert ends[Outcome.REPEATED] > 20


def test_an_exception_that_is_not_ours_is_noticed() -> None:
    class Breaking(ChangedByte):
        def spoil(self, answer: object) -> list:
            raise ZeroDivisionError

    broken = Spoilt([Breaking(0, 1)])
    case = run_case("breaking", lambda *_: broken, "foreign")
    assert (case.outcome, case.error) == (Outcome.FOREIGN, "ZeroDivisionError")
