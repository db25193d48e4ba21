"""Writes an initramfs: cpio(5), the kind newc. The kernel unpacks several, one after the other."""

import stat
from collections.abc import Mapping
from pathlib import PurePosixPath


def pack(files: Mapping[str, bytes], executable: frozenset[str] = frozenset()) -> bytes:
    """Return an archive of files by their paths, folders included."""
    folders = sorted(
        {str(above) for path in files for above in PurePosixPath(path).parents} - {"."}
    )
    parts = [_record(folder, stat.S_IFDIR | 0o755, b"") for folder in folders]
    for path, data in files.items():
        mode = stat.S_IFREG | (0o755 if path in executable else 0o644)
        parts.append(_record(path, mode, data))
    return b"".join([*parts, _record("TRAILER!!!", 0, b"")])


def _record(name: str, mode: int, data: bytes) -> bytes:
    encoded = name.encode() + b"\0"
    fields = [1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0]
    head = b"070701" + b"".join(f"{field:08x}".encode() for field in fields) + encoded
    return _padded(head) + _padded(data)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
