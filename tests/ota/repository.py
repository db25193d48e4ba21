"""A published repository with real signatures, for tests of the client: it speaks release officers'
words, and also signs what no release officer would.
"""

import datetime
import hashlib
import itertools
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    Key,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization.json import JSONSerializer

from greenline.ota.chunks import chunk_path, compress
from greenline.ota.index import Chunk, Image, Index, encode, target_path

HARDWARE = "rpi4"
NOW = datetime.datetime(2030, 3, 1, 12, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
_SERIALIZER = JSONSerializer()


def signers(count: int) -> list[CryptoSigner]:
    return [CryptoSigner.generate_ed25519() for _ in range(count)]


def pieces(seed: int, count: int, size: int = 20000) -> list[bytes]:
    """Parts of an image, as content-defined cutting would find them: half of it shrinks."""
    chance = random.Random(seed)
    return [
        chance.randbytes((length := chance.randint(size // 2, size)) // 2)
        + bytes(length - length // 2)
        for _ in range(count)
    ]


def index_of(parts: Iterable[bytes], release: str = "1.0", **fields: Any) -> Index:
    parts = list(parts)
    image = b"".join(parts)
    told = {
        "security_version": 1,
        "hardware": [HARDWARE],
        "bootloader_not_before": None,
        "from_release_security_at_least": 0,
        "data_floor": 0,
        "rollout_permille": 1000,
        "deadline": None,
        **fields,
    }
    return Index(
        release=release,
        image=Image(len(image), hashlib.sha256(image).hexdigest()),
        chunks=[
            Chunk(hashlib.sha256(part).hexdigest(), len(part), len(compress(part)))
            for part in parts
        ],
        **told,
    )


class Repository:
    """The folder, and the keys. Roles are signed as they are at publish()."""

    def __init__(self, folder: Path, now: datetime.datetime = NOW) -> None:
        self.folder = folder
        self.now = now
        self.keys = {role: signers(3) for role in ("root", "targets")}
        self.keys |= {role: signers(1) for role in ("snapshot", "timestamp")}
        self.signing = {"root": self.keys["root"][:2], "targets": self.keys["targets"][:2]}
        self.signing |= {role: self.keys[role] for role in ("snapshot", "timestamp")}
        self.targets = Targets(1, expires=now + 90 * DAY)
        self.snapshot = Snapshot(1, expires=now + 30 * DAY)
        self.timestamp = Timestamp(1, expires=now + 7 * DAY)
        self.root = Root(1, expires=now + 365 * DAY, consistent_snapshot=True)
        self._give_keys()
        self.publish_root()
        self.first_root = (folder / "metadata/1.root.json").read_bytes()

    def release(
        self, parts: Iterable[bytes], release: str = "1.0", name: str = HARDWARE, **fields: Any
    ) -> Index:
        """Publish a release as well as its chunks."""
        parts = list(parts)
        index = index_of(parts, release, **fields)
        for part, chunk in zip(parts, index.chunks, strict=True):
            self.write(chunk_path(chunk.sha256), compress(part))
        self.add_target(target_path(name), encode(index))
        self.publish()
        return index

    def add_target(self, path: str, data: bytes) -> None:
        info = TargetFile.from_data(path, data, ["sha256"])
        self.targets.targets[path] = info
        folder, slash, name = path.rpartition("/")
        self.write(f"targets/{folder}{slash}{info.hashes['sha256']}.{name}", data)

    def publish(self) -> None:
        """Sign everything below root anew, one version on."""
        self.targets.version += 1
        data = self._signed(self.targets)
        self.write(f"metadata/{self.targets.version}.targets.json", data)
        self.snapshot.meta["targets.json"] = MetaFile.from_data(
            self.targets.version, data, ["sha256"]
        )
        self.publish_snapshot()

    def publish_snapshot(self) -> None:
        self.snapshot.version += 1
        data = self._signed(self.snapshot)
        self.write(f"metadata/{self.snapshot.version}.snapshot.json", data)
        self.timestamp.snapshot_meta = MetaFile.from_data(self.snapshot.version, data, ["sha256"])
        self.publish_timestamp()

    def publish_timestamp(self) -> None:
        self.timestamp.version += 1
        self.timestamp.unrecognized_fields["issued"] = self.now.strftime("%Y-%m-%dT%H:%M:%SZ")
        self.write("metadata/timestamp.json", self._signed(self.timestamp))

    def publish_root(self, also: Iterable[CryptoSigner] = ()) -> None:
        """also: who signs besides, as the old keys do when root's own keys change."""
        who = [*self.signing["root"], *also]
        self.write(f"metadata/{self.root.version}.root.json", self._signed(self.root, who))

    def rotate(self, role: str) -> list[CryptoSigner]:
        """Give a role new keys, in a new root. Returns the old ones."""
        old = self.keys[role]
        self.keys[role] = signers(len(old))
        self.signing[role] = self.keys[role][: len(self.signing[role])]
        self.root.version += 1
        self.root.keys = {}
        self._give_keys()
        self.publish_root(old[:2] if role == "root" else ())
        return old

    def later(self, days: float) -> None:
        """Let time pass here; what is signed from now on is valid from now on."""
        self.now += days * DAY
        self.timestamp.expires = self.now + 7 * DAY
        self.snapshot.expires = self.now + 30 * DAY

    def write(self, path: str, data: bytes) -> None:
        whole = self.folder / path
        whole.parent.mkdir(parents=True, exist_ok=True)
        whole.write_bytes(data)

    def chunk_files(self, index: Index) -> list[Path]:
        return [self.folder / chunk_path(chunk.sha256) for chunk in index.chunks]

    def _give_keys(self) -> None:
        for role, keys in self.keys.items():
            wanted = self.root.roles[role]
            wanted.keyids = []
            wanted.threshold = 2 if len(keys) == 3 else 1
            for signer in keys:
                public: Key = signer.public_key
                self.root.add_key(public, role)

    def _signed(self, signed: Any, who: Iterable[CryptoSigner] | None = None) -> bytes:
        metadata = Metadata(signed)
        metadata.signatures.clear()
        for signer in self.signing[signed.type] if who is None else who:
            metadata.sign(signer, append=True)
        return metadata.to_bytes(_SERIALIZER)


def twice(parts: Iterable[bytes]) -> list[bytes]:
    """The same parts, each of them twice in the image."""
    return list(itertools.chain.from_iterable((part, part) for part in parts))
