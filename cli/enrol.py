"""`greenline enrol`: pictures or records of fingers onto a list of the gallery."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

from greenline.cli.configuration import read_configuration
from greenline.cli.errors import CommandError
from greenline.cli.keyfiles import read_gallery_key
from greenline.cli.probes import read_template
from greenline.matcher.config import MatcherConfig
from greenline.matcher.errors import EnrolmentError
from greenline.matcher.gallery import Gallery
from greenline.models.errors import ModelsError
from greenline.models.extraction import Extractor
from greenline.prints import fmr
from greenline.prints.errors import PrintsError

app = typer.Typer()


@app.command()
def enrol(
    pictures: Annotated[list[Path], typer.Argument(help="Pictures, or ISO/IEC 19794-2 records.")],
    config: Annotated[Path, typer.Option(help="The matcher's TOML file.")],
    list_name: Annotated[str, typer.Option("--list", help="The list; made if it is not there.")],
    reference: Annotated[
        str | None, typer.Option(help="Reference of the entry; default: the file's name.")
    ] = None,
    purpose: Annotated[
        list[str] | None, typer.Option(help="Purpose a new list may be searched for; repeatable.")
    ] = None,
    finger: Annotated[int, typer.Option(min=0, max=10, help="ISO finger position.")] = 0,
    dpi: Annotated[
        float | None, typer.Option(help="Resolution; default: what the file says.")
    ] = None,
) -> None:
    """Enrol pictures of fingers on a list."""
    settings = read_configuration(config, MatcherConfig)
    gallery = Gallery(settings.gallery, read_gallery_key(settings.keys.gallery))
    if list_name not in gallery.lists():
        if not purpose:
            raise CommandError(f"the list {list_name!r} is new: say --purpose for what it is", 4)
        gallery.create_list(list_name, tuple(purpose))
    extractor = Extractor()
    bad = 0
    for picture in track(pictures, description="Enrolling", disable=len(pictures) < 2):
        try:
            enrol_file(
                gallery, extractor, list_name, picture, reference or picture.stem, finger, dpi
            )
        except (CommandError, EnrolmentError, ModelsError, PrintsError) as fault:
            bad += 1
            print(f"{picture} was skipped: {fault}")
    print(f"{len(pictures) - bad} of {len(pictures)} enrolled on {list_name!r}")
    gallery.close()
    if bad:
        raise CommandError(f"{bad} of {len(pictures)} files could not be enrolled", 3)


def enrol_file(
    gallery: Gallery,
    extractor: Extractor,
    list_name: str,
    path: Path,
    reference: str,
    finger: int = 0,
    dpi: float | None = None,
) -> bool:
    """Enrol one file; False when it was enrolled before. Raises the faults of its parts."""
    template = read_template(path, dpi, extractor).best(255)
    record = fmr.from_template(template, finger_position=finger)
    return gallery.enrol(list_name, reference, finger, record, extractor.model_id)
