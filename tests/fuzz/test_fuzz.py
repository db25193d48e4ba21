"""Every decoder that reads outside bytes, some hundred inputs each; bench/fuzz runs a million."""

import mmap
import os
import tracemalloc
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.fuzz.campaign import Campaign, Tally
from bench.fuzz.mutation import Mutator
from bench.fuzz.target import BrokenError, Prepared, Target, comes_back, reads_back
from bench.fuzz.targets import TARGETS

INPUTS = int(os.environ.get("GREENLINE_FUZZ_INPUTS", "500"))


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_but_the_error_tree_comes_out(name: str, tmp_path: Path) -> None:
    tally = Campaign(TARGETS[name], 1, tmp_path / "failures").run(INPUTS)

    assert tally.failures == Counter()
    assert tally.inputs > INPUTS
    assert tally.accepted > 0


# The oracle must be able to fail: decoders that do each of the things that it looks for.


class RefusedError(Exception):
    """The only error of the decoders below."""


def tried(
    folder: Path,
    decode: Callable[[bytes], Any],
    holds: Callable[[bytes, Any], None] | None = None,
    **limits: Any,
) -> Tally:
    prepared = Prepared(decode, (b"valid",), holds)
    target = Target("trial", lambda: prepared, (RefusedError,), **limits)
    return Campaign(target, 1, folder).run(300)


def picky(data: bytes) -> bytes:
    if b"v" not in data:
        raise RefusedError
    return data


def test_a_refusal_is_none(tmp_path: Path) -> None:
    tally = tried(tmp_path / "none", picky)

    assert (tally.failures, tally.files) == (Counter(), {})
    assert tally.accepted + tally.refused["RefusedError"] == tally.inputs == 301
    assert not (tmp_path / "none").exists()


def test_a_foreign_exception_is_found_and_its_input_kept(tmp_path: Path) -> None:
    def careless(data: bytes) -> int:
        return picky(data)[4]

    tally = tried(tmp_path, careless)
    (failure,) = tally.failures

    assert failure.startswith("IndexError at test_fuzz.py:")
    kept = tally.files[failure].read_bytes()
    with pytest.raises(IndexError):
        careless(kept)


def test_a_failing_input_fails_again(tmp_path: Path) -> None:
    def careless(data: bytes) -> int:
        return data[4]

    target = Target("trial", lambda: Prepared(careless, (b"valid",)), ())

    assert Campaign(target, 1, tmp_path).replay(b"").failures.total() == 1
    assert Campaign(target, 1, tmp_path).replay(b"valid").failures.total() == 0


def test_a_valid_input_that_is_refused_is_found(tmp_path: Path) -> None:
    def stubborn(_data: bytes) -> None:
        raise RefusedError

    assert tried(tmp_path, stubborn).failures == Counter({"valid input 0 is refused": 1})


def test_a_memory_error_does_not_hide_behind_a_refusal(tmp_path: Path) -> None:
    def greedy(data: bytes) -> bytes:
        try:
            return picky(data) + bytes(1 << 62 if len(data) > 8 else 0)
        except (MemoryError, OverflowError) as fault:
            raise RefusedError from fault

    assert "MemoryError behind a refusal" in tried(tmp_path, greedy).failures


def test_memory_that_python_does_not_know_of_is_found(tmp_path: Path) -> None:
    def greedy(data: bytes) -> bytes:
        if len(data) > 5:
            with mmap.mmap(-1, 60 << 20) as taken:
                for at in range(0, len(taken), mmap.PAGESIZE):
                    taken[at] = 1
        return data

    assert "more than 10 MB" in tried(tmp_path, greedy, most_mb=10.0).failures


def test_what_grows_beside_an_input_is_not_the_inputs(tmp_path: Path) -> None:
    kept: list[mmap.mmap] = []

    def once(data: bytes) -> bytes:
        if len(data) > 5 and not kept:
            kept.append(mmap.mmap(-1, 60 << 20))
            for at in range(0, 60 << 20, mmap.PAGESIZE):
                kept[0][at] = 1
        return data

    assert tried(tmp_path, once, most_mb=10.0).failures == Counter()
    kept[0].close()


def test_much_memory_is_found(tmp_path: Path) -> None:
    def generous(data: bytes) -> bytes:
        return bytes(20_000_000) if len(data) > 8 else data

    # A replayed input is always measured; in a run the process's peak serves, which here is high.
    target = Target("trial", lambda: Prepared(generous, (b"valid",)), (), most_mb=10.0)
    campaign = Campaign(target, 1, tmp_path)
    assert not campaign.replay(b"short").failures
    assert "more than 10 MB" in campaign.replay(b"a long input").failures
    assert not tracemalloc.is_tracing()


def test_much_time_is_found(tmp_path: Path) -> None:
    def slow(data: bytes) -> int:
        return sum(range(200_000 if len(data) == 4 else 1))

    assert "slower than 1 ms" in tried(tmp_path, slow, most_ms=1.0).failures


def test_what_never_ends_is_found(tmp_path: Path) -> None:
    def endless(data: bytes) -> None:
        while len(data) == 4:
            pass

    prepared = Prepared(endless, (b"valid",))
    campaign = Campaign(Target("trial", lambda: prepared, ()), 1, tmp_path, hung_s=0.2)

    assert "does not end within 0.2 s" in campaign.run(100).failures


@pytest.mark.parametrize(
    "holds", [comes_back(lambda found: found[:5]), reads_back(lambda found: found, bytes.swapcase)]
)
def test_a_broken_promise_is_found(tmp_path: Path, holds: Callable[[bytes, Any], None]) -> None:
    failures = tried(tmp_path, picky, holds).failures

    assert failures
    assert all(each.startswith("accepted, but written") for each in failures)


def test_a_promise_that_fails_in_another_way_is_found(tmp_path: Path) -> None:
    def holds(data: bytes, _found: Any) -> None:
        raise BrokenError("never right") if len(data) == 5 else RefusedError

    failures = tried(tmp_path, picky, holds).failures

    assert "accepted, but never right" in failures
    assert any(each.startswith("accepted, but then RefusedError") for each in failures)


def test_equal_seeds_give_equal_inputs_and_others_others() -> None:
    def first(seed: str) -> list[bytes]:
        mutator = Mutator(Prepared(picky, (b"valid input",)), 64, seed)
        return [mutator.next() for _ in range(200)]

    assert first("1") == first("1")
    assert first("1") != first("2")
    assert max(map(len, first("1"))) <= 64
