"""The index of a release: what it is, who may install it, and the chunks that make its image.

A TUF target, `release/<hardware>.json`. It vouches for the chunks by their SHA-256; they are no
targets themselves. Pure: no I/O. The release office writes it, client and installer read it.
"""

import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from greenline.ota.errors import RefusedError
from greenline.ota.reasons import Reason

MOST_INDEX_BYTES: Final = 8 << 20
MOST_IMAGE_BYTES: Final = 4_000_000_000
# About 1 GB at the usual 32 KB: more would not fit into the 64 MB that the client may use.
MOST_CHUNKS: Final = 30_000
MOST_CHUNK_BYTES: Final = 1 << 20
# zstd's own bound for data that do not shrink, with room to spare.
MOST_COMPRESSED_BYTES: Final = MOST_CHUNK_BYTES + (MOST_CHUNK_BYTES >> 7) + 512

# \Z, not $: a dollar sign would let a line feed follow.
Sha256 = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Release = Annotated[str, Meta(pattern=r"\A[a-z0-9.+-]{1,64}\Z")]
Hardware = Annotated[str, Meta(pattern=r"\A[a-z0-9-]{1,64}\Z")]
Version = Annotated[int, Meta(ge=0, le=2**31 - 1)]


class Chunk(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """A piece of the image: its SHA-256 (hex), its bytes, and its bytes as compressed."""

    sha256: Sha256
    size: Annotated[int, Meta(ge=1, le=MOST_CHUNK_BYTES)]
    compressed: Annotated[int, Meta(ge=1, le=MOST_COMPRESSED_BYTES)]


class Image(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"size": "bytes"}):
    """The whole image, as it is written into a slot."""

    size: Annotated[int, Meta(ge=1, le=MOST_IMAGE_BYTES)]
    sha256: Sha256


class Index(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A release.

    security_version: the device refuses what is below its floor.
    bootloader_not_before: the oldest bootloader (EEPROM) that this release may be installed with.
    from_release_security_at_least: the security version that must run before.
    data_floor: the oldest data layout that this release reads and writes; below it no way back.
    rollout_permille: the share of devices that install it before the deadline.
    chunks: in the order of the image.
    """

    format: Annotated[int, Meta(ge=1, le=1)] = 1
    release: Release
    security_version: Version
    hardware: Annotated[list[Hardware], Meta(min_length=1, max_length=32)]
    bootloader_not_before: datetime.date | None
    from_release_security_at_least: Version
    data_floor: Version
    image: Image
    chunks: Annotated[list[Chunk], Meta(min_length=1, max_length=MOST_CHUNKS)]
    rollout_permille: Annotated[int, Meta(ge=0, le=1000)]
    deadline: Annotated[datetime.datetime, Meta(tz=True)] | None


_DECODER = msgspec.json.Decoder(Index, strict=True)


def decode(data: bytes) -> Index:
    """Return the index that `data` holds. Raises RefusedError (broken-index)."""
    if len(data) > MOST_INDEX_BYTES:
        raise _broken(f"it is {len(data)} bytes large, more than {MOST_INDEX_BYTES}")
    try:
        index = _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise _broken(str(fault)) from fault
    check(index)
    return index


def encode(index: Index) -> bytes:
    """Return an index as the target file's bytes; the same for the same index."""
    return msgspec.json.encode(index, enc_hook=list) + b"\n"


def check(index: Index) -> None:
    """Refuse an index whose parts do not agree. Raises RefusedError (broken-index)."""
    total = sum(chunk.size for chunk in index.chunks)
    if total != index.image.size:
        raise _broken(f"its chunks have {total} bytes, its image {index.image.size}")
    seen: dict[str, Chunk] = {}
    for chunk in index.chunks:
        # The same piece may stand in an image twice, but it has one size.
        if seen.setdefault(chunk.sha256, chunk) != chunk:
            raise _broken(f"chunk {chunk.sha256} has two sizes")
    if len(set(index.hardware)) != len(index.hardware):
        raise _broken("a hardware id stands there twice")


def target_path(hardware: str) -> str:
    """Return the TUF target path of the index for a kind of hardware."""
    return f"release/{hardware}.json"


def _broken(words: str) -> RefusedError:
    return RefusedError(Reason.BROKEN_INDEX, f"the release's index is broken: {words}")
