"""`greenline simulate`: a simulated sensor on a pseudo-terminal, with a page to press prints on."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from greenline.cli import logs
from greenline.cli.configuration import read_configuration
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
    port: Annotated[int, typer.Option(help="Of the page; 0 takes a free one.")] = 8802,
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
    listening = listen(port)
    with PtyLine(Wire(module, paced=paced), link=link):
        serve(make_app(module, _shelf(prints, shelf, dpi)), listening)


def shown_name(title: str, finger: str) -> str:
    """Return the name under which the page offers a finger of a group."""
    return f"{title}/Finger {finger.replace('/', ' ')}"


def _shelf(folder: Path, file: Path | None, dpi: float | None) -> FolderShelf:
    fingers = {finger.name: finger for finger in find_fingers(folder)}
    if file is None:
        return FolderShelf(list(fingers.items()), (), dpi)
    shelf = read_configuration(file, ShelfFile)
    shown: list[tuple[str, Finger]] = [
        (shown_name(title, name), fingers[name])
        for title, names in shelf.groups.items()
        for name in names
        if name in fingers
    ]
    return FolderShelf(shown, (folder / path for path in shelf.hidden), dpi)
