"""What this device has seen and will never go below: metadata versions, releases, time.

Two sealed copies on the card, and a third that the image brings: who wipes the card, or plays an
old repository to a device that lost its memory, still meets the image's floors. `Floors.joined` is
the only way to a new value, and it never goes down. The client raises the metadata's floors and the
time at each refresh; security version and data layout are raised by the installer alone, last,
after a trial boot was confirmed: raised earlier, a device that goes back could not start again.
"""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from greenline.ota import durable
from greenline.ota.errors import CardError, RefusedError
from greenline.ota.reasons import Reason

_MOST_BYTES: Final = 16384
_NAMES: Final = ("floors-a", "floors-b")

Count = Annotated[int, Meta(ge=0, le=2**62)]


class RoleFloor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A role's newest version seen, under one set of keys.

    keys: SHA-256 (hex) of the role's keys and threshold; root: version of the root that named them.
    A newer root that gives the role other keys starts the count anew: that is how a device recovers
    when somebody who had stolen the old keys signed a version of 2,000,000,000 (TUF specification
    1.0.34, 5.3.11).
    """

    keys: Annotated[str, Meta(max_length=64)] = ""
    version: Count = 0
    root: Count = 0


class Floors(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The floors. data: data layout; time: seconds since 1970, UTC, as somebody has signed it."""

    format: Annotated[int, Meta(ge=1, le=1)] = 1
    root: Count = 0
    timestamp: RoleFloor = RoleFloor()
    snapshot: RoleFloor = RoleFloor()
    targets: RoleFloor = RoleFloor()
    security_version: Count = 0
    data: Count = 0
    time: Count = 0

    def joined(self, other: "Floors") -> "Floors":
        """Return what is below neither."""
        return Floors(
            root=max(self.root, other.root),
            timestamp=_joined(self.timestamp, other.timestamp),
            snapshot=_joined(self.snapshot, other.snapshot),
            targets=_joined(self.targets, other.targets),
            security_version=max(self.security_version, other.security_version),
            data=max(self.data, other.data),
            time=max(self.time, other.time),
        )


def _joined(one: RoleFloor, two: RoleFloor) -> RoleFloor:
    """Join two floors of a role: under the same keys the higher version, else the newer root's."""
    older, newer = sorted((one, two), key=lambda floor: (floor.root, floor.version, floor.keys))
    if newer.keys != older.keys:
        return newer
    return RoleFloor(newer.keys, max(newer.version, older.version), newer.root)


def encode(floors: Floors) -> bytes:
    """Return floors as a file's bytes: for the card, and for an image."""
    return durable.with_sum(msgspec.json.encode(floors) + b"\n")


def decode(data: bytes | None) -> Floors | None:
    """Return the floors in a file; None when it is damaged or not there."""
    inner = durable.without_sum(data)
    if inner is None:
        return None
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return msgspec.json.decode(inner, type=Floors)
    return None


class FloorsFile:
    """The floors of one device. Not safe to share between processes: hold the updaters' lock."""

    def __init__(self, state: Path, baked: bytes | None = None, also: Sequence[Path] = ()) -> None:
        """state: the folder; baked: the file of the image that runs; None: it has none.

        also: folders whose floors hold here too, and are raised by others. Raises RefusedError
        (broken-state) when the image's file is damaged.
        """
        self._paths = [state / name for name in _NAMES]
        self._others = [folder / name for folder in also for name in _NAMES]
        self._baked = Floors() if baked is None else decode(baked)
        if self._baked is None:
            raise RefusedError(Reason.BROKEN_STATE, "the floors in this image are damaged")

    def read(self) -> Floors:
        """Return the floors; a copy that is damaged counts for nothing. Raises CardError."""
        known = self._baked or Floors()
        for copy in [*self._copies(), *_floors_in(self._others)]:
            known = known.joined(copy) if copy else known
        return known

    def raise_to(self, floors: Floors) -> Floors:
        """Raise them, durably, and mend a damaged copy. Returns the new ones. Raises CardError."""
        known = self.read().joined(floors)
        for path, copy in zip(self._paths, self._copies(), strict=True):
            if copy != known:
                durable.replace_file(path, encode(known))
        return known

    def _copies(self) -> list[Floors | None]:
        return _floors_in(self._paths)


def _floors_in(paths: Sequence[Path]) -> list[Floors | None]:
    return [decode(_readable(path)) for path in paths]


def _readable(path: Path) -> bytes | None:
    """Return a copy's bytes; None when the card does not give them: the other copy may do."""
    try:
        return durable.read(path, _MOST_BYTES)
    except CardError:
        return None
