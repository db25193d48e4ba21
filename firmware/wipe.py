"""Wiping a kiosk: the device key goes first, and with it everything that lies under it.

After each step the kiosk is wiped no less than before; a power cut after the first leaves nothing
that opens. Done by `greenline wipe` and by holding the wipe key. The audit log stays: it is
evidence, and holds no biometrics.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from greenline.firmware.device_key import KeyPlace
from greenline.firmware.errors import DeviceKeyError
from greenline.link.files import overwrite, remove_file, replace_file, sync_folder


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
        try:
            rest = tuple(_named_after(self.store))
        except OSError as fault:
            return [f"{self.store.parent} cannot be read: {fault.strerror}"]
        return list(self._each(_remove, rest, "removed"))

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


def _named_after(store: Path) -> Iterator[Path]:
    """Yield the store, what lies beside it under its name, and what lies in folders so named.

    Not the mark. A folder comes after what is in it. Raises OSError.
    """
    for path in sorted(store.parent.iterdir()):
        named = path.name.startswith((f"{store.name}-", f"{store.name}."))
        if path == mark_beside(store) or not (named or path.name == store.name):
            continue
        if path.is_dir() and not path.is_symlink():
            yield from sorted(path.rglob("*"), reverse=True)
        yield path


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
        sync_folder(path.parent)
    else:
        remove_file(path)


def _destroy(path: Path) -> None:
    """Overwrite a key's file, then remove it; one that is not there is destroyed already."""
    if path.exists():
        overwrite(path)
        remove_file(path)
