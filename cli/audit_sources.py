"""Finds the chains of audit logs in what an auditor names: a folder, a segment, a centre's file."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from greenline.cli.errors import CommandError
from greenline.cli.keyfiles import read_identity
from greenline.firmware.audit_segments import segment_paths
from greenline.matcher.audit_database import read_chains
from greenline.protocol.audit_head import End, Head
from greenline.protocol.errors import ProtocolError
from greenline.protocol.keys import Identity

_SQLITE = b"SQLite format 3\0"


@dataclass
class FoundChain:
    """Segments of one chain by name, in order. known: where the kiosk remembers that it ends.

    owner: whose it says it is; empty where that cannot be read. beginning_known: the kiosk
    remembers that it deleted what came before.
    """

    owner: str
    chain: bytes
    segments: dict[str, bytes] = field(default_factory=dict)
    known: End | None = None
    beginning_known: bool = False


def find_chains(path: Path) -> list[FoundChain]:
    """Return the chains in a folder, a segment or a centre's file. Raises CommandError."""
    if path.is_dir():
        paths = list(segment_paths(path).values())
        if not paths:
            raise CommandError(f"{path} holds no segment of an audit log", 3)
        return _grouped((each.name, _read(each)) for each in paths)
    data = _read(path)
    if data.startswith(_SQLITE):
        chains = read_chains(path)
        return [chain for segments in chains for chain in _grouped(segments.items())]
    return _grouped([(path.name, data)])


def read_signers(paths: Iterable[Path]) -> list[Identity]:
    """Read identity files, and all of those in folders. Raises CommandError."""
    found: list[Identity] = []
    for path in paths:
        files = sorted(path.glob("*.json")) if path.is_dir() else [path]
        found += [read_identity(file) for file in files]
    return found


def _grouped(segments: Iterable[tuple[str, bytes]]) -> list[FoundChain]:
    """Put segments that follow each other under one chain; a spoiled one stays with those before.

    A segment of which nobody can tell whose it is must not be passed over: it is the fault.
    """
    found: list[FoundChain] = []
    for name, data in segments:
        try:
            head = Head.from_bytes(data)
        except ProtocolError:
            if not found:
                found.append(FoundChain("", b""))
            found[-1].segments[name] = data
            continue
        last = found[-1] if found else None
        if last is None or (last.owner, last.chain) != (head.owner, head.chain):
            found.append(FoundChain(head.owner, head.chain))
        found[-1].segments[name] = data
    return found


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        raise CommandError(f"{path} cannot be read: {fault.strerror}", 3) from fault
