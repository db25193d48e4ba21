"""The compiled comparison against the plain one: the same counts, the same pairs and scores."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenline.matcher.kernel import description, scan, similarity, sketch
from greenline.matcher.segment import Segment, joined, laid_out, size_bytes
from greenline.prints import cylinder
from greenline.prints import similarity as plain_similarity
from greenline.prints.comparison import compare, evidence, prepare, rank_score
from greenline.prints.features import NAMES, measure
from greenline.prints.prepared import MAX_MINUTIAE, Prepared
from greenline.prints.template import Template
from greenline.prints.weights import FREE, UPRIGHT

WIDTH, HEIGHT = 300, 400


def made_print(seed: int, count: int = 40) -> Template:
    rng = np.random.default_rng(seed)
    return Template(
        WIDTH, HEIGHT, 500.0,
        rng.uniform(50, WIDTH - 50, count).astype(np.float32),
        rng.uniform(50, HEIGHT - 50, count).astype(np.float32),
        rng.uniform(0, 2 * np.pi, count).astype(np.float32),
        rng.integers(0, 3, count).astype(np.uint8),
        rng.integers(0, 101, count).astype(np.uint8),
    )  # fmt: skip


def pressed_again(template: Template, seed: int) -> Template:
    rng = np.random.default_rng(seed)
    kept = template.pick(rng.random(len(template)) > 0.2)
    bend = 4 * np.sin(2 * np.pi * kept.y / 300 + rng.uniform(0, 6))
    return replace(
        kept,
        x=(kept.x + bend + rng.normal(0, 1, len(kept))).astype(np.float32),
        y=(kept.y + rng.normal(0, 1, len(kept))).astype(np.float32),
        direction=np.mod(kept.direction + rng.normal(0, 0.06, len(kept)), 2 * np.pi).astype(
            np.float32
        ),
    )


def odd_prints() -> list[Template]:
    """What no finger gives: nothing, little, all in one place, on one line, more than are kept."""
    whole = made_print(8)
    spot = replace(whole, x=np.full_like(whole.x, 99), y=np.full_like(whole.y, 99))
    line = replace(whole, y=np.full_like(whole.y, 99))
    twice = replace(whole, x=np.repeat(whole.x[::2], 2), y=np.repeat(whole.y[::2], 2))
    outside = replace(whole, x=whole.x * 10 - 900, y=whole.y * 10 - 900)
    same = replace(whole, direction=np.zeros_like(whole.direction))
    few = [made_print(8, count) for count in (0, 1, 2, 3, 255)]
    return [*few, spot, line, twice, outside, same]


def scored(probe: Prepared, gallery: Segment) -> np.ndarray:
    out = np.empty(len(gallery.order))
    wanted = np.arange(len(out))
    scan.odds(laid_out([probe]), 0, gallery, wanted, UPRIGHT.numbers, out)
    return UPRIGHT.tail("").score(out)


def assert_the_same(probe: Prepared, gallery: list[Prepared]) -> None:
    """Hold score, evidence, features, pairs and motion of all against the plain comparison."""
    segment, side = laid_out(gallery), laid_out([probe])
    wanted = np.arange(len(gallery))
    ranked = np.empty(len(gallery))
    scan.ranks(side, 0, segment, wanted, ranked)
    assert ranked == pytest.approx([rank_score(probe, other) for other in gallery], abs=1e-9)
    scores = [compare(probe, other).score for other in gallery]
    assert scored(probe, segment) == pytest.approx(scores, abs=1e-9)
    for at, other in enumerate(gallery):
        pairs, motion = np.empty((2, MAX_MINUTIAE), np.int64), np.empty(3)
        features = np.empty(len(NAMES))
        count = scan.compared(side, 0, segment, at, pairs, motion, features)
        found = compare(probe, other)
        rows = np.stack([probe.index[pairs[0, :count]], other.index[pairs[1, :count]]], axis=1)
        assert rows.tolist() == found.pairs.tolist()
        if count:
            assert motion[0] == pytest.approx(found.rotation, abs=1e-9)
            ordered = sorted((probe, other), key=lambda each: each.order)
            plain = evidence(*ordered)
            assert plain is not None
            assert features == pytest.approx(measure(plain), abs=1e-9)


def test_mates_and_strangers_compare_as_the_plain_comparison_says() -> None:
    gallery = [prepare(made_print(seed, 20 + 5 * seed)) for seed in range(12)]
    for seed in range(3):
        assert_the_same(prepare(pressed_again(made_print(seed, 20 + 5 * seed), seed)), gallery)


def test_few_minutiae_are_not_compared_by_what_the_entry_before_has_left() -> None:
    counts = (130, 3, 60, 2, 130, 5, 1, 40, 4)
    gallery = [prepare(made_print(seed, count)) for seed, count in enumerate(counts)]
    for seed, count in enumerate((3, 5, 40, 130)):
        assert_the_same(prepare(made_print(50 + seed, count)), gallery)


def test_prints_that_no_finger_gives_compare_as_the_plain_comparison_says() -> None:
    odd = [prepare(template) for template in odd_prints()]
    for probe in odd:
        assert_the_same(probe, odd)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 130), st.integers(0, 130), st.integers(6, 300))
def test_any_two_prints_compare_as_the_plain_comparison_says(
    seed: int, one: int, other: int, size: int
) -> None:
    rng = np.random.default_rng(seed)
    sides = []
    for count in (one, other):
        print_ = made_print(int(rng.integers(1000)), count)
        sides.append(
            replace(
                print_,  # whole numbers on a small field: equal places, equal similarities
                x=np.rint(print_.x % size),
                y=np.rint(print_.y % size),
                direction=(np.rint(print_.direction * 8) / 8).astype(np.float32),
            )
        )
    assert_the_same(prepare(sides[0]), [prepare(sides[1])])


def test_real_prints_compare_as_the_plain_comparison_says(shared_data) -> None:
    records = sorted((shared_data / "iso19794").glob("*.iso"))[:12]
    if not records:
        pytest.skip("the shared data hold no ISO records")
    from greenline.prints import fmr  # noqa: PLC0415 - only here

    prepared = [prepare(fmr.decode(path.read_bytes()).views[0].template) for path in records]
    for probe in prepared[:3]:
        assert_the_same(probe, prepared)


def test_counts_of_bits_are_those_of_the_plain_comparison_to_the_last() -> None:
    a, b = prepare(made_print(1)), prepare(pressed_again(made_print(1), 1))
    out = np.empty(len(a) * len(b), np.float32)
    one, other = laid_out([a]), laid_out([b])
    similarity.local_similarity(one.words, 0, len(a), other.words, 0, len(b), out)
    assert out.tolist() == plain_similarity.local_similarity(a.words, b.words).ravel().tolist()


def test_equal_similarities_keep_the_order_of_the_matrix() -> None:
    rng = np.random.default_rng(5)
    for count in (0, 1, 10, 23, 24, 25, 400):
        values = (rng.integers(0, 12, (count, 3)) / 12).astype(np.float32)
        first, second = np.empty(24, np.int64), np.empty(24, np.int64)
        value = np.empty(24)
        found = similarity.candidates(values.ravel(), 3, first, second, value)
        plain = plain_similarity.candidates(values)
        assert first[:found].tolist() == plain.first.tolist()
        assert second[:found].tolist() == plain.second.tolist()
        assert value[:found].tolist() == plain.similarity.tolist()


def test_descriptors_are_those_of_the_plain_code_bit_for_bit() -> None:
    for template in (*odd_prints(), *(made_print(seed, 10 + seed) for seed in range(30))):
        side = prepare(template)
        made = description.describe(side.points, side.direction, side.hull)
        assert made.tolist() == cylinder.describe(side.points, side.direction, side.hull).tolist()


def test_weights_for_free_placement_see_no_rotation() -> None:
    at = NAMES.index("rotation")
    features = np.ones((2, len(NAMES)))
    features[1, at] = 0
    assert scan.odds_of(features[0], FREE.numbers) == scan.odds_of(features[1], FREE.numbers)
    assert scan.odds_of(features[0], UPRIGHT.numbers) < scan.odds_of(features[1], UPRIGHT.numbers)


def test_a_segment_of_segments_holds_the_same_templates() -> None:
    sides = [prepare(made_print(seed, seed)) for seed in (0, 30, 3, 50)]
    whole = laid_out(sides)
    parts = joined([laid_out(sides[:1]), laid_out(sides[1:3]), laid_out([]), laid_out(sides[3:])])
    assert all((one == other).all() for one, other in zip(whole, parts, strict=True))
    assert size_bytes(whole) == size_bytes(parts) > 83 * 70
    assert scored(sides[1], parts).tolist() == scored(sides[1], whole).tolist()


def counted_votes(probe: Prepared, other: Prepared) -> float:
    """Count the votes as the docstring of kernel/sketch.py says it, without the kernel."""
    bits, _ = cylinder.unpacked(probe.words)
    theirs, _ = cylinder.unpacked(other.words)
    cells = bits.shape[1] * bits.shape[2]
    bits, theirs = bits.reshape(-1, cells), theirs.reshape(-1, cells)
    usable = np.flatnonzero((probe.words[6] > 0) & (bits.sum(axis=1) > 0))[: sketch.MINUTIAE]
    own = bits[usable].sum(axis=1)[:, None] + theirs.sum(axis=1)
    alike = 4096 * (bits[usable] @ theirs.T) > sketch.ALIKE * own
    direction = [each.direction.astype(np.float32) for each in (probe, other)]
    turn = direction[0][usable][:, None] - direction[1]
    turn = np.where(turn < 0, turn + np.float32(2 * np.pi), turn)
    bins = np.minimum(turn * np.float32(16 / (2 * np.pi)), 15).astype(int)
    votes = np.bincount(bins[alike], minlength=16)
    return float((votes + np.roll(votes, -1)).max() / np.sqrt(len(other) + 10))


@pytest.mark.parametrize("counts", [[40, 9, 0, 8, 17, 120], [3], [0], [1, 2, 3], [8], [7, 64]])
def test_votes_are_those_counted_without_the_kernel(counts: list[int]) -> None:
    probe = prepare(made_print(1, 40))
    gallery = [prepare(pressed_again(made_print(1, count), count)) for count in counts]
    segment, wanted = laid_out(gallery), np.arange(len(gallery))
    out = np.empty(len(gallery))
    bits = sketch.bits_of(segment.words)
    sketch.votes(laid_out([probe]), 0, segment, bits, wanted, out)
    assert out == pytest.approx([counted_votes(probe, each) for each in gallery], rel=1e-6)
    assert 40 not in counts or out.max() > 0
