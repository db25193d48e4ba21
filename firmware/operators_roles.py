"""What each role may do at a kiosk, in one table. Whatever a person can set off asks it."""

from enum import StrEnum

from greenline.protocol.operators import Role


class Action(StrEnum):
    """What is guarded."""

    CHECK = "check"
    STOP = "stop"
    SEE_RESULTS = "see results"
    VERIFY = "verify"
    LOOK = "look"
    OVERRIDE = "override"
    PURGE = "purge"
    SEE_STATE = "see state"
    UNLOCK = "unlock"
    READ_AUDIT = "read audit"
    TEST_DEVICES = "test devices"


MAY: dict[Role, frozenset[Action]] = {
    Role.OFFICER: frozenset({
        Action.CHECK, Action.STOP, Action.SEE_RESULTS, Action.VERIFY, Action.LOOK, Action.PURGE,
    }),
    Role.SUPERVISOR: frozenset({
        Action.CHECK, Action.STOP, Action.SEE_RESULTS, Action.LOOK, Action.OVERRIDE, Action.UNLOCK,
        Action.PURGE, Action.SEE_STATE, Action.VERIFY,
    }),
    Role.AUDITOR: frozenset({Action.READ_AUDIT}),
    Role.TECHNICIAN: frozenset({Action.LOOK, Action.TEST_DEVICES}),
    Role.EXAMINER: frozenset({Action.SEE_RESULTS, Action.VERIFY}),
}  # fmt: skip
"""A technician sees no result and checks nobody; an auditor reads what others did, nothing else."""

WITHOUT_LOGIN = frozenset(
    {Action.PURGE, Action.CHECK, Action.STOP, Action.SEE_RESULTS, Action.VERIFY, Action.LOOK}
)
"""What anybody may do at a kiosk on which nobody logs in: for demonstrations and trials."""
