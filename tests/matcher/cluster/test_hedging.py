"""Who is asked, when somebody else is asked as well, and what is missing at the deadline."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from greenline.matcher.cluster.hedging import Hedging, ReplicaError, Terms

Place = tuple[int, int]
FAILS = "fails"
DEADLINE_S = 5.0


@dataclass
class World:
    """Replicas that answer after so many seconds, fail after them, or never do anything."""

    answers_after_s: dict[Place, float] = field(default_factory=dict)
    fails_after_s: dict[Place, float] = field(default_factory=dict)
    usual_s: float = 0.01
    now_s: float = 100.0
    sent: list[tuple[float, Place]] = field(default_factory=list)
    cancelled: list[Place] = field(default_factory=list)
    _due: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return self.now_s

    def send(self, shard: int, replica: int) -> int:
        place = shard, replica
        self.sent.append((round(self.now_s - 100.0, 3), place))
        after = self.fails_after_s.get(place, self.answers_after_s.get(place, self.usual_s))
        self._due.append(self.now_s + after)
        return len(self.sent) - 1

    def wait(self, calls: Sequence[int], timeout_s: float) -> Sequence[int]:
        """Let time pass until one of them is done."""
        assert timeout_s >= 0
        soonest = min((self._due[call] for call in calls), default=math.inf)
        self.now_s = max(self.now_s, min(soonest, self.now_s + timeout_s))
        return [call for call in calls if self._due[call] <= self.now_s]

    def result(self, call: int) -> str:
        place = self.sent[call][1]
        if place in self.fails_after_s:
            raise ReplicaError(FAILS)
        return f"{place[0]} by {place[1]}"

    def cancel(self, call: int) -> None:
        self.cancelled.append(self.sent[call][1])


@pytest.fixture
def world() -> World:
    return World()


def hedging(
    world: World, told: list[tuple[int, int, str]] | None = None, **terms: float
) -> Hedging:
    heard = [] if told is None else told
    terms = {"deadline_s": DEADLINE_S, **terms}
    return Hedging(2, world.clock, Terms(**terms), lambda *words: heard.append(words))


def places(world: World) -> list[Place]:
    return [place for _, place in world.sent]


def test_each_shard_is_asked_once_and_the_replicas_take_turns(world: World) -> None:
    both = hedging(world)
    assert both.ask(2, world) == {0: "0 by 1", 1: "1 by 0"}
    assert both.ask(2, world) == {0: "0 by 0", 1: "1 by 1"}
    assert len(world.sent) == 4
    assert world.cancelled == []


def test_after_100_ms_another_replica_is_asked_as_well_and_the_first_answer_counts(
    world: World,
) -> None:
    world.answers_after_s[0, 1] = math.inf
    told: list[tuple[int, int, str]] = []

    assert hedging(world, told).ask(1, world) == {0: "0 by 0"}

    assert world.sent == [(0.0, (0, 1)), (0.1, (0, 0))]
    assert world.cancelled == [(0, 1)]
    assert told == [(0, 1, "late")]


def test_the_late_one_may_still_be_first_and_is_trusted_again(world: World) -> None:
    world.answers_after_s = {(0, 1): 0.15, (0, 0): 1.0}
    both = hedging(world)
    assert both.ask(1, world) == {0: "0 by 1"}
    world.answers_after_s[0, 0] = math.inf
    world.answers_after_s[0, 1] = 0.01
    world.sent.clear()
    world._due.clear()
    both.ask(1, world)
    both.ask(1, world)
    assert places(world)[-1] == (0, 1)


def test_patience_is_three_times_the_95th_percentile(world: World) -> None:
    world.usual_s = 0.5
    one = hedging(world, recent=100)
    assert one.patience_s() == 0.1
    for _ in range(20):
        one.ask(1, world)
    assert one.patience_s() == pytest.approx(1.5)
    world.usual_s = 0.05
    for _ in range(93):
        one.ask(1, world)
    assert one.patience_s() == pytest.approx(1.5)  # 7 of the last 100
    for _ in range(2):
        one.ask(1, world)
    assert one.patience_s() == pytest.approx(0.15)  # 5 of them


def test_who_fails_is_replaced_at_once(world: World) -> None:
    world.fails_after_s[0, 1] = 0.02
    told: list[tuple[int, int, str]] = []

    assert hedging(world, told).ask(1, world) == {0: "0 by 0"}

    assert world.sent == [(0.0, (0, 1)), (0.02, (0, 0))]
    assert told == [(0, 1, FAILS)]


def test_a_suspect_is_left_alone_for_three_seconds(world: World) -> None:
    world.answers_after_s[0, 1] = math.inf
    both = hedging(world)
    both.ask(1, world)
    world.sent.clear()
    world._due.clear()
    asked_again_after = None
    aside_since = world.now_s
    while asked_again_after is None:
        world.now_s += 0.1
        both.ask(1, world)
        if (0, 1) in places(world):
            asked_again_after = world.now_s - aside_since
    assert 2.9 < asked_again_after < 3.4


def test_both_set_aside_are_asked_all_the_same(world: World) -> None:
    world.fails_after_s = {(0, 0): 0.0, (0, 1): 0.0}
    both = hedging(world)
    assert both.ask(1, world) == {}
    world.fails_after_s.clear()
    assert both.ask(1, world) == {0: "0 by 0"}


def test_a_shard_that_fails_everywhere_is_tried_again_until_the_deadline(world: World) -> None:
    world.fails_after_s = {(1, 0): 0.0, (1, 1): 0.0}

    assert hedging(world).ask(2, world) == {0: "0 by 1"}

    assert world.now_s == pytest.approx(100.0 + DEADLINE_S)
    tries = places(world).count((1, 0)), places(world).count((1, 1))
    assert min(tries) >= 20
    assert abs(tries[0] - tries[1]) <= 1


def test_who_hangs_everywhere_is_missing_at_the_deadline_and_asked_once_each(world: World) -> None:
    world.answers_after_s = {(1, 0): math.inf, (1, 1): math.inf}

    assert hedging(world).ask(2, world) == {0: "0 by 1"}

    assert world.now_s == pytest.approx(100.0 + DEADLINE_S)
    assert sorted(places(world)) == [(0, 1), (1, 0), (1, 1)]
    assert sorted(world.cancelled) == [(1, 0), (1, 1)]


def test_one_that_comes_back_before_the_deadline_is_not_missing(world: World) -> None:
    world.fails_after_s = {(0, 0): 0.0, (0, 1): 0.0}

    class Mended(World):
        def send(self, shard: int, replica: int) -> int:
            if self.now_s > 102.0:
                self.fails_after_s = {}
            return super().send(shard, replica)

    mended = Mended(fails_after_s=world.fails_after_s)
    assert hedging(mended).ask(1, mended).keys() == {0}
    assert 102.0 < mended.now_s < 102.3


def test_an_answer_of_both_at_the_same_moment_counts_once(world: World) -> None:
    world.answers_after_s = {(0, 1): 0.2, (0, 0): 0.1}
    assert hedging(world).ask(1, world).keys() == {0}
