"""`greenline demo-update`: the running demo kiosk is updated, and a bad release is undone.

All parts are those of a real kiosk: the office's signatures, the client over a link that breaks,
the installer, the launcher, the trial by the kiosk's own health. Only the slots are two folders.
"""

import contextlib
import subprocess
import threading
import time
import urllib.error
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer
from rich.console import Console
from rich.markup import escape

from greenline.cli.children import Child, greenline, started
from greenline.cli.configuration import read_configuration, write_configuration
from greenline.cli.demo import Demo, run_demo, wait_for_the_end
from greenline.cli.demo_link import broken_link
from greenline.cli.demo_releases import HARDWARE, Releases
from greenline.cli.demo_run import check, get
from greenline.cli.errors import CommandError
from greenline.cli.site import KIOSK, Site, free_port
from greenline.cli.update_config import DirectoryConfig, ServerConfig, UpdateConfig
from greenline.firmware.config import KioskConfig, UpdateFiles
from greenline.ota.directories import lay_out
from greenline.ota.image import squash
from greenline.ota.index import encode
from greenline.ota.unpacking import unpack

app = typer.Typer()

_BREAKS_AFTER: Final = 12_000
_SETTLE_S: Final = 3
_DEADLINE_S: Final = 25
_PATIENCE_S: Final = 180.0

State = dict[str, Any]


@app.command()
def demo_update(
    prints: Annotated[
        Path | None, typer.Option(help="Folder of <finger>_<impression>.png; default: synthetic.")
    ] = None,
    dpi: Annotated[float | None, typer.Option(help="Resolution of the prints.")] = None,
    folder: Annotated[Path, typer.Option(help="The demo's own folder.")] = Path(".demo-update"),
    once: Annotated[bool, typer.Option("--once", help="End when all of it was shown.")] = False,
    kiosk_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Of the kiosk's page; 0 takes a free one.")
    ] = 8801,
    simulator_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Of the simulator's page; 0 takes a free one.")
    ] = 8802,
) -> None:
    """Update a running kiosk over a bad link; then see a release that breaks it be undone."""
    console = Console(soft_wrap=True, highlight=False)
    if once:
        kiosk_port = simulator_port = 0
    ports = (kiosk_port or free_port(), simulator_port)
    source = prints.resolve() if prints else None
    updated = _Updated(console)
    with (
        contextlib.ExitStack() as ending,
        run_demo(
            folder,
            source,
            dpi,
            ports,
            paced=False,
            both=True,
            kiosk=lambda site, children: updated.start(site, children, ending),
        ) as running,
    ):
        console.print(f"\nThe kiosk's page is at [bold]{running.kiosk_url}[/bold]\n")
        _show(updated, running)
        if not once:
            console.print(f"\nLook at the page: {running.kiosk_url}  Ctrl-C ends everything.")
            wait_for_the_end(running.children)
            console.print("Ending.")


def _show(updated: "_Updated", running: Demo) -> None:
    """Do all of it, and tell what is seen. Raises CommandError when it is not what it should be."""
    console, kiosk = updated.console, running.kiosk_url
    _await(kiosk, lambda state: state["software"] == "greenline 1")
    console.print("Release 1 runs, out of the first slot.\n")

    updated.publish("2")
    updated.fetch()
    updated.run("install")
    _await(kiosk, lambda state: state["software"] == "greenline 2")
    console.print("Restarted into release 2, on trial.")
    updated.await_history("2  confirmed")
    console.print(f"Release 2 was well for {_SETTLE_S} s and is confirmed.\n")

    updated.publish("3", broken=True)
    updated.fetch()
    updated.run("install")
    updated.await_history("3  given-up")
    words = "The update to release 3 was undone"
    undone = _await(
        kiosk,
        lambda state: (
            state["software"] == "greenline 2"
            and any(notice.startswith(words) for notice in state["notices"])
        ),
    )
    told = next(notice for notice in undone["notices"] if notice.startswith(words))
    console.print(f"The kiosk's page says: [bold]{escape(told)}[/bold]\n")

    answer = check(kiosk, running.simulator_url, running.enrolled[0].shown)
    console.print(f"Release 2 runs again, and checks a finger: {answer['words']}.")
    console.print(f"As long as that stands on the page no update begins: {updated.deferred()}.\n")
    console.print("What became of each update:")
    console.print(updated.run("history"), markup=False)


@dataclass
class _Updated:
    """The demo's kiosk in its slots, its release office, and the link between the two."""

    console: Console

    def start(
        self, site: Site, children: contextlib.ExitStack, ending: contextlib.ExitStack
    ) -> Child:
        """Make the office and the slots, and start the kiosk out of release 1."""
        place = site.folder / "update"
        self._config = site.folder / "update.toml"
        self._releases = Releases(place)
        self._link = ending.enter_context(broken_link(self._releases.office.public, _BREAKS_AFTER))
        health = UpdateFiles(
            place / "health.json", place / "busy.lock", place / "records/history.jsonl",
            place / "state/status.json",
        )  # fmt: skip
        self._configure(site, place, health)
        self._lay_out(place)
        options: list[str | Path] = ["--config", self._config, "--deadline-s", str(_DEADLINE_S)]
        options += ["--settle-s", str(_SETTLE_S), "--"]
        kiosk = greenline("kiosk", "--config", site.folder / "kiosk.toml")
        command = [*greenline("update", "launch", *options), "/usr/bin/env", "PYTHONPATH={tree}"]
        log = site.folder / "logs/kiosk.log"
        return started(
            "kiosk", [*command, *kiosk], log, lambda child: child.wait_for_event("ready"), children
        )

    def publish(self, release: str, *, broken: bool = False) -> None:
        """Publish a release."""
        index = self._releases.publish(self._releases.tree(release, broken=broken), release)
        told = ", which does not understand the sensor any more" if broken else ""
        size = index.image.size / 1e6
        self.console.print(
            f"Release {release} ({size:.1f} MB{told}) is signed by two and published."
        )

    def fetch(self) -> None:
        """Have the kiosk fetch it, over the link that breaks."""
        before = self._link.breaks
        told = self.run("fetch").strip()
        breaks = self._link.breaks - before
        self.console.print(f"{told} The link broke {breaks} times on the way.")
        if not breaks:
            raise CommandError("the link did not break: this shows nothing", 8)

    def run(self, command: str) -> str:
        """Run `greenline update COMMAND` as the kiosk's timers do."""
        done = subprocess.run(
            greenline("update", command, "--config", self._config),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise CommandError(f"'greenline update {command}' failed: {done.stderr.strip()}", 5)
        return done.stdout

    def deferred(self) -> str:
        """Return why no update begins now. Raises CommandError when one does."""
        try:
            self.run("fetch")
        except CommandError as refusal:
            return str(refusal).rpartition(": ")[2]
        raise CommandError("an update began while a check was open", 1)

    def await_history(self, wanted: str) -> None:
        """Wait until an update has come to that."""
        _until(lambda: wanted in self.run("history"), wanted)

    def _configure(self, site: Site, place: Path, files: UpdateFiles) -> None:
        kiosk = read_configuration(site.folder / "kiosk.toml", KioskConfig)
        write_configuration(
            site.folder / "kiosk.toml", msgspec.structs.replace(kiosk, update=files)
        )
        update = UpdateConfig(
            device=KIOSK,
            hardware=HARDWARE,
            root=place / "root.json",
            state=place / "state",
            records=place / "records",
            busy=files.busy,
            health=files.health,
            boot=DirectoryConfig(place / "slots"),
            server=ServerConfig(self._link.url),
        )
        write_configuration(self._config, update)

    def _lay_out(self, place: Path) -> None:
        """Put release 1 into the first slot, as a factory does."""
        tree = self._releases.tree("1")
        index = self._releases.publish(tree, "1")
        published = self._releases.office.public / "metadata/1.root.json"
        (place / "root.json").write_bytes(published.read_bytes())
        slot = lay_out(place / "slots").confirmed()
        squash(tree, slot.place, keep_owners=False)
        slot.index.write_bytes(encode(index))
        unpack(slot)


def _await(kiosk: str, wanted: Callable[[State], bool]) -> State:
    """Return the kiosk's state once it is wanted; it may restart meanwhile. Raises CommandError."""
    found: list[State] = []

    def look() -> bool:
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            found[:] = [get(kiosk, "api/state")]
            return wanted(found[0])
        return False

    _until(look, "the state that is waited for")
    return found[0]


def _until(holds: Callable[[], bool], what: str) -> None:
    ticking, deadline = threading.Event(), time.monotonic() + _PATIENCE_S
    while not holds():
        if time.monotonic() > deadline:
            raise CommandError(f"the kiosk did not come to {what!r}", 1)
        ticking.wait(0.3)
