"""What waits, as a person or a program reads it."""

import datetime

from greenline.firmware.queue_messages import Item
from greenline.protocol.envelope import Lane
from greenline.protocol.wording import STAGE_WORDS

LANE_WORDS = {
    Lane.PERSON_WAITING: "person",
    Lane.NORMAL: "normal",
    Lane.BACKGROUND: "background",
}

_SHORT_ID = 8


def cells(item: Item) -> tuple[str, ...]:
    """Return the row of the table."""
    return (
        item.request_id.hex()[:_SHORT_ID],
        "own report" if item.size is None else _lane(item.lane),
        STAGE_WORDS[item.state],
        duration(item.age_s),
        duration(item.left_s),
        "-" if item.offers is None else str(item.offers),
        "-" if item.size is None else str(item.size),
    )


def facts(item: Item) -> dict[str, str | int | float | None]:
    """Return all that is known, by name. Times ISO 8601 in UTC; ages in seconds."""
    return {
        "id": item.request_id.hex(),
        "what": item.kind,
        "lane": _lane(item.lane),
        "state": item.state,
        "where": STAGE_WORDS[item.state],
        "since_s": None if item.since_s is None else round(item.since_s, 1),
        "made": _time(item.created_ms),
        "expires": _time(item.expires_ms),
        "age_s": round(item.age_s, 1),
        "expires_in_s": round(item.left_s, 1),
        "offers": item.offers,
        "refused_by_the_broker": _printable(item.refusal) or None,
        "bytes": item.size,
    }


def duration(seconds: float) -> str:
    """Return a duration as the page says it: 12 s, 5 min, 1 h 15 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _lane(lane: int) -> str:
    return LANE_WORDS[Lane(lane)] if lane in set(Lane) else f"lane {lane}"


def _printable(words: str) -> str:
    """Return words that may come from outside without what a terminal would obey."""
    return "".join(letter if letter.isprintable() else "?" for letter in words)


def _time(unix_ms: int) -> str:
    try:
        when = datetime.datetime.fromtimestamp(unix_ms // 1000, datetime.UTC)
    except (OverflowError, ValueError, OSError):
        return f"{unix_ms} ms"  # no clock was ever there
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")
