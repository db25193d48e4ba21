"""`greenline release status`: what expires when, who signs, what waits for signatures."""

import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from greenline.cli.errors import CommandError
from greenline.ota.building import published_index
from greenline.ota.expiry import Expiry, expiries
from greenline.ota.keyfile import fingerprint, name_of
from greenline.ota.repository import Office
from greenline.ota.signing import newest_root, standings
from greenline.ota.telling import tell_index


def show_status(
    folder: Annotated[Path, typer.Argument(help="The release office's folder.")],
) -> None:
    """Show what expires when, who signs, what waits. Ends with 1 when something has expired."""
    office = Office(folder)
    office.days()
    console = Console(soft_wrap=True)
    rows = []
    if office.published() is None:
        console.print("Nothing is published yet.")
    else:
        rows = expiries(office, datetime.datetime.now(datetime.UTC))
        console.print(_calendar(rows))
        _show_targets(office)
    console.print(_signers(office))
    next_step(office)
    ended = [row for row in rows if row.state == "expired"]
    if ended:
        told = "; ".join(f"{row.role}: {row.remedy}" for row in ended)
        raise CommandError(f"devices take no updates, something has expired. {told}", 1)


def next_step(office: Office) -> None:
    """Say what waits for signatures, and what to do next."""
    waiting = standings(office.desk)
    for standing in waiting:
        print(f"{standing.words()}.")
    if any(standing.more for standing in waiting):
        print(f"Next: each signer runs 'greenline release sign {office.desk.folder} --key FILE'.")
    elif waiting:
        print(f"Next: greenline release publish {office.folder}")


def _calendar(rows: list[Expiry]) -> Table:
    table = Table("role", "version", "expires", "days left", "", box=None)
    for row in rows:
        ends = f"{row.expires:%Y-%m-%d %H:%M} UTC"
        words = "" if row.state == "valid" else f"{row.state}: {row.remedy}"
        table.add_row(row.role, str(row.version), ends, str(row.days), words)
    return table


def _signers(office: Office) -> Table:
    root = newest_root(office.desk)
    table = Table("key", "signs", "fingerprint", box=None)
    for role in ("root", "targets", "snapshot", "timestamp"):
        for keyid in root.roles[role].keyids:
            key = root.keys[keyid]
            table.add_row(name_of(key), role, fingerprint(key))
    return table


def _show_targets(office: Office) -> None:
    published = office.published()
    for path in sorted(published.targets.signed.targets) if published else ():
        hardware = path.removeprefix("release/").removesuffix(".json")
        index = published_index(office, hardware) if path.startswith("release/") else None
        print(f"{path}: {tell_index(index)}" if index else path)
