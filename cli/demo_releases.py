"""Releases of the kiosk's own software for the update's demo, from an office of its own.

Signed as real ones are, by two of three officers; only that here all of them sit at one table.
"""

import datetime
import importlib
import secrets
import shutil
from pathlib import Path
from typing import Final

from greenline.cli.errors import CommandError
from greenline.ota import drafting
from greenline.ota.building import Terms, build
from greenline.ota.index import Index
from greenline.ota.keyfile import make_key, read_private, read_public
from greenline.ota.publishing import publish
from greenline.ota.repository import Office
from greenline.ota.signing import sign

HARDWARE: Final = "demo"
PARTS: Final = (
    "prints", "protocol", "drivers", "models", "link",
    "firmware", "centre", "matcher", "ota", "cli",
)  # fmt: skip
_ROOT: Final = ("ada-root", "bob-root", "cem-root")
_TARGETS: Final = ("ada-targets", "bob-targets", "cem-targets")
_HEADER: Final = ("drivers/zfm_codec.py", 'HEADER = b"\\xef\\x01"', 'HEADER = b"\\xef\\x02"')
"""One byte of the sensor's protocol, and no module answers any more."""


class Releases:
    """An office in a folder, and what it has built."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._keys = folder / "keys"
        self._passphrase = secrets.token_urlsafe(16)
        self.office = Office(folder / "office")
        self._keys.mkdir(parents=True)
        for name in (*_ROOT, *_TARGETS):
            make_key(self._keys / f"{name}.pem", self._keys / f"{name}.pub", self._passphrase)
        root, targets = (
            [read_public(self._keys / f"{name}.pub") for name in names]
            for names in (_ROOT, _TARGETS)
        )
        drafting.begin(self.office, root, targets, _now())
        self._sign_and_publish(*_ROOT[:2], *_TARGETS[:2])

    def tree(self, release: str, *, broken: bool = False) -> Path:
        """Return a folder with this very software; broken: the sensor is not understood."""
        tree = self._folder / f"tree-{release}"
        unwanted = shutil.ignore_patterns("__pycache__", "*.nbi", "*.nbc", "training")
        for part in PARTS:
            package = importlib.import_module(f"greenline.{part}")
            shutil.copytree(Path(package.__path__[0]), tree / "greenline" / part, ignore=unwanted)
        (tree / "release").write_text(f"{release}\n")
        if broken:
            _change(tree / "greenline", *_HEADER)
        return tree

    def publish(self, tree: Path, release: str) -> Index:
        """Build a tree, have two officers sign, and publish it."""
        terms = Terms(release, int(release), (HARDWARE,))
        built = build(self.office, tree, terms, _now())
        self._sign_and_publish(*_TARGETS[:2])
        return built.index

    def _sign_and_publish(self, *names: str) -> None:
        for name in names:
            key = read_private(self._keys / f"{name}.pem", self._passphrase)
            sign(self.office.desk, key, _now())
        publish(self.office, _now())


def _change(package: Path, file: str, before: str, after: str) -> None:
    path = package / file
    text = path.read_text()
    if text.count(before) != 1:
        raise CommandError(f"the demo does not know how to break {file} any more", 8)
    path.write_text(text.replace(before, after))


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
