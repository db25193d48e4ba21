"""Reads what a person names on the command line as a template: a picture or a record."""

from pathlib import Path

from greenline.cli.errors import CommandError
from greenline.models.extraction import Extractor
from greenline.models.picture import read_picture
from greenline.prints import fmr
from greenline.prints.errors import RecordError
from greenline.prints.template import Template

_RECORD_MAGIC = b"FMR\0"


def read_template(path: Path, dpi: float | None, extractor: Extractor) -> Template:
    """Return the template in a record's first view, or extracted from a picture.

    Raises CommandError, ModelsError, RecordError with the file's name.
    """
    try:
        with path.open("rb") as file:
            start = file.read(len(_RECORD_MAGIC))
            data = start + file.read(1 << 20) if start == _RECORD_MAGIC else b""
    except OSError as fault:
        raise CommandError(f"{path} cannot be read: {fault.strerror}", 3) from fault
    if not data:
        return extractor.extract(read_picture(path, dpi))
    try:
        views = fmr.decode(data).views
    except RecordError as fault:
        raise RecordError(f"{path}: {fault}") from fault
    if not views:
        raise RecordError(f"{path}: the record holds no finger")
    return views[0].template
