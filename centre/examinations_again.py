"""A question that comes again because its verdict did not count at the kiosk: it is opened anew."""

from collections.abc import Callable

import msgspec

from greenline.centre.database import Database
from greenline.centre.examinations_rows import Question
from greenline.protocol.errors import MalformedError
from greenline.protocol.examination import decode_examination


def opened_anew(database: Database, question: Question, before: Callable[[], None]) -> bool:
    """Open a decided question for somebody else, within write(); False: it stays decided.

    Only where it names who decided as one whose verdict did not count: a question that merely comes
    again has its verdict sent again. before: is called first; if it raises, nothing is changed.
    """
    try:
        refused_from = decode_examination(question.body).refused_from
    except MalformedError:
        return False
    rows = database.read(
        "SELECT examiner FROM examination WHERE question = ? AND kiosk = ? "
        "AND state IN ('confirmed', 'rejected') AND verdict IS NOT NULL",
        question.question, question.kiosk,
    )  # fmt: skip
    if refused_from is msgspec.UNSET or not rows or rows[0][0] not in refused_from:
        return False
    before()
    database.change(
        "UPDATE examination SET recipient = ?, arrived_ms = ?, expires_ms = ?, body = ?, "
        "state = 'open', verdict = NULL, examiner = '', reason = '', decided_ms = 0, sent = 0 "
        "WHERE question = ?",
        question.recipient, question.arrived_ms, question.expires_ms, question.body,
        question.question,
    )  # fmt: skip
    return True
