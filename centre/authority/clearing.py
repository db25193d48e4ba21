"""Clearing alarms: somebody has looked at them. They stay, with who it was and when."""

import datetime

from greenline.centre.authority.authority import Authority
from greenline.centre.authority.records import alarms


def clear_alarms(authority: Authority, up_to: int, now: datetime.datetime) -> None:
    """Clear the alarms that wait, up to this number."""
    with authority.database.write():
        for alarm in alarms(authority.database):
            if alarm.id > up_to:
                break
            authority.trail.note("alarm cleared", reason=alarm.kind.value, subject=alarm.subject)
            authority.database.change(
                "UPDATE alarm SET cleared = ?, cleared_by = ? WHERE id = ?",
                int(now.timestamp()), authority.trail.who, alarm.id,
            )  # fmt: skip
