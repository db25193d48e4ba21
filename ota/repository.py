"""The release office's folder: what is published, what lies on the desk, the online keys.

    office.json     how long each role's signature lasts
    online/         keys of snapshot and timestamp, without a passphrase: a timer uses them
    desk/           drafts and signatures; small, carried to the signers on a stick (desk.py)
    public/         what a web server hands out, or a stick carries: metadata, targets, chunks

Everything in `public/metadata` but timestamp.json has its version in its name and never changes
once timestamp.json leads to it.
"""

import contextlib
import datetime
import fcntl
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp

from greenline.ota.desk import Desk, load
from greenline.ota.errors import NotReadyError, OfficeError
from greenline.ota.office_files import on_disk, read_file, write_file

THRESHOLD: Final = 2
ONLINE: Final = ("snapshot", "timestamp")
_ROOT: Final = re.compile(r"([1-9][0-9]{0,8})\.root\.json")
_Days = Annotated[int, msgspec.Meta(ge=1, le=3650)]


class Days(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many days a signature of each role lasts."""

    root: _Days = 365
    targets: _Days = 120
    snapshot: _Days = 30
    timestamp: _Days = 14


class _Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: Annotated[int, msgspec.Meta(ge=1, le=1)] = 1
    days: Days = Days()


@dataclass(frozen=True)
class Published:
    """What devices see now."""

    root: Metadata[Root]
    targets: Metadata[Targets]
    snapshot: Metadata[Snapshot]
    timestamp: Metadata[Timestamp]


class Office:
    """One folder. Not shared between processes: hold it with `held()` to change something."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.desk = Desk(folder / "desk")
        self.public = folder / "public"
        self.metadata = self.public / "metadata"
        self._settings = folder / "office.json"

    def exists(self) -> bool:
        """Tell whether `greenline release init` was here."""
        return self._settings.exists()

    def make(self) -> None:
        """Write the folder's settings. Raises OfficeError."""
        settings = msgspec.json.format(msgspec.json.encode(_Settings()))
        write_file(self._settings, settings + b"\n")

    def days(self) -> Days:
        """Return how long signatures last. Raises OfficeError."""
        if not self.exists():
            raise OfficeError(
                f"{self.folder} is no release office: make one with 'greenline release init'"
            )
        try:
            return msgspec.json.decode(read_file(self._settings, 1 << 16), type=_Settings).days
        except msgspec.DecodeError as fault:
            raise OfficeError(f"{self._settings} cannot be used: {fault}") from fault

    def online_key(self, role: str) -> Path:
        """Return where the key of an online role lies."""
        return self.folder / "online" / f"{role}.pem"

    def published(self) -> Published | None:
        """Return what devices see; None before the first publication. Raises OfficeError."""
        root = self.published_root()
        path = self.metadata / "timestamp.json"
        if root is None or not path.exists():
            return None
        timestamp = load(path, Timestamp)
        version = timestamp.signed.snapshot_meta.version
        snapshot = load(self.metadata / f"{version}.snapshot.json", Snapshot)
        listed = snapshot.signed.meta.get("targets.json")
        if listed is None:
            raise OfficeError(
                f"the newest snapshot in {self.metadata} names no targets: put it back"
            )
        targets = load(self.metadata / f"{listed.version}.targets.json", Targets)
        return Published(root, targets, snapshot, timestamp)

    def published_root(self) -> Metadata[Root] | None:
        """Return the newest root; it may be out before the rest. Raises OfficeError."""
        if not self.metadata.is_dir():
            return None
        found = [_ROOT.fullmatch(path.name) for path in self.metadata.iterdir()]
        versions = [int(match[1]) for match in found if match]
        if not versions:
            return None
        return load(self.metadata / f"{max(versions)}.root.json", Root)

    def lay(self, draft: Metadata[Any]) -> None:
        """Lay a draft on the desk, beside what it follows. Raises OfficeError."""
        published = self.published()
        root = self.published_root()
        if root is not None:
            targets = published.targets.to_bytes() if published else b""
            self.desk.show_published(root.to_bytes(), targets)
        self.desk.put(draft)

    @contextlib.contextmanager
    def held(self, *, new: bool = False) -> Iterator[None]:
        """Keep others out while something changes. Raises NotReadyError, OfficeError.

        new: the office is about to be made.
        """
        if not new:
            self.days()
        with on_disk(self.folder / ".lock"):
            self.folder.mkdir(parents=True, exist_ok=True)
            file = (self.folder / ".lock").open("ab")
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as fault:
                raise NotReadyError(
                    f"another 'greenline release' works in {self.folder}: try again when it is done"
                ) from fault
            yield


def until(now: datetime.datetime, days: int) -> datetime.datetime:
    """Return the end of a signature that is made now; whole seconds, UTC."""
    return now.astimezone(datetime.UTC).replace(microsecond=0) + datetime.timedelta(days=days)
