"""The examinations, as the matcher's process uses them: faults become those that it knows."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from greenline.centre.examinations import Examinations
from greenline.centre.examinations_errors import ExaminationsError
from greenline.centre.examinations_rows import Question
from greenline.centre.examinations_tables import open_examinations
from greenline.matcher.errors import DatabaseError
from greenline.matcher.examination_arrivals import Decided, ReviewDesk
from greenline.protocol.envelope import Header


class _Desk:
    """Questions go in, verdicts come out; the matcher's process looks now and then."""

    def __init__(self, examinations: Examinations) -> None:
        self._examinations = examinations

    def ask(
        self, header: Header, body: bytes, times_ms: tuple[int, int], before: Callable[[], None]
    ) -> bool:
        question = Question(header.request_id, header.kiosk, header.recipient, *times_ms, body)
        with _faults():
            return self._examinations.add(question, before)

    def decided(self, now_ms: int) -> Sequence[Decided]:
        with _faults():
            self._examinations.expire(now_ms)
            return [
                Decided(each.question, each.kiosk, each.recipient, each.body)
                for each in self._examinations.outgoing()
            ]

    def sent(self, question: bytes) -> None:
        with _faults():
            self._examinations.sent(question)

    def withdraw(self, question: bytes, kiosk: str, before: Callable[[], None]) -> bool:
        with _faults():
            return self._examinations.withdraw(question, kiosk, before)


@contextlib.contextmanager
def opened_desk(path: Path | None) -> Iterator[ReviewDesk | None]:
    """Open the file; None: nobody examines here. Raises ExaminationsError."""
    if path is None:
        yield None
        return
    with contextlib.closing(open_examinations(path)) as database:
        yield _Desk(Examinations(database))


@contextlib.contextmanager
def _faults() -> Iterator[None]:
    try:
        yield
    except ExaminationsError as fault:
        raise DatabaseError(str(fault)) from fault
