"""Rows of brokers: they die and forget, refuse, say goodbye, and no longer trust a certificate."""

import contextlib
import dataclasses
import datetime
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from bench.faults.checkpoint import Checkpoint, checkpoint
from bench.faults.credentials import keep
from bench.faults.links import KIOSKS, OnSite, tampered
from bench.faults.plan import Plan
from bench.faults.row import Campaign, Row, Runner
from bench.faults.strikes import Struck, strike, strike_site
from bench.faults.tampering import Disconnecting, OneAtATime, Refusing

GROUP = "brokers"
NOT_AUTHORIZED, QUOTA = 0x87, 0x97
_GOODBYES = (0x80, 0x81, 0x82, 0x89, 0x8B, 0x8D, 0x93, 0x95, 0x96, 0x97, 0x98, 0x9C, 0x9D, 0xA0)
"""Reason codes of a DISCONNECT that a broker may send (MQTT 5, 3.14.2.1), 0x8E apart."""
_TRIES = 20
_LOOKING_S = 0.1
_CLOCK = datetime.datetime.now


@contextlib.contextmanager
def killed(site: Checkpoint, _chance: random.Random) -> Iterator[None]:
    """The broker is killed and comes back with an empty memory."""
    site.kill("broker")
    yield
    site.start_broker()


def failover(site: Checkpoint, campaign: Campaign) -> Row:
    """Two brokers that know nothing of each other; in turns one of them is killed."""
    turns = iter(("broker", "second") * campaign.runs)

    @contextlib.contextmanager
    def one_killed(site: Checkpoint, _chance: random.Random) -> Iterator[None]:
        name = next(turns)
        site.kill(name)
        try:
            # All of it has to be answered over the other one, while this one is away.
            yield
        finally:
            site.restart(name)

    name = "one of two brokers killed, in turns"
    return strike_site(site, campaign, name, one_killed, (20.0, 20.0), group=GROUP)


@contextlib.contextmanager
def expired(struck: Struck) -> Iterator[None]:
    """The kiosk's certificate has expired; later it is renewed, and nobody starts anything anew."""
    site, name = struck.site, struck.kiosk.name
    now = _CLOCK(datetime.UTC)
    long_ago = now - datetime.timedelta(days=3)
    keep(site.site, name, site.authority.issue_client(name, long_ago, days=2))
    _until_refused(struck)
    yield
    keep(site.site, name, site.authority.issue_client(name, now, days=2))


def revoked(site: Checkpoint, campaign: Campaign) -> Row:
    """The kiosk's certificate is revoked in the middle of its life; later it gets another."""
    gone: list[x509.Certificate] = []
    writing = threading.Lock()
    crashes: list[int] = []

    @contextlib.contextmanager
    def fault(struck: Struck) -> Iterator[None]:
        name, folder = struck.kiosk.name, site.site.folder
        with writing:
            gone.append(x509.load_pem_x509_certificate((folder / f"{name}.pem").read_bytes()))
            _publish(site, gone)
        # Mosquitto 2.0.11 forgets a signal that comes while it reads: it is sent again.
        _until_refused(struck, lambda: _hang_up(site))
        yield
        now = _CLOCK(datetime.UTC)
        keep(site.site, name, site.authority.issue_client(name, now, days=2))

    over = threading.Event()

    def watch() -> None:  # Mosquitto 2.0.11 does not survive each hangup signal
        while not over.wait(_LOOKING_S):
            status = site.revive("broker")
            if status is not None:
                crashes.append(status)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        row = strike(site, campaign, "certificate revoked, then another", fault, group=GROUP)
    finally:
        over.set()
        watching.join()
    if not crashes:
        return row
    told = (
        f"{row.note}; Mosquitto itself ended {len(crashes)} times after SIGHUP "
        f"(status {crashes[0]}) and was started again"
    )
    return dataclasses.replace(row, note=told)


def _publish(site: Checkpoint, gone: list[x509.Certificate]) -> None:
    """Give the broker its list of revoked certificates, and have it read that."""
    now = _CLOCK(datetime.UTC)
    authority = site.authority.credential
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(now - datetime.timedelta(hours=1))
        .next_update(now + datetime.timedelta(days=1))
    )
    for certificate in gone:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(certificate.serial_number)
            .revocation_date(now - datetime.timedelta(minutes=1))
            .build()
        )
    signed = builder.sign(authority.key, hashes.SHA256())
    path = site.site.folder / "crl.pem"
    unfinished = path.with_suffix(".new")
    unfinished.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    unfinished.replace(path)
    _hang_up(site)


def _hang_up(site: Checkpoint) -> None:
    broker = site.children.get("broker")
    if broker is not None and broker.running:
        os.kill(broker.pid, signal.SIGHUP)


def _until_refused(struck: Struck, again: Callable[[], None] = lambda: None) -> None:
    """Cut the link until the broker lets this kiosk in no more. again: before each try but one."""
    for number in range(_TRIES):
        if number:
            again()
        before = struck.kiosk.ups
        struck.port.cut()
        if not struck.kiosk.wait_link(0.5, after=before):
            return
        time.sleep(_LOOKING_S)  # Mosquitto says nowhere when it has read its list
    raise RuntimeError("the broker goes on letting this certificate in")


def one_at_a_time(site: Checkpoint, campaign: Campaign) -> Row:
    """The broker says Receive Maximum 1: no link may ever send a second unconfirmed message."""
    made: list[OneAtATime] = []

    def make(struck: Struck) -> OneAtATime:
        made.append(OneAtATime(struck.chance.random()))
        return made[-1]

    row = tampered("Receive Maximum 1", make, GROUP)(site, campaign)
    beyond = sum(each.beyond for each in made)
    if not sum(each.made for each in made):
        raise RuntimeError("no link was told of Receive Maximum 1")
    told = f"{row.note}; {beyond} messages beyond it"
    return dataclasses.replace(row, note=told, unnoticed=row.unnoticed + beyond)


ON_SITE: dict[str, OnSite] = {
    "broker-not-authorized": tampered(
        "PUBACK 'not authorized'", lambda s: Refusing(s.chance.random(), NOT_AUTHORIZED), GROUP
    ),
    "broker-quota": tampered(
        "PUBACK 'quota exceeded'", lambda s: Refusing(s.chance.random(), QUOTA), GROUP
    ),
    "broker-goodbye": tampered(
        "DISCONNECT with a reason code",
        lambda s: Disconnecting(s.chance.random(), _GOODBYES),
        GROUP,
    ),
    "broker-one-at-a-time": one_at_a_time,
    "broker-killed": lambda site, campaign: strike_site(
        site, campaign, "broker killed, its state wiped", killed, group=GROUP
    ),
    "certificate-expired": lambda site, campaign: strike(
        site, campaign, "certificate expired, then renewed", expired, group=GROUP
    ),
}


def _alone(campaign: Campaign, on_site: OnSite) -> Row:
    with checkpoint(campaign.folder, min(KIOSKS, campaign.runs)) as site:
        return on_site(site, campaign)


def _with_two(campaign: Campaign) -> Row:
    plan = Plan(start=("broker", "second", "matcher", "uplinks"))
    with checkpoint(campaign.folder, min(KIOSKS, campaign.runs), plan) as site:
        return failover(site, campaign)


def _with_list(campaign: Campaign) -> Row:
    extra = f"crlfile {campaign.folder / 's' / 'crl.pem'}\n"
    few = min(KIOSKS, campaign.runs)
    with checkpoint(campaign.folder, few, Plan(start=(), extra=extra)) as site:
        _publish(site, [])
        for name in ("broker", "matcher", "uplinks"):
            site.restart(name)
        return revoked(site, campaign)


def _runner(on_site: OnSite) -> Runner:
    return lambda campaign: _alone(campaign, on_site)


ROWS: dict[str, Runner] = {
    **{name: _runner(on_site) for name, on_site in ON_SITE.items()},
    "broker-failover": _with_two,
    "certificate-revoked": _with_list,
}
