"""A block as bytes, and cut: the same columns come back, and another order of bytes does not."""

import numpy as np
import pytest

from greenline.matcher.blocks import Block, runs
from greenline.matcher.preparing import segment_of, version
from greenline.matcher.segment import Segment, count
from greenline.prints.template import Template
from tests.matcher.asking import finger

SIZES = (40, 0, 8, 130, 255, 21)


def templates() -> list[Template]:
    return [finger(seed, minutiae) for seed, minutiae in enumerate(SIZES)]


def block_of(fingers: list[Template]) -> Block:
    number = np.arange(len(fingers))
    return Block(
        segment_of(fingers),
        (number + 100).astype(np.int64),
        np.array([2**64 - 1 - one for one in range(len(fingers))], np.uint64),
        (number % 3).astype(np.int64),
        (number % 11).astype(np.uint8),
        (number + 1).astype(np.uint16),
    )


def same(one: Segment, other: Segment) -> bool:
    return all(
        a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a, b)
        for a, b in zip(one, other, strict=True)
    )


@pytest.mark.parametrize("fingers", [[], templates()[:1], templates()], ids=len)
def test_a_block_comes_back_from_its_bytes_as_it_was(fingers: list[Template]) -> None:
    block = block_of(fingers)

    back = Block.from_bytes(block.to_bytes())

    assert same(back.segment, block.segment)
    assert count(back.segment) == len(back) == len(fingers)
    for name in ("entry_ids", "person", "list_ids", "finger", "model"):
        np.testing.assert_array_equal(getattr(back, name), getattr(block, name))
        assert getattr(back, name).dtype == getattr(block, name).dtype


def test_columns_read_back_are_to_the_kernel_what_new_ones_are() -> None:
    block = block_of(templates())
    back = Block.from_bytes(block.to_bytes())

    for new, read in zip(block.segment, back.segment, strict=True):
        assert [new.flags[name] for name in ("C", "W", "A")] == [True, True, True]
        assert [read.flags[name] for name in ("C", "W", "A")] == [True, True, True]


def test_every_cut_of_the_bytes_is_noticed() -> None:
    data = block_of(templates()).to_bytes()

    for length in (*range(0, 400, 7), len(data) // 2, len(data) - 16):
        with pytest.raises((ValueError, TypeError, KeyError)):
            Block.from_bytes(data[:length])


@pytest.mark.parametrize("left", [(0,), (1, 3), (0, 2, 4, 5), (5,), ()])
def test_a_block_cut_is_the_block_of_those_that_are_left(left: tuple[int, ...]) -> None:
    fingers = templates()
    keep = np.isin(np.arange(len(fingers)), left)

    cut = block_of(fingers).kept(keep)

    assert same(cut.segment, segment_of([fingers[index] for index in left]))
    assert cut.entry_ids.tolist() == [100 + index for index in left]
    assert cut.model.tolist() == [1 + index for index in left]


def test_a_block_of_which_all_is_kept_is_itself() -> None:
    block = block_of(templates())
    assert block.kept(np.ones(len(block), np.bool_)) is block


def test_runs_are_no_longer_than_told_and_cross_no_boundary() -> None:
    ids = np.array([1, 2, 3, 4, 5, 20, 21, 40], np.int64)

    found = runs(ids, np.array([10, 21, 90], np.int64), 4)

    assert [run.tolist() for run in found] == [[1, 2, 3, 4], [5], [20], [21, 40]]
    assert runs(ids[:0], ids[:0], 4) == []


def test_the_version_is_always_the_same_here() -> None:
    assert len(version()) == 16
    assert version() == version.__wrapped__()
