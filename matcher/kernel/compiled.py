"""How the kernel is compiled, and where its machine code is kept.

numba keeps machine code by the one file that a function stands in, and does not notice when a
function that it calls has changed in another. So the folder is named after the content of all of
them, and of prints/, whose constants they hold: new code never runs old machine code.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numba.core import types
from numba.extending import intrinsic

import greenline.prints

F = TypeVar("F", bound=Callable[..., Any])

CACHE_VARIABLE = "GREENLINE_KERNEL_CACHE"
"""Names the folder for machine code; without it ~/.cache/greenline-kernel (XDG_CACHE_HOME)."""


def cache_folder() -> Path:
    """Return where the machine code of these very sources is kept."""
    base = os.environ.get(CACHE_VARIABLE)
    usual = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "greenline-kernel"
    content = hashlib.sha256(numba.__version__.encode())
    for folder in (Path(__file__).parent, Path(greenline.prints.__file__).parent):
        for source in sorted(folder.glob("*.py")):
            content.update(source.read_bytes())
    return (Path(base) if base else usual) / content.hexdigest()[:16]


# numba makes the names of its settings at import, where no type checker sees them.
numba.config.CACHE_DIR = str(cache_folder())  # type: ignore[attr-defined]


def compiled(function: F) -> F:
    """Compile at the first call. No fast mathematics: the result is the same on every run."""
    return cast("F", numba.njit(cache=True, nogil=True, error_model="numpy")(function))


@intrinsic
def _popcount(typing: Any, word: Any) -> Any:  # noqa: ARG001 - numba passes its typing context
    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.ctpop(args[0])

    return types.int64(types.uint64), generate


popcount: Callable[[np.uint64], int] = cast("Callable[[np.uint64], int]", _popcount)
"""Returns the number of bits set in a 64-bit word; a vector instruction where there is one."""
