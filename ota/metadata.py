"""Asks a source for the newest signed metadata, and keeps what holds.

python-tuf's client does the asking (TUF specification 1.0.34, section 5), always from the image's
own root, in a scratch folder, since it flushes nothing and removes before it links. What it leaves
is verified once more (trusted.py), held against the floors, and taken over into two copies. Also
what it had verified when it failed is kept, as the specification has it: a newer root, once seen,
is not forgotten because somebody cut the line after it.
"""

import contextlib
import datetime
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from tuf.api import exceptions as tuf_faults
from tuf.api.metadata import TargetFile
from tuf.ngclient import Updater
from tuf.ngclient.fetcher import FetcherInterface

from greenline.ota import durable
from greenline.ota.copies import MOST_FILE_BYTES, Copies, lay_files, take_files
from greenline.ota.errors import LostError, RefusedError
from greenline.ota.floors import Floors, FloorsFile
from greenline.ota.reasons import Reason
from greenline.ota.source import MissingError, Source
from greenline.ota.trusted import Trusted, verified_names, verify

_METADATA: Final = "metadata/"
_SCRATCH: Final = "scratch"
_MOST_BYTES: Final = 5_000_000

_REASONS: Final[tuple[tuple[type[Exception], Reason], ...]] = (
    (tuf_faults.ExpiredMetadataError, Reason.EXPIRED),
    (tuf_faults.BadVersionNumberError, Reason.ROLLBACK),
    (tuf_faults.UnsignedMetadataError, Reason.BAD_SIGNATURE),
    (tuf_faults.DownloadLengthMismatchError, Reason.BROKEN_METADATA),
    (tuf_faults.RepositoryError, Reason.BROKEN_METADATA),
    (RecursionError, Reason.BROKEN_METADATA),
    (UnicodeError, Reason.BROKEN_METADATA),
)

Clock = Callable[[], datetime.datetime]


def utc_now() -> datetime.datetime:
    """Return the time as the system has it."""
    return datetime.datetime.now(datetime.UTC)


class MetadataClient:
    """The signed metadata of one device. Not safe to share between processes."""

    def __init__(
        self, state: Path, bootstrap: bytes, floors: FloorsFile, clock: Clock = utc_now
    ) -> None:
        """state: the folder of the copies; bootstrap: root.json as the image brings it."""
        self._state = state
        self._bootstrap = bootstrap
        self._floors = floors
        self._clock = clock
        self._copies = Copies(state)

    def kept(self) -> Trusted:
        """Return what the copies hold, verified, not older than the floors; without any network.

        Raises RefusedError (rollback, broken-state).
        """
        return self._judged(self._copies.read(), self._floors.read())

    def files(self) -> dict[str, bytes]:
        """Return the files of the kept metadata, by python-tuf's names: for the door."""
        return self._copies.read()

    def adopt(self, files: Mapping[str, bytes]) -> None:
        """Take over metadata from whoever asked for it, if it holds here too; nothing beside it.

        Raises RefusedError (rollback, broken-metadata, expired, too-large), CardError.
        """
        trusted = self._judged(files, self._floors.read())
        self._hold(trusted)
        signed = {name: files[name] for name in verified_names(self._bootstrap, trusted)}
        if large := [name for name, data in signed.items() if len(data) > MOST_FILE_BYTES]:
            raise RefusedError(Reason.TOO_LARGE, f"{large[0]} is larger than {MOST_FILE_BYTES}")
        if signed != self._copies.read():
            self._copies.write(signed)
        self._floors.raise_to(trusted.floors())

    def now(self) -> datetime.datetime:
        """Return the time, never before what somebody has signed: a Pi has no clock of its own."""
        floor = datetime.datetime.fromtimestamp(self._floors.read().time, datetime.UTC)
        return max(self._clock(), floor)

    def refresh(self, source: Source) -> Trusted:
        """Ask for the newest metadata. Raises RefusedError, LostError, CardError."""
        with self.session(source) as updater:
            updater.refresh()
        trusted = self.kept()
        self._hold(trusted)
        self._floors.raise_to(trusted.floors())
        return trusted

    @contextlib.contextmanager
    def session(self, source: Source) -> Iterator[Updater]:
        """Give python-tuf's client over the kept metadata; what it verified is kept at the end.

        Raises RefusedError, LostError, CardError; the body's python-tuf faults come out as these.
        """
        scratch = self._state / _SCRATCH
        known = self._copies.read()
        verify(self._bootstrap, {})
        _remove(scratch)
        lay_files(scratch, known)
        try:
            with _translated(scratch):
                yield Updater(
                    str(scratch), _METADATA, fetcher=_Fetcher(source), bootstrap=self._bootstrap
                )
        finally:
            self._keep(take_files(scratch), known)
            _remove(scratch)

    def _keep(self, files: dict[str, bytes], known: dict[str, bytes]) -> None:
        """Take over what was verified, unless it is older than the floors. Raises RefusedError."""
        floors = self._floors.read()
        trusted = self._judged(files, floors)
        if files != known:
            self._copies.write(files)
        if trusted.root.version > floors.root:
            self._floors.raise_to(Floors(root=trusted.root.version))

    def _hold(self, trusted: Trusted) -> None:
        """Refuse metadata that is not whole, or has expired. Raises RefusedError."""
        if trusted.targets is None:
            raise RefusedError(Reason.BROKEN_METADATA)
        if role := trusted.expired(self.now()):
            words = f"{role}.json has expired, by the time that this device knows to be past"
            raise RefusedError(Reason.EXPIRED, words)

    def _judged(self, files: Mapping[str, bytes], floors: Floors) -> Trusted:
        trusted = verify(self._bootstrap, files)
        if role := trusted.below(floors):
            words = f"{role}.json is older than what this device has already seen"
            raise RefusedError(Reason.ROLLBACK, words)
        return trusted


def read_target(source: Source, info: TargetFile, most: int) -> bytes:
    """Return a target that the release officers signed. Raises RefusedError, LostError.

    most: bytes that the caller has room for.
    """
    if info.length > most:
        words = f"{info.path} has {info.length} bytes, more than {most}"
        raise RefusedError(Reason.TOO_LARGE, words)
    data = source.read(target_file(info), info.length)
    if not is_target(data, info):
        raise RefusedError(Reason.BROKEN_METADATA, f"{info.path} is not what was signed")
    return data


def is_target(data: bytes, info: TargetFile) -> bool:
    """Tell whether bytes are what was signed under a target's name."""
    try:
        info.verify_length_and_hashes(data)
    except tuf_faults.LengthOrHashMismatchError:
        return False
    return True


def target_file(info: TargetFile) -> str:
    """Return where a target lies in a repository: its name begins with its hash."""
    folder, slash, name = info.path.rpartition("/")
    return f"targets/{folder}{slash}{next(iter(info.hashes.values()))}.{name}"


class _Fetcher(FetcherInterface):
    """Gives python-tuf the files of a source, as a whole and bounded."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def download_bytes(self, url: str, max_length: int) -> bytes:
        try:
            return self._source.read(url, max_length)
        except MissingError as fault:
            # "There is no newer root", when a root is what was asked for.
            raise tuf_faults.DownloadHTTPError(str(fault), 404) from fault

    def _fetch(self, url: str) -> Iterator[bytes]:
        yield self.download_bytes(url, _MOST_BYTES)


@contextlib.contextmanager
def _translated(scratch: Path) -> Iterator[None]:
    """Turn python-tuf's faults into ours."""
    try:
        yield
    except (LostError, RefusedError):
        raise
    except tuf_faults.DownloadHTTPError as fault:
        raise MissingError(str(fault)) from fault
    except tuple(kind for kind, _ in _REASONS) as fault:
        reason = next(reason for kind, reason in _REASONS if isinstance(fault, kind))
        raise RefusedError(reason, f"the signed metadata was refused: {fault}") from fault
    except tuf_faults.DownloadError as fault:
        raise LostError(str(fault)) from fault
    except OSError as fault:
        raise durable.card_error(scratch, fault) from fault


def _remove(folder: Path) -> None:
    with durable.on_card(folder):
        if folder.exists():
            shutil.rmtree(folder)
