"""`greenline demo`: a whole checkpoint on this machine, every part real but the finger.

Broker, matcher with a gallery, uplink and kiosk are the processes of a real site; the kiosk's
sensor is a simulator behind a pseudo-terminal that speaks the module's serial protocol.
"""

import contextlib
import hashlib
import re
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from greenline.cli.children import (
    ENDING_SIGNALS,
    Child,
    greenline,
    interruptible,
    signals_held_back,
    started,
)
from greenline.cli.configuration import write_configuration
from greenline.cli.demo_folder import claimed, synthetic_prints
from greenline.cli.demo_run import Pressed, run_once
from greenline.cli.enrol import enrol_file
from greenline.cli.errors import CommandError
from greenline.cli.shelf import USUAL_DPI, Finger, find_fingers
from greenline.cli.simulate import ShelfFile, shown_name
from greenline.cli.site import LIST, PURPOSE, Site, SiteOptions, build_site
from greenline.matcher.errors import EnrolmentError
from greenline.matcher.gallery import Gallery
from greenline.models.errors import ModelsError
from greenline.models.extraction import Extractor
from greenline.prints.errors import PrintsError

app = typer.Typer()

_MOST_ENROLLED = 40
_MOST_UNKNOWN = 20
_UNKNOWN_EVERY = 3
ENROLLED, UNKNOWN = "Enrolled", "Not enrolled"


@dataclass(frozen=True)
class Demo:
    """A running demo: its site, its children, its two pages."""

    site: Site
    children: tuple[Child, ...]
    kiosk_url: str
    simulator_url: str
    enrolled: tuple[Pressed, ...]
    unknown: tuple[Pressed, ...]


KioskStart = Callable[[Site, contextlib.ExitStack], Child]


def usual_kiosk(site: Site, ending: contextlib.ExitStack) -> Child:
    """Start a site's kiosk; ending is given its end."""
    return site.start("kiosk", ending)


@app.command()
def demo(
    prints: Annotated[
        Path | None, typer.Option(help="Folder of <finger>_<impression>.png; default: synthetic.")
    ] = None,
    dpi: Annotated[float | None, typer.Option(help="Resolution of the prints.")] = None,
    folder: Annotated[Path, typer.Option(help="The demo's own folder.")] = Path(".demo"),
    once: Annotated[
        bool, typer.Option("--once", help="Press two fingers, print the answers, end.")
    ] = False,
    kiosk_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Of the kiosk's page; 0 takes a free one.")
    ] = 8801,
    simulator_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Of the simulator's page; 0 takes a free one.")
    ] = 8802,
    paced: Annotated[bool, typer.Option(help="Let the serial line be as slow as it is.")] = True,
) -> None:
    """Set up a whole checkpoint on this machine and open it."""
    console = Console()
    if once:
        kiosk_port = simulator_port = 0
    source = prints.resolve() if prints else None
    ports = (kiosk_port, simulator_port)
    with run_demo(folder, source, dpi, ports, paced=paced, both=once) as running:
        if once:
            two = running.enrolled[0], running.unknown[0]
            if not run_once(console, running.kiosk_url, running.simulator_url, *two):
                raise CommandError("an answer was not the right one", 1)
            return
        console.print()
        console.print(f"  Kiosk page      [bold]{running.kiosk_url}[/bold]")
        console.print(f"  Simulated sensor [bold]{running.simulator_url}[/bold]")
        console.print()
        console.print("Open a case on the kiosk page. When it asks for a finger, press a print on")
        console.print("the sensor's page, and lift it when that is asked for.")
        logs = running.site.folder / "logs"
        console.print(f"Logs: {logs}. Ctrl-C ends everything.", soft_wrap=True)
        wait_for_the_end(running.children)
        console.print("Ending.")


@contextlib.contextmanager
def run_demo(
    folder: Path,
    source: Path | None,
    dpi: float | None,
    ports: tuple[int, int],
    *,
    paced: bool,
    both: bool,
    kiosk: KioskStart = usual_kiosk,
) -> Iterator[Demo]:
    """Make a site in folder, start all its processes, and end them at the end.

    source: print folder, None makes synthetic ones. ports: of the kiosk's and the simulator's page.
    both: refuse prints that do not give an enrolled and an unknown finger. kiosk: starts it.
    A termination or a closed terminal ends it as Ctrl-C does. Raises CommandError.
    """
    # Beside the demo's folder, which is made anew each time.
    prints = source or synthetic_prints(folder.parent / f"{folder.name}-prints")
    enrolled, unknown = _split(find_fingers(prints))
    _refuse_too_few(both, enrolled, unknown)
    with interruptible(), claimed(folder) as own:
        site = build_site(own, SiteOptions(kiosk_port=ports[0]))
        if source is not None and dpi is None:
            print(f"A picture that does not state its resolution is taken to have {USUAL_DPI} dpi.")
        enrolled = _enrol(site, enrolled, dpi)
        _refuse_too_few(both, enrolled, unknown)
        _write_shelf(site, prints, enrolled, unknown)
        with _ending() as ending:
            broker, matcher = site.start("broker", ending), site.start("matcher", ending)
            simulator = _start_simulator(site, prints, dpi, ports[1], ending, paced=paced)
            running, uplink = kiosk(site, ending), site.start("uplink", ending)
            yield Demo(
                site,
                (broker, matcher, simulator, running, uplink),
                running.wait_for_event("ready")["url"],
                simulator.wait_for_event("ready")["url"],
                tuple(_pressed(ENROLLED, finger) for finger in enrolled),
                tuple(_pressed(UNKNOWN, finger) for finger in unknown),
            )


def _write_shelf(site: Site, prints: Path, enrolled: list[Finger], unknown: list[Finger]) -> None:
    shelf = ShelfFile(
        {ENROLLED: [f.name for f in enrolled], UNKNOWN: [f.name for f in unknown]},
        [str(finger.pictures[0].relative_to(prints)) for finger in enrolled],
    )
    write_configuration(site.folder / "shelf.toml", shelf)


@contextlib.contextmanager
def _ending() -> Iterator[contextlib.ExitStack]:
    """Give what ends the children, last one first; nothing interrupts it once it has begun."""
    ending = contextlib.ExitStack()
    try:
        yield ending
    finally:
        with signals_held_back():
            ending.close()


def _start_simulator(
    site: Site,
    prints: Path,
    dpi: float | None,
    port: int,
    ending: contextlib.ExitStack,
    *,
    paced: bool,
) -> Child:
    options: list[str | Path] = ["--prints", prints, "--link", site.sensor_link]
    options += ["--port", str(port), "--shelf", site.folder / "shelf.toml"]
    options += ["--paced" if paced else "--no-paced"]
    if dpi is not None:
        options += ["--dpi", str(dpi)]
    return started(
        "sensor simulator",
        greenline("simulate", *options),
        site.folder / "logs" / "simulator.log",
        lambda child: child.wait_for_event("ready"),
        ending,
    )


def _split(fingers: list[Finger]) -> tuple[list[Finger], list[Finger]]:
    """Every third finger stays unknown; of a large folder only as many as a demo needs."""
    unknown = fingers[_UNKNOWN_EVERY - 1 :: _UNKNOWN_EVERY] or fingers[1:2]
    enrolled = [finger for finger in fingers if finger not in unknown]
    if len(enrolled) > _MOST_ENROLLED:
        print(f"Of {len(fingers)} fingers the demo takes the first {_MOST_ENROLLED} to enrol.")
    return enrolled[:_MOST_ENROLLED], unknown[:_MOST_UNKNOWN]


def _refuse_too_few(both: bool, enrolled: list[Finger], unknown: list[Finger]) -> None:
    if not enrolled or (both and not unknown):
        raise CommandError("the prints need at least two fingers: one enrolled, one not", 3)


def _pressed(title: str, finger: Finger) -> Pressed:
    return Pressed(shown_name(title, finger.name), reference_of(finger))


def _enrol(site: Site, fingers: list[Finger], dpi: float | None) -> list[Finger]:
    """Enrol the first picture of each finger; return those that could be, tell the others."""
    key = (site.folder / "gallery.key").read_bytes()
    enrolled = []
    with contextlib.closing(Gallery(site.folder / "gallery.db", key)) as gallery:
        gallery.create_list(LIST, (PURPOSE,))
        extractor = Extractor()
        for finger in track(fingers, description="Enrolling", total=len(fingers)):
            picture, reference = finger.pictures[0], reference_of(finger)
            try:
                enrol_file(
                    gallery, extractor, LIST, picture, reference, dpi=dpi, otherwise_dpi=USUAL_DPI
                )
            except (CommandError, EnrolmentError, ModelsError, PrintsError) as fault:
                print(f"{picture} was skipped: {fault}")
                continue
            enrolled.append(finger)
    return enrolled


def reference_of(finger: Finger) -> str:
    """Return the gallery reference of a finger of the demo: readable, and never another's."""
    readable = re.sub(r"[^A-Za-z0-9]+", "-", finger.name).strip("-")[:32]
    digest = hashlib.sha256(finger.name.encode()).hexdigest()[:6]
    return f"entry-{finger.name}" if finger.name.isdigit() else f"entry-{readable}-{digest}"


def wait_for_the_end(children: tuple[Child, ...]) -> None:
    """Wait for Ctrl-C or a termination; a child that ends by itself is a fault worth telling."""
    over = threading.Event()
    for number in ENDING_SIGNALS:
        signal.signal(number, lambda *_: over.set())
    while not over.wait(1.0):
        for child in children:
            if not child.running:
                raise CommandError(f"the {child.name} ended by itself: see {child.log_file}", 5)
