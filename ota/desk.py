"""The desk: drafts that wait for signatures, with all that a signer has to see to judge them.

It is small and stands alone, so it travels to each signer on a stick:

    root.json, targets.json                     drafts without signatures
    published-root.json, published-targets.json what devices see now, to compare with
    targets/PATH                                the new contents, so that a signer can hash them
    signatures/ROLE-KEYID.json                  one file a signature: copies of a desk merge

A signature belongs to the draft's exact bytes: a draft that changes loses its signatures.
"""

from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from securesystemslib.signer import Signature
from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp
from tuf.api.serialization import DeserializationError

from greenline.ota.errors import OfficeError
from greenline.ota.index import MOST_INDEX_BYTES
from greenline.ota.office_files import on_disk, read_file, remove_files, write_file

DRAFTED: Final = ("root", "targets")
MOST_TARGET_BYTES: Final = MOST_INDEX_BYTES
MOST_METADATA_BYTES: Final = 16 << 20

S = TypeVar("S", Root, Timestamp, Snapshot, Targets)
Role = Literal["root", "targets"]
_Hex = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{2,8192}\Z")]


class _SignatureFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: Annotated[int, msgspec.Meta(ge=1, le=1)]
    role: Role
    keyid: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
    signature: _Hex


class Desk:
    """One desk folder, the office's own or a copy on a stick."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def root(self) -> Metadata[Root] | None:
        """Return the draft of the root; None when there is none. Raises OfficeError."""
        return self._load("root.json", Root)

    def targets(self) -> Metadata[Targets] | None:
        """Return the draft of the targets; None when there is none. Raises OfficeError."""
        return self._load("targets.json", Targets)

    def published_root(self) -> Metadata[Root] | None:
        """Return the root that devices see; None before the first. Raises OfficeError."""
        return self._load("published-root.json", Root)

    def published_targets(self) -> Metadata[Targets] | None:
        """Return the targets that devices see; None before the first. Raises OfficeError."""
        return self._load("published-targets.json", Targets)

    def put(self, draft: Metadata[Any]) -> None:
        """Lay down a draft; what was signed of an earlier one is void. Raises OfficeError."""
        role = draft.signed.type
        # First the signatures: one that is left over never lies beside a draft it is not for.
        remove_files(*self._signature_files(role))
        draft.signatures.clear()
        write_file(self.folder / f"{role}.json", draft.to_bytes())

    def put_content(self, path: str, data: bytes) -> None:
        """Lay down what a target holds. Raises OfficeError."""
        write_file(self.content(path), data)

    def content(self, path: str) -> Path:
        """Return where a target's new content lies."""
        return self.folder / "targets" / path

    def put_signature(self, role: str, signature: Signature) -> None:
        """Lay down a signature. Raises OfficeError."""
        held = {"format": 1, "role": role, "keyid": signature.keyid}
        data = msgspec.json.encode(held | {"signature": signature.signature})
        write_file(self.folder / "signatures" / f"{role}-{signature.keyid}.json", data)

    def signatures(self, role: str) -> dict[str, Signature]:
        """Return the signatures for a draft, by key; unverified. Raises OfficeError."""
        found = {}
        for path in self._signature_files(role):
            try:
                read = msgspec.json.decode(read_file(path, 1 << 16), type=_SignatureFile)
            except (msgspec.DecodeError, RecursionError) as fault:
                raise OfficeError(f"{path} is no signature: remove it and sign again") from fault
            if read.role == role:
                found[read.keyid] = Signature(read.keyid, read.signature)
        return found

    def show_published(self, root: bytes, targets: bytes) -> None:
        """Lay down what devices see now; no targets: b"". Raises OfficeError."""
        write_file(self.folder / "published-root.json", root)
        if targets:
            write_file(self.folder / "published-targets.json", targets)

    def clear(self) -> None:
        """Take away the drafts, their signatures and contents. Raises OfficeError."""
        for role in DRAFTED:
            remove_files(self.folder / f"{role}.json", *self._signature_files(role))
        contents = self.folder / "targets"
        remove_files(*(path for path in contents.rglob("*") if path.is_file()))

    def _signature_files(self, role: str) -> list[Path]:
        return sorted((self.folder / "signatures").glob(f"{role}-*.json"))

    def _load(self, name: str, kind: type[S]) -> Metadata[S] | None:
        path = self.folder / name
        with on_disk(path, "read"):
            return load(path, kind) if path.exists() else None


def load(path: Path, kind: type[S]) -> Metadata[S]:
    """Return a metadata file of ours. Raises OfficeError that names it."""
    try:
        metadata: Metadata[Any] = Metadata.from_bytes(read_file(path, MOST_METADATA_BYTES))
    except DeserializationError as fault:
        raise OfficeError(f"{path} is damaged: put it back from the backup") from fault
    if not isinstance(metadata.signed, kind):
        raise OfficeError(f"{path} is damaged: it holds {metadata.signed.type} metadata")
    return metadata


def desk_at(folder: Path) -> Desk:
    """Return the desk of an office, or the desk itself when it was carried to a signer."""
    desk = folder / "desk"
    return Desk(desk if desk.is_dir() else folder)
