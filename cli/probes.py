"""Reads what a person names on the command line as a template: a picture or a record."""

from pathlib import Path

from greenline.cli.errors import CommandError
from greenline.models.extraction import Extractor
from greenline.models.picture import read_picture
from greenline.models.quality import judge
from greenline.prints import fmr
from greenline.prints.errors import RecordError
from greenline.prints.template import Template

_RECORD_MAGIC = b"FMR\0"
_MOST_RECORD_BYTES = 1 << 20


def read_template(
    path: Path, dpi: float | None, extractor: Extractor, *, otherwise_dpi: float | None = None
) -> Template:
    """Return the template of read_print() alone."""
    return read_print(path, dpi, extractor, otherwise_dpi=otherwise_dpi)[0]


def read_print(
    path: Path, dpi: float | None, extractor: Extractor, *, otherwise_dpi: float | None = None
) -> tuple[Template, int]:
    """Return template and quality (0-100) of a record's first view, or of a picture.

    dpi: of a picture; None: what the file says; otherwise_dpi: if it says nothing, None refuses.
    Raises CommandError, ModelsError, FrameError, RecordError with the file's name, and
    CommandError when there is no minutia: nothing could ever match such a print.
    """
    record = read_record(path)
    if record:
        view = _first_view(path, record)
        template, quality = view.template, view.quality
    else:
        frame = read_picture(path, dpi, otherwise_dpi=otherwise_dpi)
        template, quality = extractor.extract(frame), judge(frame).score
    if not len(template):
        raise CommandError(f"{path}: no minutia was found; is this a picture of a finger?", 3)
    return template, quality


def read_record(path: Path) -> bytes:
    """Return the bytes of a record, none when the file is something else. Raises CommandError."""
    try:
        with path.open("rb") as file:
            start = file.read(len(_RECORD_MAGIC))
            return start + file.read(_MOST_RECORD_BYTES) if start == _RECORD_MAGIC else b""
    except OSError as fault:
        raise CommandError(f"{path} cannot be read: {fault.strerror}", 3) from fault


def _first_view(path: Path, record: bytes) -> fmr.View:
    try:
        views = fmr.decode(record).views
    except RecordError as fault:
        raise RecordError(f"{path}: {fault}") from fault
    if not views:
        raise RecordError(f"{path}: the record holds no finger")
    return views[0]
