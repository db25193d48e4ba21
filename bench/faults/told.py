"""Whether our own parts said that something is wrong: their log, from a warning on."""

import contextlib
import logging
from collections.abc import Iterator


class Told(logging.Handler):
    """Listens to the log."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.anything = False
        self.words: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Take note."""
        self.anything = True
        self.words.append(record.getMessage())


@contextlib.contextmanager
def listening() -> Iterator[Told]:
    """Listen to our parts' warnings, which then go nowhere else."""
    told = Told()
    ours = logging.getLogger("greenline")
    before = ours.propagate
    ours.addHandler(told)
    ours.propagate = False
    try:
        yield told
    finally:
        ours.removeHandler(told)
        ours.propagate = before
