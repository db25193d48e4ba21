"""From one file to what is enrolled of it: records of two standards, or a picture.

A file is taken whole or not at all: every view of a record is an entry, and one that cannot be
enrolled keeps the others out too.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from greenline.matcher.errors import EnrolmentError
from greenline.matcher.gallery_checks import check, check_resolution
from greenline.matcher.gallery_records import Enrolment
from greenline.models.extraction import Extractor
from greenline.models.picture import read_picture
from greenline.models.quality import judge
from greenline.prints import ansi378, fmr
from greenline.prints.template import Template

MOST_RECORD_BYTES = 1 << 20

"""What stands as model of a record whose maker is not told."""


@dataclass(frozen=True)
class Told:
    """What is known of a file beside its content. finger, model: None: the file itself tells."""

    reference: str
    finger: int | None
    model: str | None


class FileReader:
    """Reads files. extractor: makes the one that pictures are read with, when the first comes.

    dpi: of pictures; None: what the file says. known: whether what was made of this source is in
    the gallery (reference, finger, source): such a picture is not read again.
    """

    def __init__(
        self,
        extractor: Callable[[], Extractor],
        dpi: float | None,
        known: Callable[[str, int, bytes], bool],
    ) -> None:
        self._make = extractor
        self._made: Extractor | None = None
        self._dpi = dpi
        self._known = known

    def read(self, path: Path, told: Told) -> list[Enrolment]:
        """Return what is to be enrolled; nothing of a picture that is enrolled already.

        Raises EnrolmentError, RecordError, FrameError, PictureError, OSError: the file is bad;
        and what an Extractor raises when it is made.
        """
        if path.exists() and not path.is_file():  # to open a pipe would wait for ever
            raise EnrolmentError("is not a file")
        with path.open("rb") as file:
            data = file.read(len(fmr.MAGIC))
            if data == fmr.MAGIC:
                data += file.read(MOST_RECORD_BYTES)
                found = _of_record(data, told)
            else:
                found = self._of_picture(path, told)
        for enrolment in found:
            check(enrolment)
        return found

    def _of_picture(self, path: Path, told: Told) -> list[Enrolment]:
        finger = told.finger or 0
        frame = read_picture(path, self._dpi)
        check_resolution(told.reference, frame.dpi)
        extractor = self._made = self._made or self._make()
        source = hashlib.sha256(f"{extractor.model_id}\n{self._dpi}\n".encode())
        source.update(path.read_bytes())
        if self._known(told.reference, finger, source.digest()):
            return []
        template = extractor.extract(frame)
        if not len(template):
            raise EnrolmentError("no minutia was found; is this a picture of a finger?")
        record = record_of(template, finger, judge(frame).score)
        model = told.model or extractor.model_id
        return [Enrolment(told.reference, finger, record, model, source.digest())]


def record_of(template: Template, finger: int, quality: int) -> bytes:
    """Return a template as a gallery keeps it. Raises RecordError."""
    return fmr.from_template(template.best(255), finger_position=finger, quality=quality)


def _of_record(data: bytes, told: Told) -> list[Enrolment]:
    if ansi378.is_ansi378(data):
        record, model = ansi378.decode(data), ansi378.FORMAT
        return [_of_view(record, number, told, model) for number in range(len(record.views))]
    record = fmr.decode(data)
    if len(record.views) == 1:  # kept to the byte, so that what was exported is known again
        finger = _finger(record.views[0].finger_position, told)
        return [Enrolment(told.reference, finger, data, told.model or fmr.FORMAT)]
    return [_of_view(record, number, told, fmr.FORMAT) for number in range(len(record.views))]


def _of_view(record: fmr.Record, number: int, told: Told, model: str) -> Enrolment:
    view = replace(record.views[number], view_number=0)
    finger = _finger(view.finger_position, told)
    alone = fmr.encode(replace(record, views=(view,)))
    return Enrolment(told.reference, finger, alone, told.model or model)


def _finger(recorded: int, told: Told) -> int:
    if told.finger is None:
        return recorded
    if recorded not in {0, told.finger}:
        raise EnrolmentError(
            f"it is named as finger {told.finger}, but its record is of {recorded}"
        )
    return told.finger
