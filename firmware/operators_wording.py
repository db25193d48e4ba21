"""What a person who logs in reads, in one table."""

from greenline.firmware.operators_login import Refused, Why

NOBODY_LOGS_IN = "Nobody logs in on this kiosk"
"""Where the configuration names no operators: for demonstrations and trials."""

_WORDS = {
    Why.NO_LIST: "This kiosk has no list of operators yet. Ask the centre to send one, or have a "
    "technician bring it as a file.",
    Why.EXPIRED: "The list of operators has expired. Ask the centre to send a new one, or have a "
    "technician bring it as a file.",
    Why.LOCKED: "Too many wrong tries.",
    Why.WRONG: "Operator or PIN is wrong.",
    Why.CHOOSE: "This PIN was given out to you. Choose your own, of 6 to 8 digits.",
    Why.UNFIT: "",
}


def words_of(refused: Refused) -> str:
    """Say why nobody was let in, and what to do."""
    words = _WORDS[refused.why] or refused.words
    return f"{words} Try again in {_duration(refused.wait_ms)}." if refused.wait_ms else words


def _duration(wait_ms: int) -> str:
    seconds = -(-wait_ms // 1000)
    if seconds < 120:
        return f"{seconds} s"
    minutes = -(-seconds // 60)
    return f"{minutes} min" if minutes < 120 else f"{-(-minutes // 60)} h"
