"""Whether what was searched was too old, or came too late, to say "no match": then it never does.

Both times are the matcher's, so no clock of this kiosk decides.
"""

import msgspec

from greenline.protocol.messages import Outcome, Result
from greenline.protocol.wording import LATE_ANSWER, LIST_TOO_OLD

_DAY_MS = 24 * 3_600_000


def too_old(result: Result, list_age_ms: int | None) -> str | None:
    """Return why a list that was searched is too old; None: none is. list_age_ms: allowed age."""
    if list_age_ms is None:
        return None
    for each in result.searched:
        age_ms = result.answered_ms - each.changed_ms
        if age_ms > list_age_ms:
            return LIST_TOO_OLD.format(name=each.name, n=age_ms // _DAY_MS)
    return None


def as_shown(result: Result, list_age_ms: int | None, *, late: bool) -> Result:
    """Return a result as it may be shown: "no match" only of fresh lists and in time.

    Otherwise it is "Not checked yet", with why.
    """
    if result.outcome is not Outcome.NONE:
        return result
    why = too_old(result, list_age_ms) or (LATE_ANSWER if late else None)
    if why is None:
        return result
    return msgspec.structs.replace(result, outcome=Outcome.REFUSED, reason=why[:200])
