"""A checkpoint on which people log in: a real list, real logins, a clock that the test moves."""

from pathlib import Path

from greenline.firmware.case_orders import Stop
from tests.firmware.page.checkpoint import Desk
from tests.firmware.rolls import Post, sealed


class StaffedDesk(Desk):
    """A Desk with operators. post: their kiosk, with its clocks."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.post = Post(folder)
        self.post.also_show = self.board.show_session
        self.board.show_session(self.post.shown)
        self.post.operators.receive(sealed(1))
        self.post.sessions.when(begun=self.post.read_by.append, ended=self._stop)
        self.access = self.post.sessions

    def _stop(self) -> None:
        self.order_case(Stop())
