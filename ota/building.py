"""A release is built: folder or image, chunks, index, draft of the targets."""

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from greenline.ota.cutting import Cut, store
from greenline.ota.desk import MOST_TARGET_BYTES
from greenline.ota.drafting import put_target, targets_draft
from greenline.ota.errors import NotReadyError, OfficeError, RefusedError
from greenline.ota.image import squash
from greenline.ota.index import Chunk, Image, Index, decode, encode, target_path
from greenline.ota.office_files import read_file, remove_files
from greenline.ota.repository import Office


@dataclass(frozen=True)
class Terms:
    """What a release is and who may install it; the fields are those of index.Index."""

    release: str
    security_version: int
    hardware: tuple[str, ...]
    bootloader_not_before: datetime.date | None = None
    from_release_security_at_least: int = 0
    data_floor: int = 0
    rollout_permille: int = 1000
    deadline: datetime.datetime | None = None


# To check the terms before an image is made, which takes minutes.
_SMALLEST = Cut(Image(1, "0" * 64), (Chunk("0" * 64, 1, 1),))


@dataclass(frozen=True)
class Built:
    """What was built; wire bytes: of all its chunks, and of those that an earlier release lacks."""

    index: Index
    wire: int
    wire_from: dict[str, int]


def build(
    office: Office,
    source: Path,
    terms: Terms,
    now: datetime.datetime,
    *,
    keep_owners: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Built:
    """Build a release of a folder, or of an image as it is, and draft it. Raises OfficeError."""
    targets_draft(office, now)  # no office, no work
    before = {hardware: published_index(office, hardware) for hardware in terms.hardware}
    _index(terms, _SMALLEST)
    _refuse_going_back(terms, before)
    cut = _cut(office, source, progress, keep_owners=keep_owners)
    index = _index(terms, cut)
    for earlier in before.values():
        if earlier and earlier.release == index.release and earlier.image != index.image:
            raise NotReadyError(f"a release {index.release} is published already, with other bytes")
    for hardware in terms.hardware:
        put_target(office, target_path(hardware), encode(index), now)
    wire_from = {
        earlier.release: wire_bytes(index.chunks, earlier.chunks)
        for earlier in before.values()
        if earlier
    }
    return Built(index, wire_bytes(index.chunks), wire_from)


def published_index(office: Office, hardware: str) -> Index | None:
    """Return the index that devices of a kind see; None when there is none. Raises OfficeError."""
    published = office.published()
    path = target_path(hardware)
    target = published.targets.signed.targets.get(path) if published else None
    if target is None:
        return None
    lies = office.public / "targets" / target.get_prefixed_paths()[0]
    try:
        return decode(read_file(lies, MOST_TARGET_BYTES))
    except RefusedError as fault:
        raise OfficeError(f"{lies} is damaged: put it back from the backup") from fault


def wire_bytes(chunks: Sequence[Chunk], there: Sequence[Chunk] = ()) -> int:
    """Return how many compressed bytes a device fetches that has some chunks already."""
    has = {chunk.sha256 for chunk in there}
    return sum(
        {chunk.sha256: chunk.compressed for chunk in chunks if chunk.sha256 not in has}.values()
    )


def _cut(
    office: Office, source: Path, progress: Callable[[int], None] | None, *, keep_owners: bool
) -> Cut:
    if source.is_file():
        return store(source, office.public, progress)
    if not source.is_dir():
        raise OfficeError(f"{source} is neither a folder nor an image")
    image = office.folder / ".image.squashfs"
    try:
        squash(source, image, keep_owners=keep_owners)
        return store(image, office.public, progress)
    finally:
        remove_files(image)


def _index(terms: Terms, cut: Cut) -> Index:
    """Return the index, passed through the device's own decoder. Raises OfficeError."""
    try:
        index = Index(
            release=terms.release,
            security_version=terms.security_version,
            hardware=list(terms.hardware),
            bootloader_not_before=terms.bootloader_not_before,
            from_release_security_at_least=terms.from_release_security_at_least,
            data_floor=terms.data_floor,
            image=cut.image,
            chunks=list(cut.chunks),
            rollout_permille=terms.rollout_permille,
            deadline=terms.deadline,
        )
        return decode(encode(index))
    except (RefusedError, msgspec.MsgspecError) as fault:
        raise OfficeError(f"this cannot be a release: {fault}") from fault


def _refuse_going_back(terms: Terms, before: dict[str, Index | None]) -> None:
    for hardware, earlier in before.items():
        if earlier and terms.security_version < earlier.security_version:
            raise NotReadyError(
                f"security version {terms.security_version} is below {earlier.security_version}, "
                f"which {hardware} has with release {earlier.release}: devices would refuse it"
            )
        if earlier and terms.data_floor < earlier.data_floor:
            raise NotReadyError(
                f"data floor {terms.data_floor} is below {earlier.data_floor} of release "
                f"{earlier.release}: devices that run it would refuse this one"
            )
