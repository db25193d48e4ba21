"""Drafts of root and targets: what is to be published, before anybody has signed it."""

import copy
import datetime
import re
from collections.abc import Sequence
from typing import Final

from securesystemslib.signer import SSlibKey
from tuf.api.metadata import Key, Metadata, Root, TargetFile, Targets

from greenline.ota.desk import MOST_TARGET_BYTES
from greenline.ota.errors import KeyFileError, NotReadyError, OfficeError
from greenline.ota.files import MOST_FILE_BYTES
from greenline.ota.keyfile import make_online_key, name_of
from greenline.ota.repository import ONLINE, THRESHOLD, Office, until

LEAST_KEYS: Final = 3
# Where plain targets may stand; `release/` belongs to building.py.
PLACES: Final = ("models", "configuration", "centre")
_PART: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")


def begin(
    office: Office,
    root_keys: Sequence[SSlibKey],
    targets_keys: Sequence[SSlibKey],
    now: datetime.datetime,
) -> None:
    """Set up an empty office: drafts of root 1 and targets 1. Raises OfficeError."""
    if office.exists() or office.public.exists():
        raise OfficeError(f"{office.folder} is a release office already: nothing was changed")
    _check_owners(root_keys, targets_keys)
    office.make()
    days = office.days()
    root = Root(expires=until(now, days.root), consistent_snapshot=True)
    for role, keys in (("root", root_keys), ("targets", targets_keys)):
        for key in keys:
            root.add_key(key, role)
        root.roles[role].threshold = THRESHOLD
    for role in ONLINE:
        root.add_key(make_online_key(office.online_key(role), role), role)
    office.desk.put(Metadata(Targets(expires=until(now, days.targets))))
    # Last: without a root there is nothing to sign, so a half made office is noticed.
    office.desk.put(Metadata(root))


def put_target(office: Office, path: str, data: bytes, now: datetime.datetime) -> None:
    """Draft a target's new content, at a path that check_place() took. Raises OfficeError."""
    most = MOST_TARGET_BYTES if path.startswith("release/") else MOST_FILE_BYTES
    if len(data) > most:
        raise OfficeError(f"{path} is larger than {most >> 20} MB: no device would take it")
    draft = targets_draft(office, now)
    office.desk.put_content(path, data)
    draft.signed.targets[path] = TargetFile.from_data(path, data, ["sha256"])
    office.lay(draft)


def drop_target(office: Office, path: str, now: datetime.datetime) -> None:
    """Draft that a target is no more. Raises OfficeError."""
    draft = targets_draft(office, now)
    if path not in draft.signed.targets:
        raise OfficeError(f"there is no {path} to remove")
    del draft.signed.targets[path]
    office.lay(draft)


def check_place(path: str) -> str:
    """Return a path where plain targets may stand. Raises OfficeError."""
    parts = path.split("/")
    if len(parts) < 2 or len(parts) > 8 or not all(_PART.fullmatch(part) for part in parts):
        raise OfficeError(f"{path!r} is no path of a target: name/name, without spaces and dots")
    if parts[0] not in PLACES:
        raise OfficeError(f"{path} must begin with one of {', '.join(PLACES)}")
    return path


def replace_key(
    office: Office, role: str, old: str | None, new: SSlibKey | None, now: datetime.datetime
) -> None:
    """Draft that a signer's key gives way to another or to none, or only joins.

    role: root or targets. The targets are signed anew as well when their keys change: devices
    count only signatures of the keys that the root names. Raises OfficeError and its kinds.
    """
    draft = root_draft(office, now)
    root = draft.signed
    leaving = None if old is None else _key_named(root, role, old)
    if new is not None:
        _check_owners(
            [*_others(root, "root", leaving), *([new] if role == "root" else [])],
            [*_others(root, "targets", leaving), *([new] if role == "targets" else [])],
            least=THRESHOLD,
        )
        root.add_key(new, role)
    if leaving is not None:
        root.revoke_key(leaving.keyid, role)
    if len(root.roles[role].keyids) < THRESHOLD:
        raise NotReadyError(
            f"without the key of {old} {role} has fewer than {THRESHOLD} keys and could never be "
            "signed again: give a new key with it"
        )
    office.lay(draft)
    if role == "targets":
        office.lay(targets_draft(office, now))


def replace_online_key(office: Office, role: str, now: datetime.datetime) -> None:
    """Make a new key for snapshot or timestamp, and draft the root that names it.

    The old key serves until the root is published; tidy() in publishing.py then lets go of it.
    Raises OfficeError.
    """
    draft = root_draft(office, now)
    for keyid in list(draft.signed.roles[role].keyids):
        draft.signed.revoke_key(keyid, role)
    coming = office.online_key(role).with_suffix(".next.pem")
    draft.signed.add_key(make_online_key(coming, role), role)
    office.lay(draft)


def extend(office: Office, role: str, now: datetime.datetime) -> None:
    """Draft the same root or targets with a new end. Raises OfficeError."""
    office.lay(root_draft(office, now) if role == "root" else targets_draft(office, now))


def root_draft(office: Office, now: datetime.datetime) -> Metadata[Root]:
    """Return the draft of the root, made from the published one if need be. Raises OfficeError."""
    draft = office.desk.root()
    published = office.published_root()
    if draft is None:
        if published is None:
            raise _no_office(office)
        draft = Metadata(copy.deepcopy(published.signed))
    draft.signed.version = published.signed.version + 1 if published else 1
    draft.signed.expires = until(now, office.days().root)
    return draft


def targets_draft(office: Office, now: datetime.datetime) -> Metadata[Targets]:
    """Return the draft of the targets, as root_draft(). Raises OfficeError."""
    draft = office.desk.targets()
    published = office.published()
    if draft is None:
        if published is None:
            raise _no_office(office)
        draft = Metadata(copy.deepcopy(published.targets.signed))
    draft.signed.version = published.targets.signed.version + 1 if published else 1
    draft.signed.expires = until(now, office.days().targets)
    return draft


def _others(root: Root, role: str, leaving: Key | None) -> list[Key]:
    keys = [root.keys[keyid] for keyid in root.roles[role].keyids]
    return [key for key in keys if leaving is None or key.keyid != leaving.keyid]


def _check_owners(
    root_keys: Sequence[Key], targets_keys: Sequence[Key], least: int = LEAST_KEYS
) -> None:
    """Refuse keys that would count twice, or a threshold without a spare key."""
    for role, keys in (("root", root_keys), ("targets", targets_keys)):
        if len(keys) < least:
            raise KeyFileError(f"{role} needs {least} keys, there are {len(keys)}")
    everybody = [*root_keys, *targets_keys]
    names = [name_of(key) for key in everybody]
    keyids = [key.keyid for key in everybody]
    for index, (name, keyid) in enumerate(zip(names, keyids, strict=True)):
        if keyid in keyids[:index]:
            other = names[keyids.index(keyid)]
            raise KeyFileError(
                f"{other} and {name} are the same key: each role of each signer needs its own"
            )
        if name in names[:index]:
            raise KeyFileError(f"two keys are called {name}: rename one of the files")


def _key_named(root: Root, role: str, name: str) -> Key:
    keys = [root.keys[keyid] for keyid in root.roles[role].keyids]
    for key in keys:
        if name_of(key) == name:
            return key
    known = ", ".join(sorted(name_of(key) for key in keys))
    raise KeyFileError(f"nobody called {name} signs {role}; those who do: {known}")


def _no_office(office: Office) -> OfficeError:
    return OfficeError(
        f"{office.folder} is no release office: make one with 'greenline release init'"
    )
