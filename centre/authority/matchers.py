"""Several processes that are one matcher: a certificate, and rules at the broker, for each.

`greenline authority publish --matchers N` says how many; what was published says it from then on.
"""

import contextlib
import datetime
from pathlib import Path

from greenline.centre.authority.authority import Authority
from greenline.centre.authority.errors import FolderError, RefusedError
from greenline.centre.authority.publishing import (
    ACCESS,
    client_certificate,
    matcher_link,
    matchers_in,
    put,
)
from greenline.centre.authority.revocation import Reason, revoke
from greenline.centre.broker import matcher_client, with_matchers
from greenline.link.files import remove_file


def share(authority: Authority, folder: Path, parts: int, now: datetime.datetime) -> list[str]:
    """Give each of so many matchers what it needs in a prepared folder; returns what changed.

    Those that are no more are revoked. Publish afterwards. Raises FolderError.
    """
    matcher = authority.site().matcher
    wanted = list(range(1, parts + 1)) if parts > 1 else []
    gone = [part for part in matchers_in(folder) if part not in wanted]
    changed = _access(folder / ACCESS, matcher, wanted, gone)
    for part in gone:
        _end(authority, folder / matcher_link(part), matcher_client(matcher, part), now)
    for part in wanted:
        name = matcher_client(matcher, part)
        changed += client_certificate(authority, folder / matcher_link(part), name, now)
    return changed


def _end(authority: Authority, path: Path, name: str, now: datetime.datetime) -> None:
    """Revoke a process's certificates, then remove its file: what stays is looked at again."""
    with contextlib.suppress(RefusedError):  # it never had one of this authority
        revoke(authority, name, Reason.RETIRED, now)
    try:
        remove_file(path)
    except OSError as fault:
        raise FolderError(f"{path} cannot be removed: {fault.strerror}") from fault


def _access(path: Path, matcher: str, wanted: list[int], gone: list[int]) -> list[str]:
    try:
        before = path.read_text()
    except (OSError, UnicodeDecodeError) as fault:
        raise FolderError(f"{path} cannot be read: {fault}") from fault
    names = [[matcher_client(matcher, part) for part in parts] for parts in (wanted, gone)]
    return put(path, with_matchers(before, *names).encode())
