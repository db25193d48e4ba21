"""One authority: its folder, its database, its roots, and what it knows of its site."""

import contextlib
import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidSignature

from greenline.centre.authority.errors import FolderError, RefusedError
from greenline.centre.authority.files import write_secret
from greenline.centre.authority.roots import Root, Roots
from greenline.centre.authority.tables import open_database
from greenline.centre.authority.trail import UNTOLD, Trail
from greenline.centre.certificates import Credential
from greenline.centre.database import Database
from greenline.protocol.enrolment import renewable_from
from greenline.protocol.errors import KeyFormatError
from greenline.protocol.keys import Identity
from greenline.protocol.topics import check_name

_SERVER_FILE = "server.pem"
_DATABASE_FILE = "authority.db"


class Site(msgspec.Struct, frozen=True):
    """What kiosks are told of the site. hosts: names and addresses of its servers."""

    name: str
    hosts: tuple[str, ...]
    matcher: str
    broker_host: str
    broker_port: int
    purpose: str
    lists: tuple[str, ...]


@dataclass(frozen=True)
class Authority:
    """An open authority. trail: is told of each decision before it takes effect."""

    folder: Path
    database: Database
    roots: Roots
    trail: Trail = UNTOLD

    def told_to(self, trail: Trail) -> "Authority":
        """Return the same authority, whose decisions are noted from now on."""
        return Authority(
            self.folder, self.database, Roots(self.folder, self.database, trail), trail
        )

    def site(self) -> Site:
        """Return what was said of the site when the authority was created."""
        row = self.database.read("SELECT * FROM site")[0]
        return Site(
            row["name"], tuple(row["hosts"].split()), row["matcher"], row["broker_host"],
            row["broker_port"], row["purpose"], tuple(msgspec.json.decode(row["lists"])),
        )  # fmt: skip

    def matcher(self) -> Identity | None:
        """Return the matcher's public keys, None while nobody has published any."""
        found = self.database.read("SELECT matcher_identity FROM site")[0][0]
        return Identity.from_json(found) if found else None

    def set_matcher(self, identity: Identity) -> None:
        """Keep the matcher's public keys, for kiosks that enrol from now on."""
        self.database.change("UPDATE site SET matcher_identity = ?", identity.to_json())

    def server_file(self, now: datetime.datetime) -> Path:
        """Return the file with our server's key and certificate, made or renewed when it is time.

        Raises FolderError.
        """
        path = self.folder / _SERVER_FILE
        root, signer = self.roots.for_servers()
        if not is_current(path, root, now):
            made = signer.issue_server(list(self.site().hosts), now)
            write_secret(path, made.key_pem + made.certificate_pem)
        return path


def is_current(path: Path, root: Root, now: datetime.datetime) -> bool:
    """Say whether a file has a key and a certificate of this root that needs no renewal yet."""
    try:
        pem = path.read_bytes()
        held = Credential.from_pem(pem, pem).certificate
        held.verify_directly_issued_by(root.certificate)
    except (OSError, KeyFormatError, InvalidSignature, ValueError):
        return False
    return now < renewable_from(held.not_valid_before_utc, held.not_valid_after_utc)


def create(folder: Path, site: Site, now: datetime.datetime) -> None:
    """Make a new authority in an empty or new folder. Raises RefusedError, FolderError."""
    check_name(site.matcher)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if any(folder.iterdir()):
            raise RefusedError(f"{folder} is not empty: an authority is made in a new folder")
        folder.chmod(0o700)
    except OSError as fault:
        raise FolderError(f"{folder} cannot be used: {fault.strerror}") from fault
    with contextlib.closing(open_database(folder / _DATABASE_FILE, create=True)) as database:
        database.change(
            "INSERT INTO site VALUES (1, ?, ?, ?, ?, ?, ?, ?, NULL)",
            site.name, " ".join(site.hosts), site.matcher, site.broker_host, site.broker_port,
            site.purpose, msgspec.json.encode(site.lists).decode(),
        )  # fmt: skip
        Roots(folder, database).add(site.name, site.hosts, now)


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[Authority]:
    """Open the authority of a folder. Raises FolderError when there is none."""
    path = folder / _DATABASE_FILE
    if not path.is_file():
        raise FolderError(f"there is no authority in {folder}: run 'greenline authority create'")
    with contextlib.closing(open_database(path)) as database:
        yield Authority(folder, database, Roots(folder, database))
