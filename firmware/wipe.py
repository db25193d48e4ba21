"""Wiping a kiosk: the device key goes first, and with it everything that lies under it.

After each step the kiosk is wiped no less than before; a power cut after the first leaves nothing
that opens. Done by `greenline wipe` and by holding the wipe key. The audit log stays: it is
evidence, and holds no biometrics.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from greenline.firmware.clock_file import clock_beside
from greenline.firmware.device_key import KeyPlace
from greenline.firmware.errors import DeviceKeyError
from greenline.firmware.operators_file import operators_beside
from greenline.firmware.vault import keys_beside
from greenline.link.files import overwrite, remove_file, replace_file

_DATABASE_ENDS = ("", "-wal", "-shm", "-journal")


def mark_beside(store: Path) -> Path:
    """Return where it is noted that a kiosk with this store was wiped."""
    return store.with_name(f"{store.name}-wiped")


def is_wiped(store: Path) -> bool:
    """Whether a kiosk with this store was wiped and has not been enrolled since."""
    return mark_beside(store).exists()


def _nobody_is_told(_: str) -> None:
    """Go on without a word."""


@dataclass(frozen=True)
class Wipe:
    """What is destroyed. place: of the device key. secrets: files of other keys.

    told: after each step, in a few words. unknown: what cannot be destroyed because nobody can tell
    where it lies, in words.
    """

    place: KeyPlace
    store: Path
    secrets: tuple[Path, ...] = ()
    told: Callable[[str], None] = field(default=_nobody_is_told)
    unknown: tuple[str, ...] = ()

    def destroy_keys(self) -> list[str]:
        """Destroy the device key, note it, destroy the other keys. Returns what failed, in words.

        Goes on whatever fails: each step is worth something without the others.
        """
        failed = [*self._key_and_mark(), *self._each(_destroy, self.secrets, "key destroyed")]
        return [*failed, *self.unknown]

    def remove_rest(self) -> list[str]:
        """Remove what nobody can read any more; returns what failed, in words."""
        database = [self.store.with_name(self.store.name + end) for end in _DATABASE_ENDS]
        beside = [name(self.store) for name in (keys_beside, clock_beside, operators_beside)]
        rest = (*database, *beside)
        return list(self._each(remove_file, rest, "removed"))

    def _key_and_mark(self) -> Iterator[str]:
        try:
            self.place.destroy()
            self.told("device key destroyed")
        except DeviceKeyError as fault:
            yield str(fault)
        mark = mark_beside(self.store)
        try:
            replace_file(mark, b"wiped\n", 0o644)
            self.told("wipe noted")
        except OSError as fault:
            yield f"{mark} cannot be written: {fault.strerror}"

    def _each(
        self, step: Callable[[Path], None], paths: tuple[Path, ...], words: str
    ) -> Iterator[str]:
        for path in paths:
            try:
                step(path)
                self.told(f"{path.name} {words}")
            except OSError as fault:
                yield f"{path} cannot be removed: {fault.strerror}"


def forget_wipe(store: Path) -> None:
    """Let a kiosk start again: it was enrolled anew. Raises OSError."""
    remove_file(mark_beside(store))


def _destroy(path: Path) -> None:
    """Overwrite a key's file, then remove it; one that is not there is destroyed already."""
    if path.exists():
        overwrite(path)
        remove_file(path)
