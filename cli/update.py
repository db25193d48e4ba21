"""`greenline update`: ask for a new release, fetch it, say where it stands; docs/updates.md."""

import contextlib
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from greenline.cli import update_install
from greenline.cli.configuration import read_configuration
from greenline.cli.update_config import Parts, UpdateConfig, assemble
from greenline.cli.update_user import become_client
from greenline.ota.client import Found
from greenline.ota.download import Progress
from greenline.ota.durable import make_folder, on_card
from greenline.ota.errors import RefusedError
from greenline.ota.lock import one_updater
from greenline.ota.source import Source
from greenline.ota.status import State, read_status, sentences
from greenline.ota.trusted import Trusted

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Ask for a new release, fetch it, install it; docs/updates.md.",
)

update_install.add_to(app)

Config = Annotated[Path, typer.Option(help="TOML file; see docs/updates.md.")]
Stick = Annotated[
    Path | None,
    typer.Option("--from", help="A USB stick's folder with a release, instead of the server."),
]


@app.command("check")
def check(config: Config, stick: Stick = None) -> None:
    """Ask whether there is a newer release for this device, and how much of it must be fetched."""
    parts = _parts(config)
    with _alone(parts), parts.status.telling(), parts.source(stick) as source:
        found = parts.client.check(source, parts.boot.running())
        if found is None:
            parts.status.tell(State.UP_TO_DATE)
            print("This device runs the newest release.")
            return
        plan = parts.client.plan(found, parts.slots())
        if parts.status.read().release != found.index.release:
            parts.status.tell(State.AVAILABLE, found.index.release, total=found.index.image.size)
    print(f"Release {found.index.release} is there for this device.")
    print(f"To fetch: {plan.to_fetch} bytes; on the card already: {plan.held} bytes.")


@app.command("fetch")
def fetch(config: Config, stick: Stick = None) -> None:
    """Fetch the newest release into the slot that does not run; goes on where it ended before."""
    parts = _parts(config)
    with _alone(parts), parts.status.telling(), parts.source(stick) as source:
        parts.door.wait_for_nobody()
        trusted = parts.client.refresh(source)
        refused = _take_files(parts, trusted, source)
        found = parts.client.find(trusted, source, parts.boot.running())
        if found is None:
            parts.status.tell(State.UP_TO_DATE)
            print("This device runs the newest release.")
        else:
            _fetch_release(parts, found, source)
        if refused is not None:
            raise refused


@app.command("status")
def status(
    config: Config,
    as_json: Annotated[bool, typer.Option("--json", help="As the file has it.")] = False,
) -> None:
    """Say where the update stands, and why."""
    known = read_status(read_configuration(config, UpdateConfig).state / "status.json")
    if as_json:
        print(msgspec.json.encode(known).decode())
        return
    print("\n".join(sentences(known)))


def _parts(config: Path) -> Parts:
    settings = read_configuration(config, UpdateConfig)
    become_client(settings, config)
    return assemble(settings)


def _alone(parts: Parts) -> contextlib.AbstractContextManager[None]:
    with on_card(parts.config.state):
        make_folder(parts.config.state)
    return one_updater(parts.config.state / "update.lock")


def _take_files(parts: Parts, trusted: Trusted, source: Source) -> RefusedError | None:
    """Bring the other signed files up to date; returns a refusal, which must stop no release."""
    try:
        for name in parts.files.take(trusted, source):
            print(f"Changed: {name}")
        if parts.config.files:
            _hand_over(parts)
    except RefusedError as fault:
        return fault
    return None


def _hand_over(parts: Parts) -> None:
    """Give the installer the signed files that it lacks: where it keeps them they are believed."""
    for name in parts.door.lacking(parts.metadata.files()):
        data = parts.files.read(name)
        if data is not None:
            parts.door.lay(name, data)


def _fetch_release(parts: Parts, found: Found, source: Source) -> None:
    release, total = found.index.release, found.index.image.size
    last = Progress(0, total, 0)

    def told(progress: Progress) -> None:
        nonlocal last
        last = progress
        counts = {"done": last.done, "total": total, "fetched": last.fetched}
        parts.status.tell(State.DOWNLOADING, release, **counts)

    parts.client.fetch(found, source, parts.slots(), told)
    parts.status.tell(State.READY, release, done=total, total=total, fetched=last.fetched)
    print(f"Release {release} is fetched ({last.fetched} bytes read) and can be installed.")
