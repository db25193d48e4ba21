"""The matcher's audit log, opened for a command; and who is said to have given the command."""

import contextlib
import getpass
from collections.abc import Iterator
from dataclasses import dataclass

from greenline.cli.clocks import moment
from greenline.cli.keyfiles import read_signing_key
from greenline.matcher.audit import AuditLog
from greenline.matcher.audit_database import open_audit
from greenline.matcher.audit_events import gallery_changed
from greenline.matcher.config import MatcherConfig
from greenline.matcher.database import Database
from greenline.matcher.errors import DatabaseError
from greenline.matcher.gallery import ChangeKind, Gallery
from greenline.matcher.gallery_key import read_gallery_key


@dataclass(frozen=True)
class Audited:
    """An audit log and its file."""

    log: AuditLog
    database: Database

    def tell(self, kind: ChangeKind | None, list_name: str, count: int) -> None:
        """Note a change of the gallery (called by it, before it is one)."""
        self.log.note(gallery_changed(kind, list_name, count, who()))


def who() -> str:
    """Return the account that a command runs under: there is no other name to be had."""
    try:
        return f"account {getpass.getuser()}"[:64]
    except (KeyError, OSError):
        return "account unknown"


@contextlib.contextmanager
def opened_audit(settings: MatcherConfig) -> Iterator[Audited]:
    """Open the log; what is noted is signed at the end. Raises DatabaseError, CommandError."""
    signer = read_signing_key(settings.keys.signing)
    with contextlib.closing(open_audit(settings.audit_file)) as database:
        log = AuditLog(database, settings.name, signer, moment)
        try:
            yield Audited(log, database)
        except BaseException:
            with contextlib.suppress(DatabaseError):  # what ended the command is what is told
                log.checkpoint()
            raise
        log.checkpoint()


@contextlib.contextmanager
def audited_gallery(settings: MatcherConfig) -> Iterator[tuple[Gallery, Audited]]:
    """Open the gallery; each change is in the audit log before it is one."""
    key = read_gallery_key(settings.keys.gallery)
    with opened_audit(settings) as audited:
        gallery = Gallery(settings.gallery, key, tell=audited.tell)
        with contextlib.closing(gallery):
            yield gallery, audited
