"""A kiosk on which nobody logs in: for demonstrations and trials, never in production."""

from collections.abc import Callable

from greenline.firmware.operators_login import Refused, Why
from greenline.firmware.operators_roles import WITHOUT_LOGIN, Action
from greenline.firmware.operators_session import LONGEST_IDLE_S
from greenline.firmware.operators_shown import SessionState
from greenline.firmware.operators_wording import NOBODY_LOGS_IN
from greenline.protocol.audit import NOT_LOGGED_IN

SHOWN = SessionState(may=tuple(sorted(WITHOUT_LOGIN)), words=NOBODY_LOGS_IN)
"""What such a kiosk's page says."""


class NoLogin:
    """Stands in on a kiosk on which nobody logs in."""

    required = False

    def login(self, operator: str, pin: str, new_pin: str = "") -> str | Refused:  # noqa: ARG002  # the interface of Sessions
        """Let nobody in: there is nothing to log in to."""
        return Refused(Why.NO_LIST)

    def logout(self, token: str) -> None:
        """Nobody is logged in."""

    def holds(self, token: str) -> bool:  # noqa: ARG002  # as above
        """Every browser on this machine may do what the kiosk can."""
        return True

    def touch(self, token: str) -> None:
        """Nothing is locked."""

    def pressed(self) -> None:
        """Nothing is locked."""

    def may(self, action: Action) -> bool:
        """Say whether anybody may do this."""
        return action in WITHOUT_LOGIN

    def reader(self) -> str:
        """Return who reads the screen, for the audit log."""
        return NOT_LOGGED_IN

    def unlock(self, operator: str) -> bool:  # noqa: ARG002  # as above
        """Nobody is locked out."""
        return False

    def when(self, *, begun: Callable[[str], None], ended: Callable[[], None]) -> None:
        """No session begins or ends."""

    def tend(self) -> float:
        """Nothing goes by time."""
        return LONGEST_IDLE_S
