"""Reads what a person names on the command line as a template: a picture or a record."""

from dataclasses import dataclass
from pathlib import Path

from greenline.cli.errors import CommandError
from greenline.models.extraction import Extractor
from greenline.models.picture import read_picture
from greenline.models.quality import judge
from greenline.prints import ansi378, fmr
from greenline.prints.errors import RecordError
from greenline.prints.template import Template

_RECORD_MAGIC = b"FMR\0"
_MOST_RECORD_BYTES = 1 << 20


@dataclass(frozen=True)
class Print:
    """What a file gave. quality: 0-100. model: what found the minutiae; of a record its format."""

    template: Template
    quality: int
    model: str


def read_template(
    path: Path, dpi: float | None, extractor: Extractor, *, otherwise_dpi: float | None = None
) -> Template:
    """Return the template of read_print() alone."""
    return read_print(path, dpi, extractor, otherwise_dpi=otherwise_dpi).template


def read_print(
    path: Path, dpi: float | None, extractor: Extractor, *, otherwise_dpi: float | None = None
) -> Print:
    """Return the print of a record's first view (ISO 19794-2, ANSI 378), or of a picture.

    dpi: of a picture; None: what the file says; otherwise_dpi: if it says nothing, None refuses.
    Raises CommandError, ModelsError, FrameError, RecordError with the file's name, and
    CommandError when there is no minutia: nothing could ever match such a print.
    """
    record = read_record(path)
    if record:
        read = _first_view(path, record)
    else:
        frame = read_picture(path, dpi, otherwise_dpi=otherwise_dpi)
        read = Print(extractor.extract(frame), judge(frame).score, extractor.model_id)
    if not len(read.template):
        raise CommandError(f"{path}: no minutia was found; is this a picture of a finger?", 3)
    return read


def read_record(path: Path) -> bytes:
    """Return the bytes of a record, none when the file is something else. Raises CommandError."""
    try:
        with path.open("rb") as file:
            start = file.read(len(_RECORD_MAGIC))
            return start + file.read(_MOST_RECORD_BYTES) if start == _RECORD_MAGIC else b""
    except OSError as fault:
        raise CommandError(f"{path} cannot be read: {fault.strerror}", 3) from fault


def _first_view(path: Path, record: bytes) -> Print:
    foreign = ansi378.is_ansi378(record)
    try:
        views = (ansi378 if foreign else fmr).decode(record).views
    except RecordError as fault:
        raise RecordError(f"{path}: {fault}") from fault
    if not views:
        raise RecordError(f"{path}: the record holds no finger")
    model = ansi378.FORMAT if foreign else fmr.FORMAT
    return Print(views[0].template, views[0].quality, model)
