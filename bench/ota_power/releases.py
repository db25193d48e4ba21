"""A release office that goes on publishing, and the stick that a technician brings of it.

Some releases are sick on purpose: one whose kiosk finds its sensor broken, one whose kernel panics.
Those must be given up; all others must come to run.
"""

import datetime
import enum
import hashlib
import random
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner

from bench.ota_power.archive import pack
from bench.ota_power.layout import SLOT_BYTES, make_fat
from greenline.ota import drafting
from greenline.ota.building import Terms, build
from greenline.ota.index import Index, encode
from greenline.ota.keyfile import named_key
from greenline.ota.publishing import publish
from greenline.ota.repository import Office
from greenline.ota.signing import sign

GUEST: Final = Path(__file__).parent / "guest"
INITRAMFS: Final = "SLOT.CPI"
_ROOT: Final = ("ada-root", "bob-root", "cem-root")
_TARGETS: Final = ("ada-targets", "bob-targets", "cem-targets")
_PAYLOAD_BYTES: Final = 9 << 20
_PIECE_BYTES: Final = 512 << 10
_STICK_BYTES: Final = 48 << 20


class Kind(enum.Enum):
    """How a release behaves."""

    WELL = "well"
    SENSOR = "sensor failed"
    PANIC = "kernel panics"


@dataclass(frozen=True)
class Release:
    """One published release. image: the SHA-256 of the whole slot."""

    number: int
    kind: Kind
    image: str
    index: Index


def kind_of(number: int) -> Kind:
    """Return how a release behaves: every fifth is sick, in turn in one way or the other."""
    if number % 5 != 3:
        return Kind.WELL
    return Kind.SENSOR if number % 10 == 3 else Kind.PANIC


def security_of(number: int) -> int:
    """Return a release's security version; the sick ones have theirs too."""
    return number // 3


def data_floor_of(number: int) -> int:
    """Return a release's data floor."""
    return number // 4


class Releases:
    """The office. Releases are numbered from 1, and published in order."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder, self._seed = folder, seed
        folder.mkdir()
        self._signers: dict[str, CryptoSigner] = {}
        self._office = Office(folder / "office")
        self.known: dict[int, Release] = {}
        now = datetime.datetime.now(datetime.UTC)
        root, targets = (
            [self._key(name).public_key for name in names] for names in (_ROOT, _TARGETS)
        )
        drafting.begin(self._office, root, targets, now)
        drafting.put_target(self._office, "configuration/kiosk-01/x.toml", b"", now)
        self._publish(now, *_ROOT[:2], *_TARGETS[:2])
        self._bootstrap = (self._office.metadata / "1.root.json").read_bytes()

    def newest_image(self) -> bytes:
        """Return the image of the release that was published last."""
        return (self._folder / "image").read_bytes()

    def _make_image(self, number: int, path: Path) -> bytes:
        """Make the image of a release: a FAT as the Pi starts from, with its initramfs."""
        kind = kind_of(number)
        sensor = b"failed" if kind is Kind.SENSOR else b"ok"
        files = {
            "init": (GUEST / "init").read_bytes() if kind is not Kind.PANIC else b"#!/none\n",
            "slot/kiosk": (GUEST / "kiosk").read_bytes().replace(b"SENSOR", sensor),
            "slot/root.json": self._bootstrap,
            "slot/release": f"{number}\n".encode(),
        }
        initramfs = pack(files, frozenset({"init", "slot/kiosk"}))
        make_fat(path, SLOT_BYTES, {INITRAMFS: initramfs, "PAYLOAD.BIN": self._payload(number)})
        return path.read_bytes()

    def publish(self, number: int) -> Release:
        """Publish a release, unless it is published already."""
        if number in self.known:
            return self.known[number]
        now = datetime.datetime.now(datetime.UTC)
        path = self._folder / "image"
        image = self._make_image(number, path)
        terms = Terms(str(number), security_of(number), ("rpi4",), data_floor=data_floor_of(number))
        built = build(self._office, path, terms, now)
        self._publish(now, *_TARGETS[:2])
        release = Release(number, kind_of(number), hashlib.sha256(image).hexdigest(), built.index)
        self.known[number] = release
        return release

    def index_of(self, number: int) -> bytes:
        """Return the index of a release as it is signed."""
        return encode(self.known[number].index)

    def stick(self, number: int) -> Path:
        """Return the stick as it was made when a release was the newest. Publishes it, if need be.

        Sticks of the last three releases are kept.
        """
        path = self._folder / f"stick-{number}.img"
        if number not in self.known:
            self.publish(number)
        if not path.exists():
            self._make_stick(path)
            (self._folder / f"stick-{number - 3}.img").unlink(missing_ok=True)
        return path

    def _make_stick(self, path: Path) -> None:
        """Make a FAT32 with all that is published now, of chunks those of the newest release."""
        newest = {chunk.sha256 for chunk in self.known[max(self.known)].index.chunks}
        for file in (self._office.public / "chunks").rglob("*"):
            if file.is_file() and not any(part in newest for part in (file.name, file.stem)):
                file.unlink()
        with path.open("wb") as image:
            image.truncate(_STICK_BYTES)
        subprocess.run(
            ["/usr/sbin/mkfs.fat", "-F", "32", "-s", "1", str(path)],
            check=True,
            capture_output=True,
        )
        inner = sorted(str(each) for each in self._office.public.iterdir())
        subprocess.run(["mcopy", "-s", "-i", str(path), *inner, "::"], check=True)

    def of_image(self, sha256: str) -> Release | None:
        """Return the release whose whole image that is."""
        return next((each for each in self.known.values() if each.image == sha256), None)

    def _payload(self, number: int) -> bytes:
        """Return what fills the image: a quarter of it is new in each release."""
        parts = []
        for piece in range(_PAYLOAD_BYTES // _PIECE_BYTES):
            born = number - (number - piece) % 4
            chance = random.Random(f"{self._seed} {piece} {born}")  # noqa: S311  # no secret
            parts.append(chance.randbytes(_PIECE_BYTES))
        return b"".join(parts)

    def _publish(self, now: datetime.datetime, *names: str) -> None:
        for name in names:
            sign(self._office.desk, self._key(name), now)
        publish(self._office, now)

    def _key(self, name: str) -> CryptoSigner:
        if name not in self._signers:
            private = Ed25519PrivateKey.generate()
            public = named_key(name, private.public_key())
            self._signers[name] = CryptoSigner(private, public)
        return self._signers[name]
