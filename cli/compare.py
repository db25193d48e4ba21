"""`greenline compare`: the score of two prints, and a picture of what was paired."""

import io
import os
from pathlib import Path
from typing import Annotated

import typer
from PIL import Image

from greenline.cli.compare_layout import Side
from greenline.cli.compare_picture import draw_comparison
from greenline.cli.errors import CommandError
from greenline.cli.extract import write_whole
from greenline.cli.probes import read_record, read_template
from greenline.models.extraction import LARGEST_MM, Extractor, at_500_dpi
from greenline.models.picture import read_picture
from greenline.prints.comparison import compare as compare_prints
from greenline.prints.comparison import prepare
from greenline.prints.template import Template

app = typer.Typer()

_FORMATS = {
    ".png": "PNG",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
}


@app.command()
def compare(
    a: Annotated[Path, typer.Argument(help="A picture or an ISO/IEC 19794-2 record.")],
    b: Annotated[Path, typer.Argument(help="Another one.")],
    dpi: Annotated[
        float | None, typer.Option(help="Resolution of pictures; default: what the file says.")
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option(
            help="Draw both prints, their minutiae and the pairs into this file (.png, .tif, "
            ".bmp, .jpg). It shows the prints: guard it as you guard them."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the picture's file.")] = False,
) -> None:
    """Compare two pictures or records."""
    if picture is not None:
        _demand_place_for(picture, (a, b), force=force)
    elif force:
        raise CommandError("--force replaces a picture's file: name it with --picture", 2)
    extractor = Extractor()
    first, second = (read_template(path, dpi, extractor) for path in (a, b))
    sides = picture and (_side(a, first, dpi), _side(b, second, dpi))
    # Of a record nobody knows for certain which extractor made it: the most cautious scale.
    model = "" if read_record(a) or read_record(b) else extractor.model_id
    found = compare_prints(prepare(first), prepare(second), model=model)
    print(f"score {found.score:.3f}, {len(found.pairs)} minutiae paired")
    if picture and sides:
        _write(picture, draw_comparison(*sides, found))


def _demand_place_for(out: Path, prints: tuple[Path, Path], *, force: bool) -> None:
    """Find out before the work that its picture could not be kept. Raises CommandError."""
    if out.suffix.lower() not in _FORMATS:
        known = ", ".join(_FORMATS)
        raise CommandError(f"{out}: end the picture's name in one of {known}", 3)
    try:
        _demand_folder_of(out)
        if not out.exists():
            return
        is_print = any(path.exists() and out.samefile(path) for path in prints)
    except OSError as fault:
        raise CommandError(f"{fault.filename} cannot be looked at: {fault.strerror}", 3) from fault
    if is_print:
        raise CommandError(f"{out} is one of the two prints: it is not replaced", 3)
    if not force:
        raise CommandError(f"{out} is there already: name another file, or add --force", 3)


def _demand_folder_of(out: Path) -> None:
    if out.is_dir() or not out.parent.is_dir():
        reason = "is a folder, not a file" if out.is_dir() else f"there is no folder {out.parent}"
        raise CommandError(f"{out} cannot be written: {reason}", 3)
    if not os.access(out.parent, os.W_OK | os.X_OK):
        raise CommandError(f"{out} cannot be written: {out.parent} may not be written to", 3)


def _side(path: Path, template: Template, dpi: float | None) -> Side:
    """Return a print as it is drawn. Raises CommandError where a record is larger than a finger."""
    name = str(Path(*path.parts[-2:]))  # the folder may tell the finger
    if not read_record(path):
        return Side(name, template, at_500_dpi(read_picture(path, dpi)))
    across, down = (pixels / template.dpi * 25.4 for pixels in (template.width, template.height))
    if max(across, down) > LARGEST_MM:
        size = f"{across:.1f} x {down:.1f} mm"
        raise CommandError(f"{path}: the record's picture of {size} is too large to be drawn", 3)
    return Side(name, template)


def _write(out: Path, drawn: Image.Image) -> None:
    file = io.BytesIO()
    drawn.save(file, _FORMATS[out.suffix.lower()])
    write_whole(out, file.getvalue())
    print(f"{out}: {drawn.width} x {drawn.height} pixels")
