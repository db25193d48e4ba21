"""What the kernel does eight or sixteen at a time, as vectors of LLVM.

numba's own loops fall back to one at a time at the end of every short row; these take full lanes,
the last ones overlapping those before. LLVM turns them into what the processor has: AVX-512, AVX2,
NEON. Callers see to it that every lane lies within the array.
"""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped] # it has no types
from numba.core import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from greenline.matcher.kernel import vectors as v
from greenline.matcher.kernel.vectors import LANES, WIDE

_SECTIONS = 6


@intrinsic
def _similar(
    _typing: Any, a: Any, _i: Any, b: Any, _j: Any, out: Any, _at: Any, _least: Any
) -> Any:  # fmt: skip
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind_a, _, kind_b, _, kind_out, _, _ = signature.args
        own, other = [], []
        for section in range(_SECTIONS + 1):
            row = v.I64(section)
            one = v.pointer(context, builder, kind_a, args[0], row, args[1])
            word = builder.load(builder.bitcast(one, ir.PointerType(v.I64)))
            own.append(v.splat(builder, word, LANES))
            place = v.pointer(context, builder, kind_b, args[2], row, args[3])
            other.append(v.loaded(builder, place, v.I64, LANES))
        mask_a, mask_b = own.pop(), other.pop()
        ones_a = v.counted(builder, [builder.and_(word, mask_b) for word in own])
        ones_b = v.counted(builder, [builder.and_(word, mask_a) for word in other])
        both = v.counted(builder, [builder.and_(x, y) for x, y in zip(own, other, strict=True)])
        ones = builder.add(ones_a, ones_b)
        different = builder.sub(ones, builder.add(both, both))
        scale = builder.fadd(
            v.root(builder, v.as_float(builder, ones_a)),
            v.root(builder, v.as_float(builder, ones_b)),
        )
        share = builder.fdiv(v.root(builder, v.as_float(builder, different)), scale)
        alike = builder.fsub(ir.Constant(share.type, [1.0] * LANES), share)
        common = v.bits_set(builder, builder.and_(mask_a, mask_b))
        enough = builder.and_(
            builder.icmp_signed(">=", common, v.splat(builder, args[6], LANES)),
            builder.icmp_signed(">", ones, ir.Constant(ones.type, [0] * LANES)),
        )
        found = builder.select(enough, alike, ir.Constant(alike.type, [0.0] * LANES))
        v.stored(builder, found, v.pointer(context, builder, kind_out, args[4], args[5]), 4)
        return context.get_dummy_value()

    return types.void(a, types.int64, b, types.int64, out, types.int64, types.int64), generate


@intrinsic
def _alike(
    _typing: Any, own: Any, limit: Any, _count: Any, words: Any, bits: Any, _at: Any, _least: Any,
    masks: Any,
) -> Any:  # fmt: skip
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind_own, kind_limit, _, kind_words, kind_bits, _, _, kind_masks = signature.args
        other = [
            v.loaded(
                builder,
                v.pointer(context, builder, kind_words, args[3], v.I64(section), args[5]),
                v.I64,
                LANES,
            )
            for section in range(_SECTIONS)
        ]
        place = v.pointer(context, builder, kind_bits, args[4], args[5])
        narrow = v.loaded(builder, place, ir.IntType(16), LANES)
        wide = builder.zext(narrow, ir.VectorType(v.I64, LANES))
        theirs = builder.mul(wide, v.splat(builder, args[6], LANES))
        with v.cgutils.for_range(builder, args[2]) as loop:
            shared = []
            for section in range(_SECTIONS):
                one = v.pointer(context, builder, kind_own, args[0], loop.index, v.I64(section))
                word = builder.load(builder.bitcast(one, ir.PointerType(v.I64)))
                shared.append(builder.and_(v.splat(builder, word, LANES), other[section]))
            both = v.counted(builder, shared)
            place = v.pointer(context, builder, kind_limit, args[1], loop.index)
            mine = builder.load(builder.bitcast(place, ir.PointerType(v.I64)))
            limits = builder.add(theirs, v.splat(builder, mine, LANES))
            scaled = builder.shl(both, ir.Constant(both.type, [12] * LANES))
            over = builder.bitcast(builder.icmp_signed(">", scaled, limits), v.I8)
            v.stored(builder, over, v.pointer(context, builder, kind_masks, args[7], loop.index), 1)
        return context.get_dummy_value()

    return (
        types.void(own, limit, types.int64, words, bits, types.int64, types.int64, masks),
        generate,
    )  # fmt: skip


@intrinsic
def _at_least(_typing: Any, values: Any, _at: Any, _cut: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = v.pointer(context, builder, signature.args[0], args[0], args[1])
        vector = v.loaded(builder, place, v.FLOAT, WIDE)
        reached = builder.fcmp_ordered(">=", vector, v.splat(builder, args[2], WIDE))
        return builder.zext(builder.bitcast(reached, ir.IntType(WIDE)), v.I64)

    return types.uint64(values, types.int64, types.float32), generate


@intrinsic
def _near(
    _typing: Any, a: Any, _n: Any, moved: Any, _m: Any, _square: Any, masks: Any, _across: Any
) -> Any:  # fmt: skip
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind_a, _, kind_moved, _, _, kind_masks, _ = signature.args
        limit = v.splat(builder, args[4], LANES)
        chunks = builder.udiv(builder.add(args[3], v.I64(LANES - 1)), v.I64(LANES))
        with v.cgutils.for_range(builder, args[1]) as point:
            goal = []
            for axis in range(2):
                place = v.pointer(context, builder, kind_a, args[0], v.I64(axis), point.index)
                value = builder.load(builder.bitcast(place, ir.PointerType(v.DOUBLE)))
                goal.append(v.splat(builder, value, LANES))
            row = builder.mul(point.index, args[6])
            with v.cgutils.for_range(builder, chunks) as chunk:
                squares = []
                start = builder.mul(chunk.index, v.I64(LANES))
                for axis in range(2):
                    place = v.pointer(context, builder, kind_moved, args[2], v.I64(axis), start)
                    off = builder.fsub(goal[axis], v.loaded(builder, place, v.DOUBLE, LANES))
                    squares.append(builder.fmul(off, off))
                inside = builder.fcmp_ordered("<", builder.fadd(*squares), limit)
                at = builder.add(row, chunk.index)
                place = v.pointer(context, builder, kind_masks, args[5], at)
                v.stored(builder, builder.bitcast(inside, v.I8), place, 1)
        return context.get_dummy_value()

    whole = types.int64
    return types.void(a, whole, moved, whole, types.float64, masks, whole), generate


@intrinsic
def _lowest(_typing: Any, _word: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), generate


similar = cast(
    "Callable[[NDArray[np.uint64], int, NDArray[np.uint64], int, NDArray[np.float32], int, int],"
    " None]",
    _similar,
)
"""Writes how alike descriptor i of a is to descriptors j to j + 7 of b into out, from at on.

a, b: (7, all). By the same float32 operations as in the reference. The last argument: the least
number of cells in common.
"""

alike = cast(
    "Callable[[NDArray[np.uint64], NDArray[np.int64], int, NDArray[np.uint64],"
    " NDArray[np.uint16], int, int, NDArray[np.uint8]], None]",
    _alike,
)
"""Writes for each of count descriptors which of eight others it is alike enough to, a bit each.

own: (count or more, 6). limit: ALIKE times the bits of each own. words: (7, all), of which those
from at on; bits: see sketch.bits_of; least: ALIKE. masks: uint8 (count,).
"""

at_least = cast("Callable[[NDArray[np.float32], int, np.float32], np.uint64]", _at_least)
"""Returns which of sixteen values from at on reach the cut, a bit each."""

near = cast(
    "Callable[[NDArray[np.float64], int, NDArray[np.float64], int, float, NDArray[np.uint8], int],"
    " None]",
    _near,
)
"""Writes for each of n points which of m others are nearer than the v.root of square, a bit each.

a: x and y first, (2 or more, n). moved: (2, m up to full lanes). masks: bytes, so many across for
each point, of which the first m / 8 are written.
"""

lowest = cast("Callable[[np.uint64], int]", _lowest)
"""Returns the place of the lowest bit set of a word that has one."""
