"""A checkpoint with a possible match in a real store, and the desk at which it is verified."""

from pathlib import Path

from greenline.firmware.lead_state import LeadShown
from greenline.firmware.store import Store
from greenline.protocol.messages import Outcome
from tests.firmware.leads import LEAD, LeadPost
from tests.firmware.page.checkpoint import CAPTURES, answered
from tests.firmware.page.staffed import StaffedDesk


class _Shown(LeadPost):
    """Draws the leads on a page's board."""

    desk_of_the_page: "LeadsDesk | None" = None

    def show(self, leads: tuple[LeadShown, ...]) -> None:
        super().show(leads)
        if self.desk_of_the_page is not None:
            self.desk_of_the_page.board.show_leads(leads)

    def purge(self, request_id: bytes, reason: str, who: str) -> None:
        super().purge(request_id, reason, who)
        if self.desk_of_the_page is not None:
            self.desk_of_the_page.board.remove_check(request_id.hex())


class LeadsDesk(StaffedDesk):
    """Has one lead, of a check that is on the board. verified: what is done with it."""

    def __init__(self, folder: Path, store: Store) -> None:
        super().__init__(folder)
        self.verified = _Shown(store)
        self.verified.desk_of_the_page = self
        self.leads = self.verified.desk
        self.post.sessions.when(begun=self.leads.begun, ended=self.leads.ended)
        self.board.show_capture(CAPTURES["ready"])
        self.board.show_check(answered(LEAD.hex(), self.started_ms, Outcome.CANDIDATES))
        self.verified.answer()
