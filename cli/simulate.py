"""`greenline simulate`: a simulated sensor on a pseudo-terminal, with a page to press prints on."""

import contextlib
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from greenline.cli import logs
from greenline.cli.configuration import read_configuration
from greenline.cli.errors import CommandError
from greenline.cli.serving import listen, serve
from greenline.cli.shelf import Finger, FolderShelf, find_fingers
from greenline.drivers.simulation.line import PtyLine
from greenline.drivers.simulation.page import make_app
from greenline.drivers.simulation.wire import Wire
from greenline.drivers.simulation.zfm_kinds import AS608, R503
from greenline.drivers.simulation.zfm_module import ZfmModule

app = typer.Typer()


class Model(StrEnum):
    """The modules that are simulated."""

    AS608 = "as608"
    R503 = "r503"


class ShelfFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which prints of a folder lie on the page. groups: title to finger names; hidden: pictures."""

    groups: dict[str, list[str]]
    hidden: list[str]


@app.command()
def simulate(
    prints: Annotated[Path, typer.Option(help="Folder of <finger>_<impression>.png.")],
    link: Annotated[Path, typer.Option(help="Where the kiosk finds the sensor (serial:LINK).")],
    model: Annotated[Model, typer.Option(help="Which module.")] = Model.AS608,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Of the page; 0 takes a free one.")
    ] = 8802,
    paced: Annotated[
        bool, typer.Option(help="Send as slowly as the real line does at its speed.")
    ] = True,
    dpi: Annotated[
        float | None, typer.Option(help="Resolution; default: what the file says.")
    ] = None,
    shelf: Annotated[
        Path | None, typer.Option(help="TOML file: which prints to offer, which to hold back.")
    ] = None,
) -> None:
    """Run a simulated sensor with a page on which prints are pressed."""
    logs.set_up("sensor simulator")
    module = ZfmModule(AS608 if model is Model.AS608 else R503)
    offered = _shelf(prints, shelf, dpi)
    if link.is_symlink() and not link.readlink().is_relative_to("/dev/pts"):
        raise CommandError(f"{link} is the link to a real device: name another --link", 2)
    with listen(port) as listening, contextlib.ExitStack() as plugged:
        try:
            plugged.enter_context(PtyLine(Wire(module, paced=paced), link=link))
        except OSError as fault:
            raise CommandError(f"the link {link} cannot be made: {fault.strerror}", 6) from fault
        serve(make_app(module, offered), listening)


def shown_name(title: str, finger: str) -> str:
    """Return the name under which the page offers a finger of a group."""
    return f"{title}/Finger {finger.replace('/', ' ')}"


def _shelf(folder: Path, file: Path | None, dpi: float | None) -> FolderShelf:
    fingers = {finger.name: finger for finger in find_fingers(folder)}
    if file is None:
        return FolderShelf(list(fingers.items()), (), dpi)
    shelf = read_configuration(file, ShelfFile)
    missing = {name for names in shelf.groups.values() for name in names} - set(fingers)
    if missing:
        raise CommandError(f"{file}: {folder} has no finger {min(missing)!r}", 4)
    shown: list[tuple[str, Finger]] = [
        (shown_name(title, name), fingers[name])
        for title, names in shelf.groups.items()
        for name in names
    ]
    return FolderShelf(shown, (folder / path for path in shelf.hidden), dpi)
