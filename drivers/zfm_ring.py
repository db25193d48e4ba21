"""The ring of light around an R503: it shows what it was told last, once the line is free."""

import logging
from collections.abc import Callable

from greenline.drivers.aura import Aura, in_three_colours
from greenline.drivers.errors import DriverError, PortLostError, PortTimeoutError
from greenline.drivers.zfm_commands import Command, Confirmation
from greenline.drivers.zfm_link import Answer, Link

log = logging.getLogger(__name__)


class Ring:
    """The light of one module. ask: gives a command with its parameters. there: it has one."""

    def __init__(self, link: Link, ask: Callable[[Command, bytes], Answer], *, there: bool) -> None:
        self._link = link
        self._ask = ask
        self._there = there
        self._due: Aura | None = None

    def show(self, aura: Aura) -> bool:
        """Show this until told otherwise; False: the module cannot. Raises DriverError.

        While a stopped picture is still arriving it waits for catch_up().
        """
        self._due = None
        if not self._there:
            return False
        if not self._link.take_rest(self._link.clock()):
            self._due = aura
            return True
        try:
            wishes = dict.fromkeys((aura.encode(), in_three_colours(aura).encode()))
            answers = (self._ask(Command.AURA_LED_CONFIG, wish) for wish in wishes)
            return any(answer.code == Confirmation.OK for answer in answers)
        except PortTimeoutError:
            return False

    def catch_up(self, wait_s: float = 0.0) -> None:
        """Show what the line was not free for, if it is within this time. Raises PortLostError."""
        if self._due is None or not self._link.take_rest(self._link.clock() + wait_s):
            return
        try:
            self.show(self._due)
        except PortLostError:
            raise
        except DriverError as fault:  # the caller asked for no light and must not fail for it
            log.warning("ring of light failed: %s", fault)
