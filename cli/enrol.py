"""`greenline enrol`: pictures or records of fingers onto a list of the gallery."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

from greenline.cli.auditing import audited_gallery
from greenline.cli.configuration import read_configuration
from greenline.cli.errors import CommandError
from greenline.cli.probes import read_print
from greenline.matcher.config import MatcherConfig
from greenline.matcher.errors import EnrolmentError
from greenline.matcher.gallery import Gallery
from greenline.models.errors import ModelsError
from greenline.models.extraction import Extractor
from greenline.prints import fmr
from greenline.prints.errors import PrintsError

NOT_CONFIRMED = "people under 18 are not enrolled: say --adult-confirmed if this is known of all"

app = typer.Typer()


@app.command()
def enrol(  # noqa: PLR0917  # as many as there are options
    pictures: Annotated[
        list[Path], typer.Argument(help="Pictures, or ISO 19794-2 or ANSI 378 records.")
    ],
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
        float | None,
        typer.Option(min=250, max=2000, help="Resolution; default: what the file says."),
    ] = None,
    adult_confirmed: Annotated[
        bool, typer.Option("--adult-confirmed", help="This person is 18 or older: required.")
    ] = False,
) -> None:
    """Enrol pictures of fingers on a list. People under 18 are not enrolled."""
    if not adult_confirmed:
        raise CommandError(NOT_CONFIRMED, 2)
    settings = read_configuration(config, MatcherConfig)
    with audited_gallery(settings) as (gallery, _):
        is_new = list_name not in gallery.lists()
        if is_new and not purpose:
            raise CommandError(f"the list {list_name!r} is new: say --purpose for what it is", 2)
        order = _Order(list_name, tuple(purpose or ()) if is_new else (), reference, finger, dpi)
        bad = _enrol_all(gallery, order, pictures)
    print(f"{len(pictures) - bad} of {len(pictures)} enrolled on {list_name!r}")
    if bad:
        raise CommandError(f"{bad} of {len(pictures)} files could not be enrolled", 3)


@dataclass(frozen=True)
class _Order:
    """What holds for all pictures. purposes: of a list that must be made; empty: it is there."""

    list_name: str
    purposes: tuple[str, ...]
    reference: str | None
    finger: int
    dpi: float | None


def _enrol_all(gallery: Gallery, order: _Order, pictures: list[Path]) -> int:
    """Enrol file by file; return how many could not be. A single file's fault is raised."""
    extractor = Extractor()
    bad = 0
    for picture in track(pictures, description="Enrolling", disable=len(pictures) < 2):
        try:
            record, model = record_of(extractor, picture, order.finger, order.dpi)
            if order.purposes and order.list_name not in gallery.lists():
                gallery.create_list(order.list_name, order.purposes)
            name = order.reference or picture.stem
            gallery.enrol(order.list_name, name, order.finger, record, model, adult=True)
        except (CommandError, EnrolmentError, ModelsError, PrintsError) as fault:
            if len(pictures) == 1:
                raise
            bad += 1
            print(f"{picture} was skipped: {fault}", file=sys.stderr)
    return bad


def enrol_file(
    gallery: Gallery,
    extractor: Extractor,
    list_name: str,
    path: Path,
    reference: str,
    finger: int = 0,
    dpi: float | None = None,
    *,
    otherwise_dpi: float | None = None,
) -> bool:
    """Enrol one file; False when it was enrolled before. Raises the faults of its parts.

    Who calls this answers for the person being 18 or older.
    """
    record, model = record_of(extractor, path, finger, dpi, otherwise_dpi=otherwise_dpi)
    return gallery.enrol(list_name, reference, finger, record, model, adult=True)


def record_of(
    extractor: Extractor,
    path: Path,
    finger: int,
    dpi: float | None,
    *,
    otherwise_dpi: float | None = None,
) -> tuple[bytes, str]:
    """Return the ISO/IEC 19794-2 record of a picture or record, as a gallery keeps it.

    Second: what found the minutiae, which says on what scale their scores are.
    """
    read = read_print(path, dpi, extractor, otherwise_dpi=otherwise_dpi)
    best = read.template.best(255)
    return fmr.from_template(best, finger_position=finger, quality=read.quality), read.model
