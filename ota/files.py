"""Signed files besides releases: models, configuration, the centre's keys, operators, lists.

They are updated without a new image. Those that a device wants are kept in one folder, as the
release officers named them; each is replaced as a whole, and one that is no longer signed goes.
"""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tuf.api.metadata import TargetFile

from greenline.ota import durable
from greenline.ota.errors import RefusedError
from greenline.ota.metadata import is_target, read_target
from greenline.ota.reasons import Reason
from greenline.ota.source import Source
from greenline.ota.trusted import Trusted

MOST_FILE_BYTES: Final = 8 << 20
_MOST_FILES: Final = 1000
# No part begins with a dot: nothing leads out of the folder, and no name is one of our new files.
_PART: Final = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}"
_PATH: Final = re.compile(rf"(?:{_PART}/){{1,8}}{_PART}")


class SignedFiles:
    """The folder. Not safe to share between processes."""

    def __init__(self, folder: Path, wanted: Sequence[str]) -> None:
        """wanted: how the names of the files begin, as "centre/"."""
        self._folder: Final = folder
        self._wanted: Final = tuple(wanted)

    def take(self, trusted: Trusted, source: Source) -> list[str]:
        """Make the folder hold what is signed now. Returns the names that changed.

        Raises LostError, RefusedError, CardError; what was taken until then stays.
        """
        signed = dict(self._signed(trusted))
        changed = self.differing(trusted)
        for name in changed:
            data = read_target(source, signed[name], MOST_FILE_BYTES)
            durable.replace_file(self._folder / name, data)
        return [*changed, *self.clear(trusted)]

    def differing(self, trusted: Trusted) -> list[str]:
        """Return the files that are signed and not there as signed. Raises RefusedError."""
        return [name for name, info in self._signed(trusted) if not self._holds(name, info)]

    def clear(self, trusted: Trusted) -> list[str]:
        """Remove what is no longer signed, and return its names. Raises RefusedError, CardError."""
        gone = sorted(set(self.names()) - dict(self._signed(trusted)).keys())
        for name in gone:
            durable.remove(self._folder / name)
        return gone

    def lay(self, trusted: Trusted, name: str, data: bytes) -> None:
        """Keep a file that somebody else has fetched. Raises RefusedError, CardError."""
        info = dict(self._signed(trusted)).get(name)
        if info is None or not is_target(data, info):
            raise RefusedError(Reason.BAD_SIGNATURE, f"{name!r} is not what is signed now")
        durable.replace_file(self._folder / name, data)

    def read(self, name: str) -> bytes | None:
        """Return a file's bytes; None: it is not there. Raises CardError."""
        return durable.read(self._folder / name, MOST_FILE_BYTES)

    def names(self) -> list[str]:
        """Return the files that are there. Raises CardError."""
        with durable.on_card(self._folder):
            return sorted(
                (Path(folder) / name).relative_to(self._folder).as_posix()
                for folder, _, names in os.walk(self._folder)
                for name in names
            )

    def _signed(self, trusted: Trusted) -> Iterator[tuple[str, TargetFile]]:
        targets = trusted.targets.targets if trusted.targets else {}
        wanted = [name for name in sorted(targets) if name.startswith(self._wanted)]
        if len(wanted) > _MOST_FILES:
            raise RefusedError(Reason.TOO_LARGE, f"{len(wanted)} files are signed for this device")
        for name in wanted:
            if name.startswith("release/"):
                continue
            if _PATH.fullmatch(name) is None or name.endswith(".new"):
                raise RefusedError(Reason.BROKEN_METADATA, f"{name!r} is no name for a file")
            yield name, targets[name]

    def _holds(self, name: str, info: TargetFile) -> bool:
        data = self.read(name)
        return data is not None and is_target(data, info)
