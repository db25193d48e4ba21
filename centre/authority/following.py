"""Publishes by itself what has changed: who enrolled reaches the matcher, who is revoked nobody.

The server looks every few seconds; operators' commands change the same database meanwhile.
"""

import datetime
import logging
from collections.abc import Callable
from pathlib import Path

from greenline.centre.authority.authority import Authority
from greenline.centre.authority.publishing import broker_pid, publish, tell_broker
from greenline.centre.authority.records import devices

log = logging.getLogger(__name__)

_ANEW = datetime.timedelta(days=1)


class Follower:
    """Keeps a published folder up to date. now: an aware time in UTC."""

    def __init__(
        self,
        authority: Authority,
        folder: Path,
        now: Callable[[], datetime.datetime],
        tell: Callable[[Path], bool] = tell_broker,
    ) -> None:
        self._authority = authority
        self._folder = folder
        self._now = now
        self._tell = tell
        self._seen: object = None
        self._published: datetime.datetime | None = None

    def look(self) -> bool:
        """Publish if anything has changed, or a day has passed; say whether. Raises FolderError.

        What failed is tried again the next time.
        """
        now, state = self._now(), self._state()
        if state == self._seen and self._published and now - self._published < _ANEW:
            return False
        changed = publish(self._authority, self._folder, now)
        told = self._tell(broker_pid(self._folder))
        log.info("published", extra={"files": len(changed), "broker_told": told})
        self._seen, self._published = state, now
        return True

    def _state(self) -> object:
        database = self._authority.database
        known = [each.identity for each in devices(database) if each.identity is not None]
        revoked = database.read("SELECT fingerprint FROM certificate WHERE revoked IS NOT NULL")
        roots = [(root.generation, root.state) for root in self._authority.roots.all()]
        return known, sorted(bytes(row[0]) for row in revoked), roots
