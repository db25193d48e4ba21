"""An import: all files of a folder onto a list, good ones in batches, bad ones named.

Each batch is one transaction, and a file never stands in two: whatever ends an import, each file is
enrolled whole or not at all. Started again it goes on: what is enrolled already changes nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from greenline.matcher.errors import EnrolmentError
from greenline.matcher.gallery import Enrolment, Gallery
from greenline.matcher.gallery_files import FileReader, Told
from greenline.matcher.gallery_manifest import MANIFEST, Declared, read_manifest
from greenline.matcher.gallery_names import parse
from greenline.models.errors import PictureError
from greenline.models.extraction import Extractor
from greenline.prints.errors import PrintsError

MOST_IN_BATCH = 500  # entries: a transaction waits for the disk once

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Order:
    """What is imported, onto which list.

    finger_from_name: take finger positions from the files' names. adults: all are 18 or older,
    where no manifest says otherwise. dpi: of pictures; None: what each file says.
    """

    folder: Path
    list_name: str
    finger_from_name: bool = False
    adults: bool = False
    dpi: float | None = None


@dataclass
class Outcome:
    """How far an import came. enrolled: entries that are new; known: that were there before.

    files: taken as a whole. skipped: bad files with the reason.
    """

    found: int = 0
    files: int = 0
    enrolled: int = 0
    known: int = 0
    skipped: list[tuple[Path, str]] = field(default_factory=list)


class Import:
    """One import, run once. Its outcome can be read at any time, also after a fault."""

    def __init__(
        self,
        gallery: Gallery,
        order: Order,
        extractor: Callable[[], Extractor] = Extractor,
        most_in_batch: int = MOST_IN_BATCH,
    ) -> None:
        self.outcome = Outcome()
        self._gallery = gallery
        self._order = order
        self._most = most_in_batch
        self._reader = FileReader(extractor, order.dpi, self._holds)
        self._paths: list[Path] = []
        self._declared: dict[Path, Declared] = {}
        self._batch: list[Enrolment] = []
        self._files_in_batch = 0

    def run(self, progress: Progress = lambda _done, _total: None) -> Outcome:
        """Import all files; survey() first, if that was not done. Raises its faults, DatabaseError.

        After a DatabaseError (a full disk) the outcome tells what is enrolled and stays.
        """
        if not self._paths:
            self.survey()
        for done, path in enumerate(self._paths, 1):
            try:
                found = self._reader.read(path, self._told(path))
            except (EnrolmentError, PrintsError, PictureError) as fault:
                self.outcome.skipped.append((path, str(fault)))
            except OSError as fault:
                self.outcome.skipped.append((path, f"cannot be read: {fault.strerror}"))
            else:
                self._take(found)
            progress(done, len(self._paths))
        self._commit()
        return self.outcome

    def survey(self) -> None:
        """Find the files, and what is declared of them; a declared file that is missing is bad.

        Raises EnrolmentError when there is nothing to import, or nobody says that it may be.
        """
        folder = self._order.folder
        if not folder.is_dir():
            raise EnrolmentError(f"the folder {folder} does not exist")
        declared = read_manifest(folder)
        self._declared = declared or {}
        if declared is None and not self._order.adults:
            raise EnrolmentError(
                "people under 18 are not enrolled: confirm that all of these are 18 or older, or "
                f"put a {MANIFEST} with a column 'adult' beside the files"
            )
        self._paths = sorted(_files(folder))
        self.outcome.found = len(self._paths)
        missing = set(self._declared) - {path.relative_to(folder) for path in self._paths}
        self.outcome.skipped += [
            (folder / file, f"stands in {MANIFEST}, but is not there") for file in sorted(missing)
        ]
        if not self._paths:
            raise EnrolmentError(f"the folder {folder} holds no file")

    def _told(self, path: Path) -> Told:
        inside = path.relative_to(self._order.folder)
        reference, finger = parse(inside)
        declared = self._declared.get(inside, Declared(adult=self._order.adults))
        if not declared.adult:
            raise EnrolmentError(
                "people under 18 are not enrolled: it was not confirmed that this person is 18 or "
                "older"
            )
        if declared.finger is not None:
            finger = declared.finger
        elif not self._order.finger_from_name:
            finger = None
        return Told(declared.reference or reference, finger, declared.model)

    def _holds(self, reference: str, finger: int, source: bytes) -> bool:
        return self._gallery.holds(self._order.list_name, reference, finger, source)

    def _take(self, enrolments: list[Enrolment]) -> None:
        if not enrolments:  # a picture that is enrolled already
            self.outcome.known += 1
            self.outcome.files += 1
            return
        self._batch += enrolments
        self._files_in_batch += 1
        if len(self._batch) >= self._most:
            self._commit()

    def _commit(self) -> None:
        batch, self._batch = self._batch, []
        files, self._files_in_batch = self._files_in_batch, 0
        if batch:
            added = self._gallery.enrol_all(self._order.list_name, batch, adult=True)
            self.outcome.enrolled += added
            self.outcome.known += len(batch) - added
            self.outcome.files += files


def _files(folder: Path) -> Iterator[Path]:
    """Yield everything that is to be imported: no folders, no manifest, nothing hidden."""
    for path in folder.rglob("*"):
        inside = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in inside.parts)
        if not (hidden or path.is_dir() or inside == Path(MANIFEST)):
            yield path
