"""A site of several kiosks: one real broker, a real matcher, real uplinks, a port for each link.

kiosk (store, gate) = uplink -> its port -> broker <- the matcher's port <- matcher
"""

import contextlib
import datetime
import socket
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from bench.faults.credentials import both_ends, keep
from bench.faults.plan import WHOLE, Pace, Plan
from bench.faults.port import Port, Ports
from bench.faults.post import LIST, MODEL, PURPOSE, Post, strewn
from greenline.centre.certificates import CertificateAuthority
from greenline.cli.children import Child, signals_held_back, started
from greenline.cli.configuration import read_configuration, write_configuration
from greenline.cli.site import MATCHER, Site, SiteOptions, build_site, find_mosquitto
from greenline.firmware.config import UplinkConfig
from greenline.link.settings import Broker, LinkSettings
from greenline.matcher.config import MatcherConfig
from greenline.matcher.gallery import Enrolment, Gallery
from greenline.protocol.keys import Identity

UPLINKS = Path(__file__).with_name("uplinks.py")
HOSTS = ("127.0.0.1", "localhost", "10.78.0.1")
_DAYS = 2


@dataclass
class Checkpoint:
    """The running site. kiosks, ports: in the same order. Made by checkpoint()."""

    site: Site
    authority: CertificateAuthority
    through: Ports
    plan: Plan
    kiosks: list[Post] = field(default_factory=list)
    ports: list[Port] = field(default_factory=list)
    matcher_port: Port | None = None
    second: int = 0
    children: dict[str, Child] = field(default_factory=dict)
    searches: Counter[str] = field(default_factory=Counter)
    reviving: threading.Lock = field(default_factory=threading.Lock)

    def start_broker(self) -> None:
        self.children["broker"] = self.site.start("broker")

    def start_second(self) -> None:
        """Start the second broker, which has nothing to do with the first."""
        folder = self.site.folder
        self.children["second"] = started(
            "second broker",
            [find_mosquitto(), "-c", str(folder / "second.conf")],
            folder / "logs" / "second.log",
            lambda child: child.wait_for(
                lambda event: "running" in str(event.get("event")), "running", 15
            ),
        )

    def revive(self, name: str) -> int | None:
        """Start a process that has ended by itself again, as an init system does.

        Returns its status; None: it runs.
        """
        with self.reviving:
            child = self.children.get(name)
            if child is None or child.running:
                return None
            status = child.stop()
            self.kill(name)
            self.restart(name)
            return status

    def restart(self, name: str) -> None:
        getattr(self, f"start_{name}")()

    def start_matcher(self) -> None:
        self.children["matcher"] = self.site.start("matcher")

    def start_uplinks(self) -> None:
        folder = self.site.folder
        paths = [str(folder / f"uplink-{kiosk.name}.toml") for kiosk in self.kiosks]
        self.children["uplinks"] = started(
            "uplinks",
            [*self.plan.uplinks, sys.executable, "-P", str(UPLINKS), *paths],
            folder / "logs" / "uplinks.log",
            lambda child: child.wait_for_event("ready"),
        )

    def kill(self, name: str) -> None:
        """End a process without any warning."""
        child = self.children.pop(name)
        child.kill()
        self._count(name, child)

    def stop(self) -> None:
        for name, child in reversed([*self.children.items()]):
            child.stop()
            self._count(name, child)
        self.children.clear()
        for kiosk in self.kiosks:
            kiosk.stop()
        self.through.close()

    def dead(self) -> list[str]:
        """Return the processes that should run and do not."""
        return [name for name, child in self.children.items() if not child.running]

    def searched(self) -> Counter[str]:
        """Return how often each request was searched to its end, by all matchers so far."""
        found = Counter(self.searches)
        if "matcher" in self.children:
            found += _searched(self.children["matcher"])
        return found

    def _count(self, name: str, child: Child) -> None:
        if name == "matcher":
            self.searches += _searched(child)


def _searched(matcher: Child) -> Counter[str]:
    return Counter(
        str(event["request"])
        for event in [*matcher.events]
        if event.get("event") == "searched" and event.get("final")
    )


@contextlib.contextmanager
def checkpoint(folder: Path, kiosks: int, plan: Plan = WHOLE) -> Iterator[Checkpoint]:
    """Make a site and start it."""
    site = build_site(folder / "s", SiteOptions(resend_first_s=1.0, backoff_longest_s=0.5))
    now = datetime.datetime.now(datetime.UTC)
    authority = CertificateAuthority.create("Campaign root", now, days=30)
    (site.folder / "ca.pem").write_bytes(authority.credential.certificate_pem)
    keep(site, "broker", authority.issue_server(HOSTS, now, days=_DAYS))
    found = Checkpoint(site, authority, Ports(), plan)
    _configure_brokers(found)
    _fill_gallery(site, plan.entries)
    _add_matcher(found, now)
    for number in range(kiosks):
        _add_kiosk(found, f"kiosk-{number + 1:03}", now, number)
    try:
        for name in plan.start:
            found.restart(name)
        for kiosk in found.kiosks:
            kiosk.start()
        yield found
    finally:
        with signals_held_back():
            found.stop()


def _fill_gallery(site: Site, entries: int) -> None:
    key = (site.folder / "gallery.key").read_bytes()
    with contextlib.closing(Gallery(site.folder / "gallery.db", key)) as gallery:
        gallery.create_list(LIST, (PURPOSE,))
        enrolled = [
            Enrolment(f"entry-{number}", 2, strewn(10_000 + number), MODEL)
            for number in range(entries)
        ]
        gallery.enrol_all(LIST, enrolled, adult=True)


def _configure_brokers(found: Checkpoint) -> None:
    first = found.site.folder / "mosquitto.conf"
    first.write_text(first.read_text() + found.plan.extra)
    if "second" in found.plan.start:
        found.second = free_port()
        ours, theirs = f"listener {found.site.broker_port} ", f"listener {found.second} "
        (found.site.folder / "second.conf").write_text(first.read_text().replace(ours, theirs))


def _behind(found: Checkpoint, port: Port) -> int:
    return found.site.broker_port if found.plan.direct else port.number


def free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _patient(settings: LinkSettings, pace: Pace, port: int, host: str, second: int) -> LinkSettings:
    return msgspec.structs.replace(
        settings,
        host=host,
        port=port,
        others=(Broker("127.0.0.1", second),) if second else (),
        keepalive_s=pace.keepalive_s,
        connect_timeout_s=pace.connect_timeout_s,
        backoff_first_s=pace.backoff_first_s,
        backoff_longest_s=pace.backoff_longest_s,
    )


def _add_matcher(found: Checkpoint, now: datetime.datetime) -> None:
    site = found.site
    keep(site, "matcher-link", found.authority.issue_client(MATCHER, now, days=_DAYS))
    ends = both_ends(site.folder, "matcher-link")
    found.matcher_port = Port(found.through, site.broker_port, ends, 0)
    config = read_configuration(site.matcher_config, MatcherConfig)
    link = _patient(
        config.broker,
        found.plan.pace,
        _behind(found, found.matcher_port),
        "127.0.0.1",
        found.second,
    )
    write_configuration(
        site.matcher_config,
        msgspec.structs.replace(config, broker=link, threads=found.plan.threads),
    )


def _add_kiosk(found: Checkpoint, name: str, now: datetime.datetime, number: int) -> None:
    folder, host = found.site.folder, found.plan.host
    matcher = Identity.from_json((folder / f"{MATCHER}.json").read_bytes())
    kiosk = found.plan.kiosk(name, folder, matcher, found.plan.resending)
    found.kiosks.append(kiosk)
    (folder / "kiosks" / f"{name}.json").write_bytes(kiosk.identity.to_json())
    keep(found.site, name, found.authority.issue_client(name, now, days=_DAYS))
    port = Port(found.through, found.site.broker_port, both_ends(folder, name), 1 + number, host)
    found.ports.append(port)
    usual = LinkSettings(
        host, name, folder / "ca.pem", folder / f"{name}.pem", folder / f"{name}.key"
    )
    link = _patient(usual, found.plan.pace, _behind(found, port), host, found.second)
    write_configuration(folder / f"uplink-{name}.toml", UplinkConfig(name, kiosk.socket, link))
