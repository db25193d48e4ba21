"""What each role may do at a kiosk, in one table. Whatever a person can set off asks it."""

from enum import StrEnum

from greenline.protocol.operators import Role


class Action(StrEnum):
    """What is guarded."""

    CHECK = "check"
    STOP = "stop"
    SEE_RESULTS = "see results"
    LOOK = "look"
    OVERRIDE = "override"
    UNLOCK = "unlock"
    READ_AUDIT = "read audit"
    TEST_DEVICES = "test devices"


MAY: dict[Role, frozenset[Action]] = {
    Role.OFFICER: frozenset({Action.CHECK, Action.STOP, Action.SEE_RESULTS, Action.LOOK}),
    Role.SUPERVISOR: frozenset({
        Action.CHECK, Action.STOP, Action.SEE_RESULTS, Action.LOOK, Action.OVERRIDE, Action.UNLOCK,
    }),
    Role.AUDITOR: frozenset({Action.READ_AUDIT}),
    Role.TECHNICIAN: frozenset({Action.LOOK, Action.TEST_DEVICES}),
}  # fmt: skip
"""A technician sees no result and checks nobody; an auditor reads what others did, nothing else."""

WITHOUT_LOGIN = frozenset({Action.CHECK, Action.STOP, Action.SEE_RESULTS, Action.LOOK})
"""What anybody may do at a kiosk on which nobody logs in: for demonstrations and trials."""
