"""`greenline queue`: what waits in a kiosk for the matcher, never what is in it. By technicians."""

import contextlib
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from greenline.cli.configuration import read_configuration
from greenline.cli.errors import CommandError
from greenline.cli.queue_asking import NoKioskError, ask
from greenline.cli.queue_export import export_queue
from greenline.cli.queue_rows import cells, facts
from greenline.firmware.config import KioskConfig
from greenline.firmware.errors import WipedError
from greenline.firmware.queue_messages import Done, Item, Items, List, Retry
from greenline.firmware.store_reading import StoreBusyError, reading
from greenline.firmware.wipe import is_wiped

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Show what waits in a kiosk for the matcher, send it again, carry it by hand.",
)

NOT_RUNNING = "The kiosk is not running: this is what its store holds."
_SHORTEST_ID = 4
_TABLE_WIDTH = 100

Config = Annotated[Path, typer.Option(help="The kiosk's TOML file.")]


@dataclass(frozen=True)
class _Found:
    """What waits, and whether a running kiosk said so."""

    items: list[Item]
    running: bool


@app.command("list")
def list_queue(
    config: Config,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show everything that waits."""
    found = _find(config)
    if as_json:
        rows = [facts(item) for item in found.items]
        print(json.dumps({"running": found.running, "waiting": rows}, indent=1))
        return
    _say_who_answers(found)
    if not found.items:
        print("Nothing waits.")
        return
    heads = ("id", "lane", "where it is", "age", "expires in", "offers", "bytes")
    table = Table(*heads, box=None)
    for item in found.items:
        table.add_row(*cells(item))
    Console(soft_wrap=True, width=_TABLE_WIDTH).print(table)


@app.command("show")
def show(
    request: Annotated[str, typer.Argument(metavar="ID", help="Its id, or how that begins.")],
    config: Config,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show all that is known of one request."""
    found = _find(config)
    item = _one(found.items, request)
    if as_json:
        print(json.dumps({"running": found.running, **facts(item)}, indent=1))
        return
    _say_who_answers(found)
    for name, value in facts(item).items():
        if value is not None:
            print(f"{name.replace('_', ' ')}: {value}")


@app.command("retry")
def retry(
    config: Config,
    request: Annotated[
        str | None, typer.Argument(metavar="ID", help="Its id, or how that begins.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that waits.")] = False,
) -> None:
    """Have a request offered to the broker now, and not when its time has come."""
    if everything == (request is not None):
        raise typer.BadParameter("name one request, or say --all")
    settings = _settings(config)
    found = _find(config)
    if not found.running:
        raise CommandError("the kiosk is not running: when it starts it offers everything", 1)
    wanted = None if request is None else _one(found.items, request).request_id
    try:
        count = sum(r.count for r in ask(settings.store, Retry(wanted)) if isinstance(r, Done))
    except NoKioskError as fault:
        raise CommandError("the kiosk has just ended: when it starts it offers all", 1) from fault
    print(f"{count} offered as soon as there is a link; what is being sent already goes on.")


@app.command("export")
def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder to make.")],
    config: Config,
) -> None:
    """Write the sealed requests into files, to be carried to the centre. They stay here too."""
    settings = _settings(config)
    count = export_queue(settings, folder)
    print(f"{count} sealed requests are in {folder}. Nobody but the matcher can open them.")
    print("They go on waiting here: whatever comes twice is answered once.")


def _settings(config: Path) -> KioskConfig:
    settings = read_configuration(config, KioskConfig)
    if is_wiped(settings.store):
        raise WipedError
    return settings


def _find(config: Path) -> _Found:
    """Ask the kiosk; if none runs, look into its store."""
    settings = _settings(config)
    with contextlib.suppress(NoKioskError):
        parts = [r.items for r in ask(settings.store, List()) if isinstance(r, Items)]
        return _Found([item for part in parts for item in part], running=True)
    try:
        with reading(settings.store) as store:
            return _Found(store.items(time.time_ns() // 1_000_000), running=False)
    except StoreBusyError as fault:
        raise CommandError(
            f"{fault}, which cannot be asked: it may just be starting. Try again; if that does not "
            "help look at its log ('no door to the queue')",
            5,
        ) from fault


def _one(items: list[Item], begins: str) -> Item:
    wanted = begins.lower()
    if len(wanted) < _SHORTEST_ID:
        raise typer.BadParameter(f"give at least {_SHORTEST_ID} characters of the id")
    found = [item for item in items if item.request_id.hex().startswith(wanted)]
    if not found:
        raise CommandError(
            f"nothing that waits begins with {begins}: it was answered, has expired, or never "
            "was here",
            1,
        )
    if len(found) > 1:
        raise CommandError(f"{len(found)} that wait begin with {begins}: give more of the id", 1)
    return found[0]


def _say_who_answers(found: _Found) -> None:
    if not found.running:
        print(NOT_RUNNING, file=sys.stderr)
