"""`greenline extract`: a picture in, an ISO/IEC 19794-2:2005 record out."""

from pathlib import Path
from typing import Annotated

import typer

from greenline.cli.errors import CommandError
from greenline.models.extraction import Extractor
from greenline.models.picture import read_picture
from greenline.models.quality import judge
from greenline.prints import fmr

app = typer.Typer()


@app.command()
def extract(
    image: Annotated[Path, typer.Argument(help="PNG, TIFF, BMP, PGM or JPEG, dark ridges.")],
    out: Annotated[Path, typer.Option(help="Where to write the record (.fmr).")],
    dpi: Annotated[
        float | None, typer.Option(help="Resolution; default: what the file says.")
    ] = None,
    finger: Annotated[int, typer.Option(min=0, max=10, help="ISO finger position.")] = 0,
) -> None:
    """Turn a picture into an ISO/IEC 19794-2 record."""
    frame = read_picture(image, dpi)
    quality = judge(frame)
    template = Extractor().extract(frame).best(255)
    if not len(template):
        raise CommandError(f"{image}: no minutia was found; is this a picture of a finger?", 3)
    record = fmr.from_template(template, finger_position=finger, quality=quality.score)
    try:
        out.write_bytes(record)
    except OSError as fault:
        raise CommandError(f"{out} cannot be written: {fault.strerror}", 3) from fault
    print(
        f"{image}: {len(template)} minutiae, quality {quality.score}, {len(record)} bytes in {out}"
    )
