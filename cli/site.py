"""A whole site in one folder: certificates, keys, configuration of every process.

For the demo and the tests. Everything secret is made on the spot and belongs to this folder alone.
"""

import contextlib
import datetime
import os
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

from greenline.centre.broker import operators_client
from greenline.centre.broker import write_configuration as write_broker_configuration
from greenline.centre.certificates import CertificateAuthority, Credential
from greenline.cli.children import Child, Event, greenline, started
from greenline.cli.configuration import write_configuration
from greenline.cli.errors import CommandError
from greenline.cli.keyfiles import write_secret
from greenline.cli.own_keys import keep_own_keys
from greenline.firmware.config import KioskConfig, KioskKeys, SearchDefaults, UplinkConfig
from greenline.firmware.config_case import CaseConfig, PurposeConfig
from greenline.link.settings import LinkSettings
from greenline.matcher.config import MatcherConfig, MatcherKeys
from greenline.matcher.gallery import KEY_BYTES
from greenline.matcher.split import Split
from greenline.protocol.keys import Identity, OpeningKey, SigningKey

KIOSK = "kiosk-01"
MATCHER = "matcher-01"
PURPOSE = "border-check"
LEGAL_BASIS = "demonstration"
LIST = "demo-list"
THRESHOLD = 4.0

_BROKER_READY = "mosquitto version"


@dataclass(frozen=True)
class SiteOptions:
    """What differs between sites. Ports: 0 takes a free one. Times in seconds.

    matchers: so many processes share the requests.
    """

    kiosk_port: int = 0
    sensor_baud: int = 115200
    resend_first_s: float = 15.0
    backoff_longest_s: float = 30.0
    minimum_quality: int = 20
    matchers: int = 1


@dataclass(frozen=True)
class Site:
    """The folder of a site, and how to start each of its processes."""

    folder: Path
    broker_port: int
    matchers: int = 1

    @property
    def matcher_names(self) -> list[str]:
        """What start() knows the matcher processes by."""
        if self.matchers == 1:
            return ["matcher"]
        return [f"matcher-{part}" for part in range(1, self.matchers + 1)]

    @property
    def sensor_link(self) -> Path:
        """Where the simulated sensor appears."""
        return self.folder / "sensor"

    @property
    def matcher_config(self) -> Path:
        """The matcher's TOML file, the first one's when there are several."""
        return self.folder / f"{self.matcher_names[0]}.toml"

    def start(self, name: str, ending: contextlib.ExitStack | None = None) -> Child:
        """Start the broker, kiosk, uplink or a matcher, and wait until it is ready.

        name: of several matchers, one of matcher_names. ending: is given the child's end.
        """
        log = self.folder / "logs" / f"{name}.log"
        if name == "broker":
            command = [find_mosquitto(), "-c", str(self.folder / "mosquitto.conf")]
            return started(name, command, log, _broker_ready, ending)
        command = greenline(name.partition("-")[0], "--config", self.folder / f"{name}.toml")
        return started(name, command, log, lambda child: child.wait_for_event("ready"), ending)


def build_site(folder: Path, options: SiteOptions) -> Site:
    """Make certificates, keys and configurations for one kiosk, the matcher, one broker."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "logs").mkdir(exist_ok=True)
    (folder / "kiosks").mkdir(exist_ok=True)
    site = Site(folder.resolve(), free_port(), options.matchers)
    _make_certificates(site)
    _make_keys(site)
    # Mosquitto started by root would change to an account that cannot read these keys.
    user = "root" if os.geteuid() == 0 else ""
    write_broker_configuration(site.folder, site.broker_port, MATCHER, user=user)
    _configure_kiosk(site, options)
    for part in range(1, options.matchers + 1):
        _configure_matcher(site, options, Split(part, options.matchers))
    return site


def find_mosquitto() -> str:
    """Return the broker's program. Raises CommandError with how to install it."""
    # Debian puts it where only root's search path looks.
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise CommandError("the broker is missing: run 'apt-get install mosquitto'", 4)
    return found


def _broker_ready(broker: Child) -> None:
    def running(event: Event) -> bool:
        words = str(event.get("event", ""))
        return _BROKER_READY in words and "running" in words

    broker.wait_for(running, "running", 15)


def free_port() -> int:
    """Return a port of this machine that nobody uses now."""
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _make_certificates(site: Site) -> None:
    now = datetime.datetime.now(datetime.UTC)
    authority = CertificateAuthority.create("Greenline demo root", now, days=30)
    (site.folder / "ca.pem").write_bytes(authority.credential.certificate_pem)
    _write(site, "broker", authority.issue_server(["127.0.0.1", "localhost"], now, days=30))
    _write(site, "uplink", authority.issue_client(KIOSK, now, days=30))
    for name in site.matcher_names:
        _write(site, f"{name}-link", authority.issue_client(_client(name), now, days=30))
    sender = authority.issue_client(operators_client(MATCHER), now, days=30)
    _write(site, "operators-link", sender)


def _write(site: Site, name: str, credential: Credential) -> None:
    (site.folder / f"{name}.pem").write_bytes(credential.certificate_pem)
    write_secret(site.folder / f"{name}.key", credential.key_pem)


def _make_keys(site: Site) -> None:
    own = keep_own_keys(_kiosk_keys(site.folder), anew=True)
    kiosk = Identity(KIOSK, own.signer.public, own.opener.public)
    (site.folder / "kiosks" / f"{KIOSK}.json").write_bytes(kiosk.to_json())
    signing, opening = SigningKey.generate(), OpeningKey.generate()
    write_secret(site.folder / f"{MATCHER}.signing.pem", signing.to_pem())
    write_secret(site.folder / f"{MATCHER}.opening.key", opening.to_bytes())
    matcher = Identity(MATCHER, signing.public, opening.public)
    (site.folder / f"{MATCHER}.json").write_bytes(matcher.to_json())
    write_secret(site.folder / "gallery.key", os.urandom(KEY_BYTES))


def _kiosk_keys(folder: Path) -> KioskKeys:
    return KioskKeys(
        signing=folder / f"{KIOSK}.signing.pem",
        opening=folder / f"{KIOSK}.opening.key",
        matcher=folder / f"{MATCHER}.json",
    )


def _configure_kiosk(site: Site, options: SiteOptions) -> None:
    folder = site.folder
    kiosk = KioskConfig(
        name=KIOSK,
        sensor=f"serial:{site.sensor_link}?baud={options.sensor_baud}",
        store=folder / "kiosk.store",
        socket=folder / "uplink.sock",
        keys=_kiosk_keys(folder),
        search=SearchDefaults(PURPOSE, (LIST,)),
        case=CaseConfig(purposes=(PurposeConfig(PURPOSE, LEGAL_BASIS),)),
        page_port=options.kiosk_port,
        minimum_quality=options.minimum_quality,
        resend_first_s=options.resend_first_s,
    )
    write_configuration(folder / "kiosk.toml", kiosk)
    link = _link_settings(site, options, KIOSK, "uplink")
    write_configuration(folder / "uplink.toml", UplinkConfig(KIOSK, kiosk.socket, link))


def _configure_matcher(site: Site, options: SiteOptions, split: Split) -> None:
    """Configure one process: name, keys and gallery are everybody's, ledger and link its own."""
    folder = site.folder
    name = site.matcher_names[split.part - 1]
    if split.of > 1:
        _admit(site, _client(name))
    matcher = MatcherConfig(
        name=MATCHER,
        gallery=folder / "gallery.db",
        ledger=folder / f"{name.replace('matcher', 'ledger')}.db",
        keys=MatcherKeys(
            signing=folder / f"{MATCHER}.signing.pem",
            opening=folder / f"{MATCHER}.opening.key",
            gallery=folder / "gallery.key",
            kiosks=folder / "kiosks",
        ),
        broker=_link_settings(site, options, _client(name), f"{name}-link"),
        threshold=THRESHOLD,
        split=split,
    )
    write_configuration(folder / f"{name}.toml", matcher)


def _client(name: str) -> str:
    """Return a matcher process's name at the broker: each has a session of its own."""
    return name.replace("matcher", MATCHER)


def _admit(site: Site, client: str) -> None:
    """Let one more client do at the broker what the matcher may do."""
    path = site.folder / "access.conf"
    access = path.read_text()
    _, _, rules = access.partition(f"user {MATCHER}\n")
    rules = rules.partition("\nuser ")[0].rstrip()
    path.write_text(f"{access}\nuser {client}\n{rules}\n")


def _link_settings(site: Site, options: SiteOptions, client_id: str, name: str) -> LinkSettings:
    return LinkSettings(
        host="127.0.0.1",
        client_id=client_id,
        ca=site.folder / "ca.pem",
        certificate=site.folder / f"{name}.pem",
        key=site.folder / f"{name}.key",
        port=site.broker_port,
        backoff_longest_s=options.backoff_longest_s,
    )
