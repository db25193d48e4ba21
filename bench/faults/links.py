"""Rows of links: what a network, and whoever stands between, does to a kiosk's connection."""

import contextlib
import threading
from collections.abc import Callable, Iterator

from bench.faults.checkpoint import Checkpoint, checkpoint
from bench.faults.port import Port
from bench.faults.row import Campaign, Row, Runner
from bench.faults.strikes import USUAL, Fault, Patience, Struck, healed, strike
from bench.faults.tampering import (
    Garbage,
    PubacksLost,
    PubacksTwice,
    PublishesLost,
    PublishesTwice,
    Switched,
)
from bench.faults.weather import PORTAL, Weather
from greenline.protocol.topics import result_topic

KIOSKS = 6
GROUP = "links"
SLOW_BYTES_PER_S = 8_000
"""64 kbit/s."""

OnSite = Callable[[Checkpoint, Campaign], Row]


@contextlib.contextmanager
def delayed(struck: Struck) -> Iterator[None]:
    """Each piece of the stream, in both directions, waits for up to 400 ms."""
    with healed(struck.port):
        struck.port.weather = Weather(delay_s=0.4)
        yield


@contextlib.contextmanager
def cut(struck: Struck) -> Iterator[None]:
    """Every connection ends after some bytes: in the handshake, in a request, in a result."""
    with healed(struck.port):
        chance = struck.chance
        struck.port.weather = Weather(
            cut_after=round(2 ** chance.uniform(0, 14)), reset=chance.random() < 0.5
        )
        struck.port.cut(reset=chance.random() < 0.5)
        yield


@contextlib.contextmanager
def half_open(struck: Struck) -> Iterator[None]:
    """Nothing comes through any more and nobody says so; such a connection never recovers."""
    with healed(struck.port):
        struck.port.weather = Weather(silent=True)
        yield


@contextlib.contextmanager
def reset(struck: Struck) -> Iterator[None]:
    """The connection is reset, and each new one too."""
    with healed(struck.port):
        struck.port.weather = Weather(refuse=True)
        struck.port.cut(reset=True)
        yield


@contextlib.contextmanager
def portal(struck: Struck) -> Iterator[None]:
    """A page of a captive portal answers in the broker's place."""
    with healed(struck.port):
        struck.port.weather = Weather(page=PORTAL)
        struck.port.cut()
        yield


@contextlib.contextmanager
def slow(struck: Struck) -> Iterator[None]:
    """64 kbit/s in each direction, the handshake too."""
    with healed(struck.port):
        struck.port.weather = Weather(bytes_per_s=SLOW_BYTES_PER_S)
        struck.port.cut()
        yield


@contextlib.contextmanager
def flapping(struck: Struck) -> Iterator[None]:
    """The connection ends every 20 to 300 ms."""
    over = threading.Event()

    def flap() -> None:
        while not over.wait(struck.chance.uniform(0.02, 0.3)):
            struck.port.cut(reset=struck.chance.random() < 0.5)

    thread = threading.Thread(target=flap)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def tampered(
    name: str,
    make: Callable[[Struck], Switched],
    group: str = GROUP,
    dwell_s: tuple[float, float] = (0.2, 1.0),
    patience: Patience = USUAL,
) -> OnSite:
    """Return a row whose fault is in the packets, over connections that stand all the time."""

    def row(site: Checkpoint, campaign: Campaign) -> Row:
        installed: dict[Port, Switched] = {}

        @contextlib.contextmanager
        def fault(struck: Struck) -> Iterator[None]:
            tamper = installed.get(struck.port)
            if tamper is None:
                tamper = installed[struck.port] = make(struck)
                struck.port.tamper = tamper
                ups = struck.kiosk.ups
                struck.port.cut()
                struck.kiosk.wait_link(20, after=ups)
            tamper.on = True
            try:
                yield
            finally:
                tamper.on = False

        found = strike(site, campaign, name, fault, dwell_s, group=group, patience=patience)
        for port in installed:
            port.clear()
            port.cut()
        return found

    return row


def weathered(name: str, fault: Fault, dwell_s: tuple[float, float] = (0.2, 1.0)) -> OnSite:
    """Return a row whose fault is in the bytes."""
    return lambda site, campaign: strike(site, campaign, name, fault, dwell_s, group=GROUP)


def _garbage(struck: Struck) -> Switched:
    return Garbage(struck.chance.random(), result_topic(struck.kiosk.name))


ON_SITE: dict[str, OnSite] = {
    "puback-lost": tampered("single PUBACKs lost", lambda s: PubacksLost(s.chance.random())),
    "puback-twice": tampered("PUBACKs repeated", lambda s: PubacksTwice(s.chance.random())),
    "publish-twice": tampered("messages repeated", lambda s: PublishesTwice(s.chance.random())),
    "publish-lost": tampered(
        "messages confirmed and lost", lambda s: PublishesLost(s.chance.random())
    ),
    "garbage": tampered("the broker sends garbage beside", _garbage),
    "link-delay": weathered("delay, up to 400 ms a piece", delayed),
    "link-cut": weathered("cut after 1 to 16,384 bytes", cut),
    "link-half-open": weathered("half-open", half_open, (0.5, 6.0)),
    "link-reset": weathered("reset", reset),
    "link-portal": weathered("captive portal's page on the port", portal),
    "link-slow": weathered("64 kbit/s", slow, (3.0, 6.0)),
    "link-flapping": weathered("flapping, every 20-300 ms", flapping, (1.0, 3.0)),
}


def runner(on_site: OnSite, kiosks: int = KIOSKS) -> Runner:
    """Return what runs a row on a site of its own."""

    def run(campaign: Campaign) -> Row:
        with checkpoint(campaign.folder, min(kiosks, campaign.runs)) as site:
            return on_site(site, campaign)

    return run


ROWS: dict[str, Runner] = {name: runner(on_site) for name, on_site in ON_SITE.items()}
