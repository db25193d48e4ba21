"""Publishing: what was signed becomes what devices see, one step after the other.

A device never sees a half state: targets before the metadata that name them, and timestamp.json,
which alone leads to the rest, last. Chunks lie there already (building.py), found by their hash.
Every step may be the last one before a power cut; the same command then goes on.
"""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, Targets, Timestamp

from greenline.ota.chunks import chunk_path
from greenline.ota.desk import MOST_TARGET_BYTES
from greenline.ota.errors import KeyFileError, NotReadyError, OfficeError, RefusedError
from greenline.ota.index import decode
from greenline.ota.keyfile import read_private
from greenline.ota.office_files import on_disk, read_file, remove_files, write_file
from greenline.ota.repository import ONLINE, Office, Published, until
from greenline.ota.signing import assembled, check_contents, drafts
from greenline.ota.trusted import ISSUED

# python-tuf's client reads no more.
_MOST_BYTES: Final = {
    "root": 512_000,
    "timestamp": 16_384,
    "snapshot": 2_000_000,
    "targets": 5_000_000,
}


@dataclass(frozen=True)
class Step:
    """A file to write, with what it holds or where that lies."""

    path: Path
    content: bytes | Path

    def take(self) -> None:
        """Write it. Raises OfficeError."""
        content = self.content
        data = content if isinstance(content, bytes) else read_file(content, MOST_TARGET_BYTES)
        write_file(self.path, data)


def publish(office: Office, now: datetime.datetime) -> list[str]:
    """Publish the desk; return what is new, in words. Raises OfficeError and its kinds."""
    words = [f"{role} {draft.signed.version}" for role, draft in drafts(office.desk).items()]
    if not words:
        raise NotReadyError("nothing is drafted: 'greenline release renew' keeps what is published")
    for step in plan(office, now):
        step.take()
    tidy(office)
    return words


def renew(office: Office, now: datetime.datetime) -> datetime.datetime:
    """Sign the published timestamp anew, as a timer does each day; return how long it holds.

    The snapshot is signed anew when it would end before the new timestamp. Leaves the desk alone.
    Raises OfficeError and its kinds.
    """
    published = office.published()
    if published is None:
        raise NotReadyError("nothing is published yet: 'greenline release publish' comes first")
    root, targets = published.root, published.targets
    _refuse_expired(root, targets, now)
    snapshot = published.snapshot
    end = until(now, office.days().timestamp)
    if snapshot.signed.expires < end:
        snapshot = _snapshot(office, published, root.signed, targets, now)
        write_file(
            office.metadata / f"{snapshot.signed.version}.snapshot.json", snapshot.to_bytes()
        )
    timestamp = _timestamp(office, published, root.signed, snapshot, now)
    write_file(office.metadata / "timestamp.json", timestamp.to_bytes())
    return end


def plan(office: Office, now: datetime.datetime) -> list[Step]:
    """Return the files to write, in this order. Checks all first; raises OfficeError and kinds."""
    published = office.published()
    root = _root_to_be(office)
    targets = _targets_to_be(office, published)
    _refuse_expired(root, targets, now)
    snapshot = _snapshot(office, published, root.signed, targets, now)
    timestamp = _timestamp(office, published, root.signed, snapshot, now)
    named: dict[str, Metadata[Any]] = {
        f"{targets.signed.version}.targets.json": targets,
        f"{snapshot.signed.version}.snapshot.json": snapshot,
        # A device that has the new root needs all that is signed by the keys it names.
        f"{root.signed.version}.root.json": root,
        "timestamp.json": timestamp,
    }
    steps = [Step(office.metadata / name, metadata.to_bytes()) for name, metadata in named.items()]
    for name, metadata in named.items():
        if len(metadata.to_bytes()) > _MOST_BYTES[metadata.signed.type]:
            raise OfficeError(f"{name} is larger than a device takes: remove targets, then publish")
    return [*_contents(office, targets), *steps]


def tidy(office: Office) -> None:
    """Clear the desk after the last step, and let go of the online keys that were replaced."""
    published = office.published()
    if published is None:
        return
    for role in ONLINE:
        path = _online_key(office, published.root.signed, role)[0]
        with on_disk(path):
            path.replace(office.online_key(role))
    office.desk.show_published(published.root.to_bytes(), published.targets.to_bytes())
    office.desk.clear()


def discard(office: Office) -> None:
    """Take all drafts back. Raises NotReadyError while nothing was published, OfficeError."""
    if office.published() is None:
        raise NotReadyError("nothing is published yet: there would be nothing left without drafts")
    office.desk.clear()
    remove_files(*(office.online_key(role).with_suffix(".next.pem") for role in ONLINE))


def _root_to_be(office: Office) -> Metadata[Root]:
    draft, published = office.desk.root(), office.published_root()
    # A root that an interrupted publication brought out is drafted no more.
    if draft and (published is None or draft.signed.version > published.signed.version):
        return assembled(office.desk, "root")
    if published is None:
        raise OfficeError(f"there is no root in {office.folder}: 'greenline release init' makes it")
    return published


def _targets_to_be(office: Office, published: Published | None) -> Metadata[Targets]:
    draft = office.desk.targets()
    before = published.targets.signed.version if published else 0
    if draft and draft.signed.version > before:
        return assembled(office.desk, "targets")
    if published is None:
        raise OfficeError(f"there are no targets in {office.folder}")
    return published.targets


def _contents(office: Office, targets: Metadata[Targets]) -> Iterator[Step]:
    """Yield the new targets' files; refuses one that is neither new nor published."""
    check_contents(office.desk)
    for path, target in targets.signed.targets.items():
        content = office.desk.content(path)
        goal = office.public / "targets" / target.get_prefixed_paths()[0]
        if path.startswith("release/"):
            _check_chunks(office, path, content if content.exists() else goal)
        if content.exists():
            yield Step(goal, content)
        elif not goal.exists():
            raise OfficeError(f"{goal} is missing: put it back from the backup")


def _check_chunks(office: Office, path: str, content: Path) -> None:
    try:
        index = decode(read_file(content, MOST_TARGET_BYTES))
    except RefusedError as fault:
        raise OfficeError(f"{path}: {fault}") from fault
    for chunk in index.chunks:
        lies = office.public / chunk_path(chunk.sha256)
        if not lies.exists() or lies.stat().st_size != chunk.compressed:
            raise OfficeError(f"{lies} is missing or damaged: build {index.release} again")


def _snapshot(
    office: Office,
    published: Published | None,
    root: Root,
    targets: Metadata[Targets],
    now: datetime.datetime,
) -> Metadata[Snapshot]:
    version = published.snapshot.signed.version + 1 if published else 1
    meta = MetaFile.from_data(targets.signed.version, targets.to_bytes(), ["sha256"])
    end = until(now, office.days().snapshot)
    return _signed(office, root, Metadata(Snapshot(version, None, end, {"targets.json": meta})))


def _timestamp(
    office: Office,
    published: Published | None,
    root: Root,
    snapshot: Metadata[Snapshot],
    now: datetime.datetime,
) -> Metadata[Timestamp]:
    version = published.timestamp.signed.version + 1 if published else 1
    meta = MetaFile.from_data(snapshot.signed.version, snapshot.to_bytes(), ["sha256"])
    signed = Timestamp(version, None, until(now, office.days().timestamp), meta)
    # A device without a clock of its own believes that it is not earlier than this.
    signed.unrecognized_fields[ISSUED] = until(now, 0).strftime("%Y-%m-%dT%H:%M:%SZ")
    return _signed(office, root, Metadata(signed))


def _signed(office: Office, root: Root, metadata: Metadata[Any]) -> Metadata[Any]:
    metadata.sign(_online_key(office, root, metadata.signed.type)[1])
    return metadata


def _online_key(office: Office, root: Root, role: str) -> tuple[Path, CryptoSigner]:
    """Return the online key that a root names, from where it lies: the next one before it is out.

    Raises KeyFileError.
    """
    path = office.online_key(role)
    for candidate in (path.with_suffix(".next.pem"), path):
        if candidate.exists():
            signer = read_private(candidate, None)
            if signer.public_key.keyid in root.roles[role].keyids:
                return candidate, signer
    raise KeyFileError(
        f"{path} is missing, or is not the key that the root names: put it back from the backup, "
        f"or make a new one with 'greenline release rotate-key --role {role}'"
    )


def _refuse_expired(
    root: Metadata[Root], targets: Metadata[Targets], now: datetime.datetime
) -> None:
    for metadata in (root, targets):
        if metadata.signed.is_expired(now):
            role = metadata.signed.type
            raise NotReadyError(
                f"{role} {metadata.signed.version} has expired: 'greenline release renew --role "
                f"{role}', then have it signed; until then devices take no updates"
            )
