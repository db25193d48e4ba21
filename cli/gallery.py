"""`greenline gallery`: fill, export, check and count the gallery, each with its progress."""

import contextlib
import datetime
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

from greenline.cli.auditing import audited_gallery, who
from greenline.cli.configuration import read_configuration
from greenline.cli.enrol import NOT_CONFIRMED
from greenline.cli.errors import CommandError
from greenline.cli.extract import write_whole
from greenline.cli.gallery_stats import print_stats
from greenline.matcher.audit_events import exported as disclosed
from greenline.matcher.blocks import MOST_ENTRIES
from greenline.matcher.config import MatcherConfig
from greenline.matcher.errors import DatabaseError
from greenline.matcher.gallery import Gallery
from greenline.matcher.gallery_export import Exported, exported
from greenline.matcher.gallery_manifest import MANIFEST, write_manifest
from greenline.matcher.gallery_verify import Findings
from greenline.matcher.gallery_verify import verify as look_through
from greenline.matcher.importing import Import, Order, Outcome

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Fill, export, check and count the gallery."
)

_DAY_MS = 24 * 3600 * 1000

Config = Annotated[Path, typer.Option(help="The matcher's TOML file.")]
ListName = Annotated[str, typer.Option("--list", help="The list.")]


@app.command("import")
def import_folder(  # noqa: PLR0913, PLR0917  # as many as there are options
    folder: Annotated[Path, typer.Argument(help="Records (ISO 19794-2, ANSI 378) and pictures.")],
    config: Config,
    list_name: ListName,
    finger_from_name: Annotated[
        bool, typer.Option("--finger-from-name", help="Read <reference>_finger<position>.")
    ] = False,
    adult_confirmed: Annotated[
        bool, typer.Option("--adult-confirmed", help="Everybody in it is 18 or older.")
    ] = False,
    purpose: Annotated[
        list[str] | None, typer.Option(help="Purpose a new list may be searched for; repeatable.")
    ] = None,
    owner: Annotated[str, typer.Option(help="Who answers for a new list.")] = "",
    valid_until: Annotated[
        datetime.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Last day of a new list, UTC."),
    ] = None,
    dpi: Annotated[
        float | None,
        typer.Option(min=250, max=2000, help="Of the pictures; default: what each file says."),
    ] = None,
) -> None:
    """Enrol all files of a folder; started again it goes on.

    Bad files are named and skipped. manifest.csv in the folder may declare each file.
    """
    if not (adult_confirmed or (folder / MANIFEST).exists()):
        raise CommandError(f"{NOT_CONFIRMED}, or declare it of each in {MANIFEST}", 2)
    order = Order(folder, list_name, finger_from_name, adult_confirmed, dpi)
    with _opened(config) as gallery:
        run = Import(gallery, order)
        run.survey()
        if list_name not in gallery.lists():
            _create(gallery, list_name, purpose, owner, valid_until)
        _run(run, gallery)
    _tell(run.outcome, list_name)


@app.command()
def export(
    config: Config,
    list_name: ListName,
    out: Annotated[Path, typer.Option(help="A new or empty folder.")],
) -> None:
    """Write a list as ISO/IEC 19794-2 records that `import` reads. They are not encrypted."""
    folder = _new_folder(out)
    with audited_gallery(read_configuration(config, MatcherConfig)) as (gallery, audited):
        entries = gallery.stats().entries.get(list_name, 0)
        audited.log.note(disclosed(list_name, entries, who()))
        written, lost = _export(gallery, list_name, folder)
    print(f"{written} entries of {list_name!r} are in {out}, not encrypted")
    for entry_id in lost:
        print(f"entry {entry_id} cannot be read", file=sys.stderr)
    if lost:
        raise CommandError(f"entries that could not be read, see above: {len(lost)}", 1)


@app.command()
def verify(
    config: Config,
    repair: Annotated[
        bool, typer.Option("--repair", help="Make damaged blocks anew; nothing else is changed.")
    ] = False,
) -> None:
    """Read every page, record and block; exit code 1 when something is damaged."""
    with _opened(config) as gallery:
        found = _looked_through(gallery)
        if found.damaged and repair:
            with _progress("Preparing") as progress:
                print(f"blocks made anew: {gallery.compact(progress)}")
            found = _looked_through(gallery)
    if not found.whole:
        raise CommandError("the gallery is not whole: docs/gallery.md says how it is repaired", 1)
    print("all of it can be read")


def _looked_through(gallery: Gallery) -> Findings:
    with _progress("Reading") as progress:
        found = look_through(gallery, progress)
    stale = f", {found.stale} of an older version" if found.stale else ""
    print(f"{found.entries} entries, {found.blocks} blocks{stale}")
    for sentence in found.told:
        print(sentence)
    return found


@app.command()
def remove(
    config: Config,
    list_name: Annotated[str, typer.Option("--list")],
    reference: Annotated[str, typer.Option(help="All fingers of this reference are removed.")],
) -> None:
    """Remove a reference's fingers from a list, for good; no search finds them afterwards."""
    with _opened(config) as gallery:
        if list_name not in gallery.lists():
            raise CommandError(f"there is no list {list_name!r}; `gallery stats` names them", 2)
        removed = gallery.remove(list_name, reference)
    if not removed:
        raise CommandError(
            f"{reference!r} is not on the list {list_name!r}; nothing was changed", 3
        )
    print(f"{removed} fingers of {reference!r} were removed from {list_name!r}")


@app.command()
def stats(config: Config) -> None:
    """Count lists, entries, persons, models; show sizes and the last change."""
    path = read_configuration(config, MatcherConfig).gallery
    with _opened(config) as gallery:
        print_stats(gallery.lists(), gallery.stats(), path.stat().st_size)


@contextlib.contextmanager
def _opened(config: Path) -> Iterator[Gallery]:
    with audited_gallery(read_configuration(config, MatcherConfig)) as (gallery, _):
        yield gallery


@contextlib.contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    columns = (*Progress.get_default_columns()[:-1], MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as shown:
        task = shown.add_task(what, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)


def _create(
    gallery: Gallery,
    list_name: str,
    purpose: list[str] | None,
    owner: str,
    valid_until: datetime.datetime | None,
) -> None:
    if not purpose:
        raise CommandError(f"the list {list_name!r} is new: say --purpose for what it is", 2)
    until = None if valid_until is None else _end_of(valid_until)
    gallery.create_list(list_name, tuple(purpose), owner=owner, valid_until_ms=until)


def _run(run: Import, gallery: Gallery) -> None:
    """Enrol what was found, and bring it into blocks when that is worth it."""
    try:
        with _progress("Importing") as progress:
            run.run(progress)
    except DatabaseError as fault:
        raise CommandError(f"{fault}. {_kept(run.outcome)}", 5) from fault
    if gallery.unplaced() >= MOST_ENTRIES:
        with _progress("Preparing") as progress:
            gallery.compact(progress)


def _end_of(day: datetime.datetime) -> int:
    return int(day.replace(tzinfo=datetime.UTC).timestamp() * 1000) + _DAY_MS


def _kept(outcome: Outcome) -> str:
    return (
        f"{outcome.enrolled} new entries of {outcome.files} of {outcome.found} files are enrolled "
        "and stay; the same command goes on from there"
    )


def _tell(outcome: Outcome, list_name: str) -> None:
    print(
        f"{outcome.enrolled} entries enrolled on {list_name!r}, {outcome.known} were there before "
        f"({outcome.files} of {outcome.found} files)"
    )
    for path, reason in outcome.skipped:
        print(f"{path} was skipped: {reason}", file=sys.stderr)
    if outcome.skipped:
        raise CommandError(f"files that were skipped, see above: {len(outcome.skipped)}", 3)


def _new_folder(out: Path) -> Path:
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(out.iterdir()):
            raise CommandError(f"{out} is not empty: name a new folder", 3)
    except OSError as fault:
        raise CommandError(f"{out} cannot be written: {fault.strerror}", 3) from fault
    return out


def _export(gallery: Gallery, list_name: str, folder: Path) -> tuple[int, list[int]]:
    """Write the records, and the manifest last: without it an export was interrupted."""
    rows, lost = [], []
    total = len(gallery.entry_ids())
    with _progress("Exporting") as progress:
        for done, one in enumerate(exported(gallery, list_name), 1):
            if one.record is None:
                lost.append(one.entry_id)
            else:
                _write(folder, one, one.record)
                rows.append((one.name, one.declared))
            progress(done, total)
    write_whole(folder / MANIFEST, write_manifest(rows))
    return len(rows), lost


def _write(folder: Path, one: Exported, record: bytes) -> None:
    path = folder / one.name
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(record)
    except OSError as fault:
        raise CommandError(f"{path} cannot be written: {fault.strerror}", 3) from fault
