"""A release office with its signers, and a device that asks what it published: python-tuf's own
client, with the root that stood first.
"""

import datetime
import shutil
from collections.abc import Iterator
from pathlib import Path

from securesystemslib.signer import CryptoSigner
from tuf.api.exceptions import DownloadHTTPError
from tuf.ngclient import Updater
from tuf.ngclient.fetcher import FetcherInterface

from greenline.ota import drafting
from greenline.ota.keyfile import named_key
from greenline.ota.publishing import publish
from greenline.ota.repository import Office
from greenline.ota.signing import sign

ROOT = ("ada-root", "bob-root", "cem-root")
TARGETS = ("ada-targets", "bob-targets", "cem-targets")
PLACE = "configuration/kiosk.toml"
DAY = datetime.timedelta(days=1)
# python-tuf's client asks the system for the time.
NOW = datetime.datetime.now(datetime.UTC)


class Signers:
    """People with keys, which lie in no file here: scrypt would take a fifth of a second each."""

    def __init__(self) -> None:
        self._keys: dict[str, CryptoSigner] = {}

    def key(self, name: str) -> CryptoSigner:
        if name not in self._keys:
            made = CryptoSigner.generate_ed25519()
            public = named_key(name, made._private_key.public_key())  # type: ignore[arg-type]
            self._keys[name] = CryptoSigner(made._private_key, public)
        return self._keys[name]

    def sign(self, office: Office, *names: str, now: datetime.datetime = NOW) -> None:
        for name in names:
            sign(office.desk, self.key(name), now)


def make_office(
    folder: Path, signers: Signers, now: datetime.datetime = NOW, content: bytes = b"first"
) -> Office:
    """An office that has published once: root 1, targets 1 with one file."""
    office = Office(folder)
    drafting.begin(
        office,
        [signers.key(name).public_key for name in ROOT],
        [signers.key(name).public_key for name in TARGETS],
        now,
    )
    drafting.put_target(office, PLACE, content, now)
    signers.sign(office, *ROOT[:2], *TARGETS[:2], now=now)
    publish(office, now)
    return office


def release(office: Office, signers: Signers, content: bytes, now: datetime.datetime = NOW) -> None:
    """Publish another content, signed by the first two."""
    drafting.put_target(office, PLACE, content, now)
    signers.sign(office, *TARGETS[:2], now=now)
    publish(office, now)


class _FolderFetcher(FetcherInterface):
    def _fetch(self, url: str) -> Iterator[bytes]:
        try:
            return iter([Path(url).read_bytes()])
        except FileNotFoundError as fault:
            raise DownloadHTTPError("not found", 404) from fault


class Device:
    """python-tuf's client with a memory of its own."""

    def __init__(self, folder: Path, bootstrap: bytes) -> None:
        self._folder = folder
        self._bootstrap = bootstrap
        (folder / "targets").mkdir(parents=True)

    def see(self, public: Path) -> bytes:
        """Ask for the newest, and return PLACE's content. Raises tuf's RepositoryError."""
        updater = self._updater(public)
        info = updater.get_targetinfo(PLACE)
        assert info is not None
        return Path(updater.download_target(info)).read_bytes()

    def paths(self, public: Path) -> set[str]:
        """Ask for the newest, and return the paths of all targets."""
        updater = self._updater(public)
        updater.refresh()
        return set(updater._trusted_set.targets.targets)

    def copy(self, folder: Path) -> "Device":
        """A device of the same past."""
        other = Device(folder, self._bootstrap)
        shutil.copytree(self._folder, folder, dirs_exist_ok=True, symlinks=True)
        return other

    def _updater(self, public: Path) -> Updater:
        return Updater(
            str(self._folder),
            f"{public}/metadata/",
            str(self._folder / "targets"),
            f"{public}/targets/",
            fetcher=_FolderFetcher(),
            bootstrap=self._bootstrap,
        )


def bootstrap_of(office: Office) -> bytes:
    return (office.metadata / "1.root.json").read_bytes()
