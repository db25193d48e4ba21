"""MQTT topics, and the names that may stand in them.

A name is also a certificate's common name and the broker's user name, so that the broker's access
list can hold each kiosk to its own topics.
"""

import re

from greenline.protocol.errors import MalformedError

PREFIX = "greenline/1"
NAME_BYTES = 32
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")

ALL_REQUESTS = f"{PREFIX}/request/+"
ALL_STATUS = f"{PREFIX}/status/+"

_WITH_NAMES = frozenset({f"{PREFIX}/request", f"{PREFIX}/result"})


def check_name(name: str) -> str:
    """Return name if it may name a kiosk or a matcher. Raises MalformedError."""
    if not _NAME.fullmatch(name):
        raise MalformedError(
            f"{name!r} is not a name: use 1 to 32 of a-z, 0-9 and '-', not beginning with '-'"
        )
    return name


def request_topic(kiosk: str) -> str:
    """Where a kiosk publishes its requests."""
    return f"{PREFIX}/request/{check_name(kiosk)}"


def result_topic(kiosk: str) -> str:
    """Where a kiosk hears its results."""
    return f"{PREFIX}/result/{check_name(kiosk)}"


def status_topic(kiosk: str) -> str:
    """Where a kiosk says how it is."""
    return f"{PREFIX}/status/{check_name(kiosk)}"


def kiosk_of(topic: str) -> str:
    """Return the kiosk's name in a request or result topic. Raises MalformedError."""
    head, _, name = topic.rpartition("/")
    if head not in _WITH_NAMES:
        raise MalformedError(f"{topic!r} is not a topic of ours")
    return check_name(name)
