"""Templates made ready with the compiled kernel, and by which version of all that they were.

Imported only where templates are prepared: the compiler behind it takes a second to load, and is
not installed everywhere.
"""

import functools
import hashlib
from collections.abc import Iterable, Iterator

import numpy as np

from greenline.matcher.kernel.description import describe
from greenline.matcher.segment import Segment, laid_out
from greenline.prints.prepared import prepare
from greenline.prints.template import Template

_FORMAT = b"greenline block 1"
_KNOWN_SIZES = (0, 1, 8, 30, 60, 150)


def segment_of(templates: Iterable[Template]) -> Segment:
    """Return templates of any resolution as a segment, in their order."""
    return laid_out(prepare(template, describe) for template in templates)


@functools.cache
def version() -> bytes:
    """Return what stands for all that decides what a block holds, 16 bytes.

    It is a hash of what becomes of templates that are always the same: another preparation,
    descriptor or layout gives other bytes, so that no one has to remember to count a version up.
    """
    digest = hashlib.sha256(_FORMAT)
    for name, column in segment_of(_known())._asdict().items():
        digest.update(name.encode() + column.dtype.str.encode() + column.tobytes())
    return digest.digest()[:16]


def _known() -> Iterator[Template]:
    for count in _KNOWN_SIZES:
        number = np.arange(count)
        yield Template(
            400,
            560,
            500.0,
            (20 + number * 167 % 360).astype(np.float32),
            (20 + number * 271 % 520).astype(np.float32),
            (number * 0.7 % 6).astype(np.float32),
            (number % 3).astype(np.uint8),
            (number * 37 % 101).astype(np.uint8),
        )
