"""Changes to what an input means: values of a tree of dicts and lists, not bytes."""

import random
from typing import Any

_NESTED: Any = []
for _ in range(60):
    _NESTED = [_NESTED]

STRANGE: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 255, 65536, 2**31, 2**62, 2**63 - 1, 2**64 - 1, -(2**63),
    0.0, -0.0, 0.5, 1.0, -1.0, 1e-320, 1e308, float("nan"), float("inf"), float("-inf"),
    "", " ", "\0", "x", "x" * 65, "x" * 5000, "é", "😀", "a/b", "../..", "none", "\n", "\x7f",
    b"", b"\0", b"\0" * 16, b"\0" * 32, b"\xff" * 64, b"\0" * 3000,
    [], {}, [[]], {"": ""}, [{}] * 30, ["x"] * 300, _NESTED,
)  # fmt: skip


def changed(tree: Any, rng: random.Random) -> Any:
    """Return the tree with one value or key changed; the tree itself stays."""
    if isinstance(tree, dict) and tree and rng.random() < 0.9:
        return _dict(tree, rng)
    if isinstance(tree, list) and tree and rng.random() < 0.9:
        return _list(tree, rng)
    if isinstance(tree, bool) or not isinstance(tree, int | float | str | bytes):
        return rng.choice(STRANGE)
    return _near(tree, rng) if rng.random() < 0.4 else rng.choice(STRANGE)


def _dict(tree: dict[Any, Any], rng: random.Random) -> dict[Any, Any]:
    key = rng.choice(list(tree))
    what = rng.random()
    if what < 0.75:
        return {**tree, key: changed(tree[key], rng)}
    if what < 0.83:
        return {other: value for other, value in tree.items() if other != key}
    if what < 0.9:
        return {**tree, key: tree[rng.choice(list(tree))]}
    return {**tree, rng.choice(("", "x", "version", "type", f"{key}_")): tree[key]}


def _list(tree: list[Any], rng: random.Random) -> list[Any]:
    at = rng.randrange(len(tree))
    what = rng.random()
    if what < 0.7:
        return [*tree[:at], changed(tree[at], rng), *tree[at + 1 :]]
    if what < 0.8:
        return tree[:at] + tree[at + 1 :]
    if what < 0.9:
        return tree[: at + 1] * 2 + tree[at + 1 :]
    return tree * rng.choice((2, 9, 40))


def _near(value: float | str | bytes, rng: random.Random) -> Any:
    if isinstance(value, int):
        return value + rng.choice((-1, 1, 256, -256, 2**32))
    if isinstance(value, float):
        return value * rng.choice((-1.0, 1e9, 1e-9))
    at = rng.randrange(len(value) + 1)
    if isinstance(value, str):
        return value[:at] + rng.choice(("", "\0", "é", "Z", "-", value)) + value[at + 1 :]
    return value[:at] + rng.choice((b"", b"\0", b"\xff", value)) + value[at + 1 :]
