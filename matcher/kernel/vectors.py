"""Vectors of LLVM: the few words in which lanes.py is written.

Each takes numba's builder and adds instructions to the function that is being compiled.
"""

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped] # it has no types
from numba.core import cgutils as untyped

cgutils: Any = untyped  # its functions have no types either

LANES = 8
"""Lanes of 64 bits."""
WIDE = 16
"""Lanes of 32 bits."""

I8, I32, I64 = ir.IntType(8), ir.IntType(32), ir.IntType(64)
FLOAT, DOUBLE = ir.FloatType(), ir.DoubleType()


def pointer(context: Any, builder: Any, kind: Any, array: Any, *index: Any) -> Any:
    """Return the address of an element of an array of any layout."""
    held = context.make_array(kind)(context, builder, array)
    strides = cgutils.unpack_tuple(builder, held.strides)
    offset = I64(0)
    for stride, at in zip(strides, index, strict=True):
        offset = builder.add(offset, builder.mul(stride, at))
    start = builder.bitcast(held.data, ir.PointerType(I8))
    return builder.gep(start, [offset])


def loaded(builder: Any, pointer: Any, element: Any, lanes: int) -> Any:
    """Return lanes that lie one after another in memory."""
    vector = ir.VectorType(element, lanes)
    size = element.width // 8 if isinstance(element, ir.IntType) else 4 + 4 * (element == DOUBLE)
    return builder.load(builder.bitcast(pointer, ir.PointerType(vector)), align=size)


def stored(builder: Any, value: Any, pointer: Any, align: int) -> None:
    """Store lanes one after another. align: bytes that the place is a multiple of."""
    builder.store(value, builder.bitcast(pointer, ir.PointerType(value.type)), align=align)


def splat(builder: Any, value: Any, lanes: int) -> Any:
    """Return lanes that all hold one value."""
    vector = ir.VectorType(value.type, lanes)
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), value, I32(0))
    zeros = ir.Constant(ir.VectorType(I32, lanes), [0] * lanes)
    return builder.shuffle_vector(one, ir.Constant(vector, ir.Undefined), zeros)


def called(builder: Any, name: str, value: Any) -> Any:
    """Call a function of LLVM that gives a value of the same kind."""
    kind = ir.FunctionType(value.type, [value.type])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [value])


def bits_set(builder: Any, word: Any) -> Any:
    """Return how many bits each lane has."""
    return called(builder, f"llvm.ctpop.v{LANES}i64", word)


def root(builder: Any, value: Any) -> Any:
    """Return the square root of each lane of float32."""
    return called(builder, f"llvm.sqrt.v{LANES}f32", value)


def counted(builder: Any, words: list[Any]) -> Any:
    """Return the bits of several vectors of words together."""
    total = bits_set(builder, words[0])
    for word in words[1:]:
        total = builder.add(total, bits_set(builder, word))
    return total


def as_float(builder: Any, count: Any) -> Any:
    """Return counts as float32."""
    narrow = builder.trunc(count, ir.VectorType(I32, LANES))
    return builder.sitofp(narrow, ir.VectorType(FLOAT, LANES))
