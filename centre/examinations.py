"""The examinations that kiosks ask the centre for: who waits, who decided what, why and when.

The matcher's process puts questions in and takes decisions out; examiners look and decide with
`greenline review`. What a question says is erased with its decision, or with its time; that it was
asked and how it ended stays. Every look and every decision is in the audit log before it counts.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

from greenline.centre.database import Database
from greenline.centre.examinations_again import opened_anew
from greenline.centre.examinations_errors import NotThereError, UnknownExaminerError
from greenline.centre.examinations_rows import Examiner, Listed, Outgoing, Question
from greenline.protocol.audit import Event, pseudonym
from greenline.protocol.audit_details import Detail, Kind
from greenline.protocol.examination import (
    Decision,
    Examination,
    SignedVerdict,
    Verdict,
    decode_examination,
    encode_verdict,
    lead_digest,
    sign_verdict,
)
from greenline.protocol.keys import Signer

MOST_OPEN = 64
"""So many questions of one kiosk may wait; it offers the rest again."""

_LEAST_DIGITS = 4
"""So much of a question's id must be typed: nobody decides one that was not meant."""

_CHANGED = "this examination was withdrawn or decided meanwhile: see 'greenline review list'"


class Audit(Protocol):
    """Where events are made durable before they take effect."""

    def note(self, *events: Event) -> None:
        """Make events durable, or raise: then they must not take effect."""


class Examinations:
    """The open file of examinations. Raises ExaminationsError: then nothing has changed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, question: Question, before: Callable[[], None]) -> bool:
        """Keep a question, once; False when its kiosk has too many.

        One that is answered already has its verdict leave again, or is opened anew; one that was
        withdrawn stays away, also where its withdrawal was faster. before: is called for a new one;
        if it raises, nothing is kept.
        """
        with self._database.write():
            gone = self._database.read(
                "SELECT 1 FROM withdrawn WHERE question = ? AND kiosk = ?",
                question.question, question.kiosk,
            )  # fmt: skip
            if gone:
                return True
            known = self._database.read(
                "SELECT kiosk FROM examination WHERE question = ?", question.question
            )
            if known and not opened_anew(self._database, question, before):
                self._database.change(
                    "UPDATE examination SET sent = 0 WHERE question = ? AND kiosk = ?",
                    question.question, question.kiosk,
                )  # fmt: skip
            if known:
                return True
            waiting = self._database.read(
                "SELECT count(*) FROM examination WHERE kiosk = ? AND state = 'open'",
                question.kiosk,
            )
            if waiting[0][0] >= MOST_OPEN:
                return False
            before()
            self._database.change(
                "INSERT INTO examination (question, kiosk, recipient, arrived_ms, expires_ms, body)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                question.question, question.kiosk, question.recipient, question.arrived_ms,
                question.expires_ms, question.body,
            )  # fmt: skip
        return True

    def listed(self, *, all_of_them: bool = False) -> list[Listed]:
        """Return what waits, the oldest first; all_of_them: also what was decided."""
        rows = self._database.read(
            "SELECT question, kiosk, arrived_ms, expires_ms, state, examiner, reason, decided_ms "
            "FROM examination ORDER BY arrived_ms"
        )
        listed = [Listed(bytes(row[0]), *tuple(row)[1:]) for row in rows]
        return [each for each in listed if all_of_them or each.state == "open"]

    def outgoing(self) -> list[Outgoing]:
        """Return the verdicts that the broker does not have yet."""
        rows = self._database.read(
            "SELECT question, kiosk, recipient, verdict FROM examination "
            "WHERE verdict IS NOT NULL AND sent = 0"
        )
        return [Outgoing(bytes(row[0]), row[1], bytes(row[2]), bytes(row[3])) for row in rows]

    def sent(self, question: bytes) -> None:
        """Note that the broker has a verdict; its kiosk asks again if it does not get it."""
        self._database.change("UPDATE examination SET sent = 1 WHERE question = ?", question)

    def expire(self, now_ms: int) -> int:
        """Erase what waited too long; return how many."""
        with self._database.write():
            late = self._database.read(
                "SELECT count(*) FROM examination WHERE state = 'open' AND expires_ms <= ?", now_ms
            )
            if late[0][0]:
                self._database.change(
                    "UPDATE examination SET state = 'expired', body = NULL "
                    "WHERE state = 'open' AND expires_ms <= ?",
                    now_ms,
                )
        return int(late[0][0])

    def withdraw(self, question: bytes, kiosk: str, before: Callable[[], None]) -> bool:
        """Erase what a kiosk's question and its verdict say; False: nothing was there (any more).

        That one was asked, and how it ended, stays; one that comes after this is not kept. before:
        is called when something is there; if it raises, nothing is erased.
        """
        with self._database.write():
            there = self._database.read(
                "SELECT 1 FROM examination WHERE question = ? AND kiosk = ? "
                "AND (body IS NOT NULL OR verdict IS NOT NULL)",
                question, kiosk,
            )  # fmt: skip
            if there:
                before()
                self._database.change(
                    "UPDATE examination SET body = NULL, verdict = NULL, reason = '', "
                    "state = CASE state WHEN 'open' THEN 'withdrawn' ELSE state END "
                    "WHERE question = ?",
                    question,
                )
            self._database.change("INSERT OR IGNORE INTO withdrawn VALUES (?, ?)", question, kiosk)
        return bool(there)

    def replace_examiners(self, examiners: Iterable[Examiner]) -> None:
        """Have these people decide from now on, and nobody else."""
        with self._database.write():
            self._database.change("DELETE FROM examiner")
            for each in examiners:
                self._database.change("INSERT INTO examiner VALUES (?, ?)", each.id, each.key)

    def statistics(self) -> dict[str, int]:
        """Return how many examinations ended in which way: the rejected were false hits."""
        rows = self._database.read("SELECT state, count(*) FROM examination GROUP BY state")
        return {row[0]: row[1] for row in rows}

    def examiner_of(self, key: bytes) -> str:
        """Return whose key this is. Raises UnknownExaminerError."""
        rows = self._database.read("SELECT id FROM examiner WHERE key = ?", key)
        if not rows:
            raise UnknownExaminerError(
                "this key is no examiner's (any more): a supervisor enters it with "
                "'greenline operators key', then publishes with --review"
            )
        return str(rows[0][0])

    def look(
        self, beginning: str, signer: Signer, justification: str, audit: Audit, now_ms: int
    ) -> tuple[Question, Examination]:
        """Return an open question, by how its id begins, once it is noted who looks and why."""
        examiner = self.examiner_of(signer.public.encoded)
        question, examination = self._open(beginning, now_ms)
        details: dict[str, Detail] = {
            "outcome": examination.result.outcome.value,
            "candidates": len(examination.result.candidates),
            "lists": tuple(each.name for each in examination.result.searched),
            "kiosk": question.kiosk,
        }
        case = pseudonym(examination.request_id)
        audit.note(Event(Kind.CONSULT, examiner, justification, case, details))
        self._database.change(
            "INSERT OR IGNORE INTO looked VALUES (?, ?)", question.question, examiner
        )
        return question, examination

    def decide(
        self, beginning: str, signer: Signer, decision: Decision, candidate: int, reason: str,
        audit: Audit, now_ms: int,
    ) -> Verdict:  # fmt: skip
        """Sign a verdict on an open question, and erase what the question said."""
        examiner = self.examiner_of(signer.public.encoded)
        question, examination = self._open(beginning, now_ms)
        looked = self._database.read(
            "SELECT 1 FROM looked WHERE question = ? AND examiner = ?", question.question, examiner
        )
        if not looked:
            raise NotThereError("look at the evidence first, with 'greenline review show'")
        if candidate >= len(examination.result.candidates):
            raise NotThereError("there is no such entry in this lead")
        if examiner in (examination.refused_from or ()):
            raise NotThereError("the kiosk did not let your verdict count: somebody else decides")
        if examination.asked_by == examiner:
            raise NotThereError("the second person must be another one than the one who asks")
        verdict = Verdict(
            examination.request_id, question.kiosk,
            lead_digest(examination.request_id, examination.result), decision, candidate,
            examiner, reason, now_ms,
        )  # fmt: skip
        signed: SignedVerdict = sign_verdict(verdict, signer)
        told: dict[str, Detail] = {
            "what": decision.value,
            "kiosk": question.kiosk,
            "reason": reason,
        }
        with self._database.write():
            if self._open(beginning, now_ms)[0] != question:
                raise NotThereError(_CHANGED)
            audit.note(
                Event(
                    Kind.VERIFY, examiner, examination.purpose, pseudonym(examination.request_id),
                    told,
                )
            )  # fmt: skip
            changed = self._database.change(
                "UPDATE examination SET state = ?, body = NULL, verdict = ?, examiner = ?, "
                "reason = ?, decided_ms = ? WHERE question = ? AND state = 'open'",
                decision.value, encode_verdict(signed), examiner, reason, now_ms,
                question.question,
            )  # fmt: skip
            if changed != 1:
                raise NotThereError(_CHANGED)
        return verdict

    def _open(self, beginning: str, now_ms: int) -> tuple[Question, Examination]:
        if len(beginning) < _LEAST_DIGITS:
            raise NotThereError(
                f"give at least {_LEAST_DIGITS} digits of the id: see 'greenline review list'"
            )
        rows = self._database.read(
            "SELECT question, kiosk, recipient, arrived_ms, expires_ms, body FROM examination "
            "WHERE state = 'open' AND expires_ms > ? AND substr(hex(question), 1, ?) = ?",
            now_ms, len(beginning), beginning.upper(),
        )  # fmt: skip
        if len(rows) != 1:
            many = "several examinations begin like that" if rows else "no such examination is open"
            raise NotThereError(f"{many}: see 'greenline review list'")
        question = Question(bytes(rows[0][0]), *tuple(rows[0])[1:])
        return question, decode_examination(question.body)
