"""A chunk as it travels: one zstd frame, found by the SHA-256 of what it holds.

Pure: no I/O. RFC 8878 for the frame. The release office makes them, client and installer open them;
what comes out is believed only when its size and SHA-256 are those of the signed index.
"""

import hashlib
from typing import Final

import zstandard

from greenline.ota.errors import RefusedError
from greenline.ota.index import Chunk
from greenline.ota.reasons import Reason

MOST_WINDOW_BYTES: Final = 8 << 20
LEVEL: Final = 19


def chunk_path(sha256: str) -> str:
    """Return where a chunk lies, relative to the repository's root."""
    return f"chunks/{sha256[:2]}/{sha256}.zst"


def compress(data: bytes) -> bytes:
    """Return a chunk's bytes as one zstd frame with its content size."""
    return zstandard.ZstdCompressor(level=LEVEL, write_checksum=False).compress(data)


def expand(frame: bytes, chunk: Chunk) -> bytes:
    """Return what a frame holds, when it is `chunk`. Raises RefusedError (broken-chunk).

    Takes at most the chunk's size and the window's bound of memory, whatever the frame says.
    """
    if len(frame) != chunk.compressed:
        raise _broken(chunk, f"it has {len(frame)} bytes, not {chunk.compressed}")
    try:
        head = zstandard.get_frame_parameters(frame)
        if head.content_size != chunk.size or head.window_size > MOST_WINDOW_BYTES:
            raise _broken(chunk, "its frame declares another size")
        opener = zstandard.ZstdDecompressor(max_window_size=MOST_WINDOW_BYTES)
        data = opener.decompress(frame, max_output_size=chunk.size, allow_extra_data=False)
    except zstandard.ZstdError as fault:
        raise _broken(chunk, str(fault)) from fault
    if not is_chunk(data, chunk):
        raise _broken(chunk, "its SHA-256 is another")
    return data


def is_chunk(data: bytes | memoryview, chunk: Chunk) -> bool:
    """Tell whether uncompressed bytes, as from a slot, are this chunk."""
    return len(data) == chunk.size and hashlib.sha256(data).hexdigest() == chunk.sha256


def _broken(chunk: Chunk, words: str) -> RefusedError:
    return RefusedError(Reason.BROKEN_CHUNK, f"chunk {chunk.sha256} is broken: {words}")
