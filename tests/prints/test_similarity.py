import math

import numpy as np

from greenline.prints.similarity import candidates, local_similarity

CELLS = (1 << 52) - 1


def descriptors(seed: int, count: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    mask = rng.integers(0, 1 << 52, count, dtype=np.uint64)
    mask |= rng.integers(0, 1 << 52, count, dtype=np.uint64)
    words = rng.integers(0, 1 << 52, (6, count), dtype=np.uint64) & mask
    return np.concatenate([words, mask[None]])


def plain_similarity(one: list[int], other: list[int]) -> float:
    """The definition, with population counts on Python's integers."""
    common = one[6] & other[6]
    ones_a = sum((word & common).bit_count() for word in one[:6])
    ones_b = sum((word & common).bit_count() for word in other[:6])
    different = sum(((x ^ y) & common).bit_count() for x, y in zip(one[:6], other[:6], strict=True))
    if common.bit_count() < 16 or ones_a + ones_b == 0:
        return 0.0
    return 1 - math.sqrt(different) / (math.sqrt(ones_a) + math.sqrt(ones_b))


def test_the_products_of_matrices_count_what_population_counts_count() -> None:
    first, second = descriptors(1, 9), descriptors(2, 7)
    found = local_similarity(first, second)
    expected = [[plain_similarity(a, b) for b in second.T.tolist()] for a in first.T.tolist()]
    assert found.dtype == np.float32
    assert np.allclose(found, expected, rtol=0, atol=3e-7)


def test_a_descriptor_is_wholly_like_itself() -> None:
    first = descriptors(3, 5)
    assert np.diag(local_similarity(first, first)).tolist() == [1.0] * 5


def test_descriptors_with_fewer_than_16_common_cells_are_not_alike() -> None:
    sixteen, fifteen = (1 << 16) - 1, (1 << 15) - 1
    whole = np.array([[CELLS]] * 7, np.uint64)
    assert local_similarity(whole, np.array([[sixteen]] * 7, np.uint64)).tolist() == [[1.0]]
    assert local_similarity(whole, np.array([[fifteen]] * 7, np.uint64)).tolist() == [[0.0]]


def test_descriptors_without_a_single_bit_are_not_alike() -> None:
    bare = np.array([[0]] * 6 + [[CELLS]], np.uint64)
    assert local_similarity(bare, bare).tolist() == [[0.0]]
    assert local_similarity(np.zeros((7, 1), np.uint64), bare).tolist() == [[0.0]]


def test_candidates_come_most_alike_first_and_none_below_the_limit() -> None:
    similarity = np.array([[0.1, 0.5, 0.2], [0.9, 0.19, 0.5]], np.float32)
    found = candidates(similarity)
    assert list(zip(found.first.tolist(), found.second.tolist(), strict=True)) == [
        (1, 0),
        (0, 1),
        (1, 2),
        (0, 2),
    ]
    assert found.similarity.tolist() == similarity[found.first, found.second].tolist()


def test_only_the_best_24_go_on() -> None:
    similarity = np.linspace(0.3, 0.9, 100, dtype=np.float32).reshape(10, 10)
    found = candidates(similarity)
    assert (found.first * 10 + found.second).tolist() == list(range(99, 75, -1))


def test_an_empty_side_has_no_candidates() -> None:
    assert len(candidates(local_similarity(descriptors(1, 3), descriptors(1, 0)))) == 0
    assert len(candidates(local_similarity(descriptors(1, 0), descriptors(1, 3)))) == 0
