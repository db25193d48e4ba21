"""`greenline extract`: a picture in, an ISO/IEC 19794-2:2005 record out."""

import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from greenline.cli.errors import CommandError
from greenline.cli.probes import read_record
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
    if read_record(image):
        raise CommandError(f"{image} is a record already, not a picture", 3)
    frame = read_picture(image, dpi)
    quality = judge(frame)
    template = Extractor().extract(frame).best(255)
    if not len(template):
        raise CommandError(f"{image}: no minutia was found; is this a picture of a finger?", 3)
    record = fmr.from_template(template, finger_position=finger, quality=quality.score)
    write_whole(out, record)
    print(
        f"{image}: {len(template)} minutiae, quality {quality.score}, {len(record)} bytes in {out}"
    )


def write_whole(out: Path, data: bytes) -> None:
    """Write a file whole or not at all: until then what lay there stays. Raises CommandError."""
    target = out.resolve()
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(data)  # a device or a pipe
            return
        _put_in_place(data, target)
    except OSError as fault:
        raise CommandError(f"{out} cannot be written: {fault.strerror}", 3) from fault


def _put_in_place(data: bytes, target: Path) -> None:
    # Readable by its owner alone, as everything biometric.
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".greenline-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(handle)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
