"""`greenline release`: what kiosks install. For the release officers; docs/releasing.md."""

import contextlib
import datetime
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from greenline.cli.errors import CommandError
from greenline.cli.release_keys import add_key, make, revoke, rotate_key, sign_drafts
from greenline.cli.release_status import next_step, show_status
from greenline.ota import drafting, publishing
from greenline.ota.building import Built, Terms, build
from greenline.ota.desk import MOST_TARGET_BYTES
from greenline.ota.index import encode
from greenline.ota.keyfile import fingerprint, name_of, read_public
from greenline.ota.office_files import read_file
from greenline.ota.repository import Office
from greenline.ota.seeding import seed
from greenline.ota.telling import tell_index

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Build, sign and publish what kiosks install.",
)

Folder = Annotated[Path, typer.Argument(help="The release office's folder.")]
Hardware = Annotated[list[str], typer.Option(help="What it runs on, as rpi4 or rpi5; repeatable.")]


@app.command("init")
def init(
    folder: Folder,
    root_keys: Annotated[str, typer.Option(help="Public keys, NAME.pub, with commas: 3 or more.")],
    targets_keys: Annotated[str, typer.Option(help="As --root-keys, but other keys.")],
) -> None:
    """Set up a release office from the signers' public keys. Two of each must sign."""
    office = Office(folder)
    root, targets = (
        [read_public(Path(name.strip())) for name in names.split(",") if name.strip()]
        for names in (root_keys, targets_keys)
    )
    with office.held(new=True):
        drafting.begin(office, root, targets, _now())
    print(f"The release office is in {folder}. Compare over the telephone, signer by signer:")
    for key in (*root, *targets):
        print(f"    {fingerprint(key)}  {name_of(key)}")
    next_step(office)


@app.command("build")
def build_release(  # noqa: PLR0913, PLR0917  # options
    source: Annotated[Path, typer.Argument(help="A folder, or an image as it is.")],
    office: Annotated[Path, typer.Option(help="The release office's folder.")],
    release: Annotated[str, typer.Option(help="Its name, as 1.4.0.")],
    security_version: Annotated[int, typer.Option(min=0, help="Devices never go below it.")],
    hardware: Hardware,
    bootloader_not_before: Annotated[
        str | None, typer.Option(help="The oldest bootloader it starts with, YYYY-MM-DD.")
    ] = None,
    from_security_version: Annotated[
        int, typer.Option(min=0, help="The security version that must run before it.")
    ] = 0,
    data_floor: Annotated[int, typer.Option(min=0, help="The oldest data layout it reads.")] = 0,
    rollout: Annotated[
        int, typer.Option(min=0, max=1000, help="So many of 1000 devices before the deadline.")
    ] = 1000,
    deadline: Annotated[
        str | None, typer.Option(help="From then on all devices, YYYY-MM-DD or with THH:MM UTC.")
    ] = None,
    keep_owners: Annotated[
        bool, typer.Option("--keep-owners", help="For a whole system: files keep their owners.")
    ] = False,
) -> None:
    """Build a release and draft it: image, chunks, index. Nothing is published yet."""
    terms = Terms(
        release,
        security_version,
        tuple(hardware),
        _day(bootloader_not_before),
        from_security_version,
        data_floor,
        rollout,
        _instant(deadline),
    )
    kept = Office(office)
    with kept.held(), _cutting() as cut:
        built = build(kept, source, terms, _now(), keep_owners=keep_owners, progress=cut)
    _tell_built(built)
    next_step(kept)


@contextlib.contextmanager
def _cutting() -> Iterator[Callable[[int], None]]:
    """Show on a terminal how many bytes were cut; give what is told of more."""
    columns = (TextColumn("cutting"), BarColumn(), DownloadColumn())
    with Progress(*columns, transient=True, disable=not sys.stdout.isatty()) as shown:
        task = shown.add_task("cutting", total=None)
        yield lambda size: shown.advance(task, size)


@app.command("add")
def add(
    folder: Folder,
    file: Annotated[Path, typer.Argument(help="What devices get.")],
    place: Annotated[str, typer.Option("--as", help="Its path, as models/NAME or centre/NAME.")],
) -> None:
    """Draft a file that devices get without a new image: models, configuration, centre's keys."""
    office = Office(folder)
    drafting.check_place(place)
    with office.held():
        drafting.put_target(office, place, read_file(file, MOST_TARGET_BYTES), _now())
    print(f"{place} is drafted.")
    next_step(office)


@app.command("remove")
def remove(
    folder: Folder,
    place: Annotated[str, typer.Argument(help="Its path, or release/HARDWARE.json.")],
) -> None:
    """Draft that a file or a release is no longer offered. What is installed stays installed."""
    office = Office(folder)
    with office.held():
        drafting.drop_target(office, place, _now())
    print(f"{place} is no longer offered, once this is signed and published.")
    next_step(office)


@app.command("publish")
def publish(folder: Folder) -> None:
    """Publish what has enough signatures. Devices see all of it or nothing of it."""
    office = Office(folder)
    with office.held():
        done = publishing.publish(office, _now())
    print(f"Published: {', '.join(done)}. What devices need is in {office.public}.")


@app.command("renew")
def renew(
    folder: Folder,
    role: Annotated[
        str | None, typer.Option(help="root or targets: draft it with a new end, to be signed.")
    ] = None,
) -> None:
    """Let what is published hold for longer; without --role by a timer, once a day."""
    office = Office(folder)
    if role not in {None, "root", "targets"}:
        raise CommandError(f"--role is root or targets, not {role!r}", 2)
    with office.held():
        if role is None:
            end = publishing.renew(office, _now())
            print(f"What is published holds until {end:%Y-%m-%d %H:%M} UTC.")
            return
        drafting.extend(office, role, _now())
    next_step(office)


@app.command("seed")
def seed_image(
    folder: Folder,
    to: Annotated[Path, typer.Argument(help="A folder of the image to be.")],
    security_version: Annotated[int, typer.Option(min=0, help="As it will be built with.")],
    data_floor: Annotated[int, typer.Option(min=0, help="As it will be built with.")] = 0,
) -> None:
    """Write what an image brings along: root.json, where trust begins, and floors."""
    seed(Office(folder), to, security_version, data_floor)
    print(f"{to / 'root.json'} and {to / 'floors'} are written: build the image with them.")


@app.command("discard")
def discard(folder: Folder) -> None:
    """Take back what is drafted and not yet published, with its signatures."""
    office = Office(folder)
    with office.held():
        publishing.discard(office)
    print("The desk is empty. What is published stays as it is.")


app.command("key")(make)
app.command("sign")(sign_drafts)
app.command("rotate-key")(rotate_key)
app.command("add-key")(add_key)
app.command("revoke")(revoke)
app.command("status")(show_status)


def _tell_built(built: Built) -> None:
    print(f"Built: {tell_index(built.index)}, for {', '.join(built.index.hardware)}.")
    print(f"A device without any of it fetches {built.wire / 1e6:.1f} MB,")
    for release, wire in built.wire_from.items():
        print(f"one that has release {release} {wire / 1e6:.1f} MB.")
    print(f"with the index of {len(encode(built.index)) / 1e6:.2f} MB.")


def _day(text: str | None) -> datetime.date | None:
    try:
        return None if text is None else datetime.date.fromisoformat(text)
    except ValueError as fault:
        raise CommandError(f"{text!r} is no date: YYYY-MM-DD", 2) from fault


def _instant(text: str | None) -> datetime.datetime | None:
    if text is None:
        return None
    try:
        found = datetime.datetime.fromisoformat(text)
    except ValueError as fault:
        raise CommandError(f"{text!r} is no time: YYYY-MM-DD or YYYY-MM-DDTHH:MM", 2) from fault
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)


def _now() -> datetime.datetime:
    """Return the time of this machine."""
    return datetime.datetime.now(datetime.UTC)
