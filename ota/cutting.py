"""An image is cut into chunks where its content says so, so that a change moves no other cut.

FastCDC (Xia and others, USENIX ATC 2016) by the library fastcdc. The release office alone cuts;
devices only ever compare hashes, so the sizes here may change from release to release, at the price
of one full download. Measured for 16 to 128 KB in docs/updates.md.
"""

import hashlib
import mmap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fastcdc import fastcdc

from greenline.ota.chunks import chunk_path, compress, expand
from greenline.ota.durable import sync_folder
from greenline.ota.errors import OfficeError, RefusedError
from greenline.ota.index import MOST_CHUNK_BYTES, MOST_CHUNKS, MOST_IMAGE_BYTES, Chunk, Image
from greenline.ota.office_files import on_disk, write_file

LEAST_BYTES: Final = 8 << 10
AVERAGE_BYTES: Final = 32 << 10
MOST_BYTES: Final = 128 << 10


@dataclass(frozen=True)
class Cut:
    """An image as chunks, all of which now lie in the repository."""

    image: Image
    chunks: tuple[Chunk, ...]


def cut(data: Any) -> Iterator[bytes]:
    """Yield the pieces of a buffer, in order: together they are the buffer."""
    for piece in fastcdc(data, LEAST_BYTES, AVERAGE_BYTES, MOST_BYTES, fat=True):
        yield piece.data


def store(image: Path, public: Path, progress: Callable[[int], None] | None = None) -> Cut:
    """Cut an image and lay its chunks into a repository's public folder. Raises OfficeError.

    A chunk that lies there already stays as it is, for earlier indexes name its size; a damaged one
    is written again. progress: called with the bytes that each piece had.
    """
    with on_disk(image, "read"), image.open("rb") as file:
        size = image.stat().st_size
        if not 0 < size <= MOST_IMAGE_BYTES:
            raise OfficeError(f"{image} has {size} bytes: an image has 1 to {MOST_IMAGE_BYTES}")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _stored(data, size, public, progress or _nobody)


def _stored(data: mmap.mmap, size: int, public: Path, progress: Callable[[int], None]) -> Cut:
    whole = hashlib.sha256()
    chunks: list[Chunk] = []
    known: dict[str, Chunk] = {}
    for piece in cut(data):
        whole.update(piece)
        sha256 = hashlib.sha256(piece).hexdigest()
        if sha256 not in known:
            known[sha256] = _chunk(piece, sha256, public)
        chunks.append(known[sha256])
        progress(len(piece))
    if len(chunks) > MOST_CHUNKS:
        raise OfficeError(
            f"the image has {len(chunks)} chunks, more than the {MOST_CHUNKS} that a device takes: "
            "leave out of the image what the device does not need"
        )
    with on_disk(public):
        for folder in {(public / chunk_path(chunk.sha256)).parent for chunk in chunks}:
            sync_folder(folder)
    return Cut(Image(size, whole.hexdigest()), tuple(chunks))


def _chunk(piece: bytes, sha256: str, public: Path) -> Chunk:
    path = public / chunk_path(sha256)
    with on_disk(path, "read"):
        frame = path.read_bytes() if path.exists() else b""
    if frame:
        chunk = Chunk(sha256, len(piece), len(frame))
        try:
            expand(frame, chunk)
        except RefusedError:
            frame = b""
    if not frame:
        frame = compress(piece)
        write_file(path, frame, announce=False)
    return Chunk(sha256, len(piece), len(frame))


def _nobody(_: int) -> None:
    """Nobody watches."""


assert MOST_BYTES <= MOST_CHUNK_BYTES  # noqa: S101  # two constants of ours
