"""The signed metadata, verified from the image's own root up: offline, with nothing but the bytes.

The client does it after each refresh, a second time beside python-tuf, and the installer before it
believes an index. It judges signatures, versions and what vouches for what; whether something has
expired depends on a clock, so `Trusted.expired` is asked where that matters. Pure: no I/O.
"""

import datetime
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec
from tuf.api.exceptions import LengthOrHashMismatchError, RepositoryError, UnsignedMetadataError
from tuf.api.metadata import Metadata, Root, Snapshot, TargetFile, Targets, Timestamp

from greenline.ota.errors import RefusedError
from greenline.ota.floors import Floors, RoleFloor
from greenline.ota.reasons import Reason

ISSUED: Final = "issued"
"""The field of timestamp.json, beside those of TUF, that says when it was signed (RFC 3339)."""

_Signed = TypeVar("_Signed", Timestamp, Snapshot, Targets)
_BROKEN = (RepositoryError, ValueError, KeyError, TypeError, AttributeError, RecursionError)


@dataclass(frozen=True)
class Trusted:
    """As much of the metadata as is whole: a role without its valid parent is None."""

    root: Root
    timestamp: Timestamp | None = None
    snapshot: Snapshot | None = None
    targets: Targets | None = None

    def target(self, path: str) -> TargetFile | None:
        """Return what the release officers signed about a target; None: there is none."""
        return self.targets.targets.get(path) if self.targets else None

    def floors(self) -> Floors:
        """Return what this metadata raises the floors to."""
        return Floors(
            root=self.root.version,
            timestamp=self._floor(self.timestamp),
            snapshot=self._floor(self.snapshot),
            targets=self._floor(self.targets),
            time=_issued(self.timestamp),
        )

    def below(self, floors: Floors) -> str:
        """Return the role that is older than the floors allow; empty when none is."""
        if self.root.version < floors.root:
            return "root"
        mine = self.floors()
        for role in ("timestamp", "snapshot", "targets"):
            own, least = getattr(mine, role), getattr(floors, role)
            if own.keys == least.keys and own.version < least.version:
                return role
        return ""

    def expired(self, at: datetime.datetime) -> str:
        """Return the first role that has expired at a time; empty when none has."""
        roles = (self.root, self.timestamp, self.snapshot, self.targets)
        return next((role.type for role in roles if role and role.is_expired(at)), "")

    def _floor(self, signed: Timestamp | Snapshot | Targets | None) -> RoleFloor:
        if signed is None:
            return RoleFloor()
        return RoleFloor(_keys(self.root, signed.type), signed.version, self.root.version)


def verify(bootstrap: bytes, files: Mapping[str, bytes]) -> Trusted:
    """Return what of python-tuf's files holds, from the image's root on.

    files: by name, as Copies.read() gives them. Raises RefusedError when the image's own root is
    broken.
    """
    root = newest_root(bootstrap, files)
    timestamp = _role(Timestamp, root, files.get("timestamp.json"))
    if timestamp is None:
        return Trusted(root)
    snapshot = _role(Snapshot, root, files.get("snapshot.json"))
    if snapshot is None or not _vouched(timestamp.snapshot_meta, snapshot, files["snapshot.json"]):
        return Trusted(root, timestamp)
    targets = _role(Targets, root, files.get("targets.json"))
    listed = snapshot.meta.get("targets.json")
    if targets is None or not listed or not _vouched(listed, targets, files["targets.json"]):
        return Trusted(root, timestamp, snapshot)
    return Trusted(root, timestamp, snapshot, targets)


def verified_names(bootstrap: bytes, trusted: Trusted) -> list[str]:
    """Return the files that verify() has believed: all there is to keep of whole metadata."""
    first = Metadata[Root].from_bytes(bootstrap).signed.version
    roots = range(first + 1, trusted.root.version + 1)
    return [
        *(f"root_history/{version}.root.json" for version in roots),
        "timestamp.json",
        "snapshot.json",
        "targets.json",
    ]


def newest_root(bootstrap: bytes, files: Mapping[str, bytes]) -> Root:
    """Return the last root that its predecessor and itself have signed. Raises RefusedError."""
    try:
        first = Metadata[Root].from_bytes(bootstrap)
        first.signed.verify_delegate(Root.type, first.signed_bytes, first.signatures)
        root = first.signed
    except _BROKEN as fault:
        words = f"the release officers' root in this image is broken: {fault}"
        raise RefusedError(Reason.BROKEN_STATE, words) from fault
    while data := files.get(f"root_history/{root.version + 1}.root.json"):
        try:
            following = Metadata[Root].from_bytes(data)
            for judge in (root, following.signed):
                judge.verify_delegate(Root.type, following.signed_bytes, following.signatures)
        except _BROKEN:
            break
        if following.signed.version != root.version + 1:
            break
        root = following.signed
    return root


def _role(kind: type[_Signed], root: Root, data: bytes | None) -> _Signed | None:
    """Return a role that enough of its keys have signed; None when it is not so."""
    if data is None:
        return None
    try:
        found = Metadata[_Signed].from_bytes(data)
        root.verify_delegate(kind.type, found.signed_bytes, found.signatures)
    except (UnsignedMetadataError, *_BROKEN):
        return None
    return found.signed if isinstance(found.signed, kind) else None


def _vouched(meta: object, signed: Snapshot | Targets, data: bytes) -> bool:
    """Tell whether a role is the one that its parent names."""
    try:
        meta.verify_length_and_hashes(data)  # type: ignore[attr-defined]
    except LengthOrHashMismatchError:
        return False
    return bool(meta.version == signed.version)  # type: ignore[attr-defined]


def _keys(root: Root, role: str) -> str:
    """Return the name of a role's set of keys: by what they are, not by their ids."""
    wanted = root.roles[role]
    keys = sorted(
        json.dumps(root.keys[keyid].to_dict(), sort_keys=True)
        for keyid in wanted.keyids
        if keyid in root.keys
    )
    return hashlib.sha256(json.dumps([wanted.threshold, keys]).encode()).hexdigest()


def _issued(timestamp: Timestamp | None) -> int:
    """Return when a timestamp says that it was signed, seconds since 1970; 0 when it does not."""
    if timestamp is None:
        return 0
    try:
        said = msgspec.convert(timestamp.unrecognized_fields.get(ISSUED), datetime.datetime)
        # Nobody signs after the end of what he signs: a slip there must not stop the clock's floor.
        return max(0, int(said.timestamp())) if said < timestamp.expires else 0
    except (msgspec.ValidationError, ValueError, OverflowError, TypeError):
        return 0
