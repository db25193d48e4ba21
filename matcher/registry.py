"""The kiosks that are answered: a folder of public identities, followed while the matcher runs.

The authority adds a file when a kiosk has enrolled and removes it when one is revoked; within
a second the matcher knows. A file that cannot be read makes its kiosk unknown, and nobody else.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from greenline.protocol.errors import ProtocolError
from greenline.protocol.keys import Identity

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 1.0

_Stamp = tuple[int, int, int]
"""What changes when a file is another: its time in nanoseconds, its size, its inode."""


class Registry(Mapping[str, Identity]):
    """Identities by name. Safe to share between threads. clock: monotonic seconds."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._clock = clock
        self._lock = threading.Lock()
        self._files: dict[Path, tuple[_Stamp, Identity | None]] = {}
        self._by_name: dict[str, Identity] = {}
        self._looked_at = float("-inf")

    def __getitem__(self, name: str) -> Identity:
        return self._now()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())

    def _now(self) -> dict[str, Identity]:
        with self._lock:
            if self._clock() - self._looked_at >= _LOOK_EVERY_S:
                self._looked_at = self._clock()
                self._look()
            return self._by_name

    def _look(self) -> None:
        try:
            stamps = {path: _stamp(path) for path in sorted(self._folder.glob("*.json"))}
        except OSError as fault:
            log.warning("registry not read", extra={"reason": str(fault)})
            return
        if stamps == {path: stamp for path, (stamp, _) in self._files.items()}:
            return
        self._files = {path: self._read_again(path, stamp) for path, stamp in stamps.items()}
        found = [identity for _, identity in self._files.values() if identity is not None]
        self._by_name = {identity.name: identity for identity in found}
        log.info("kiosks", extra={"known": len(self._by_name)})

    def _read_again(self, path: Path, stamp: _Stamp) -> tuple[_Stamp, Identity | None]:
        known = self._files.get(path)
        if known is not None and known[0] == stamp:
            return known
        try:
            return stamp, Identity.from_json(path.read_bytes())
        except (OSError, ProtocolError) as fault:
            log.warning("kiosk not read", extra={"file": path.name, "reason": str(fault)})
            return stamp, None


def _stamp(path: Path) -> _Stamp:
    try:
        found = path.stat()
    except FileNotFoundError:  # removed since the folder was listed
        return 0, 0, 0
    return found.st_mtime_ns, found.st_size, found.st_ino
