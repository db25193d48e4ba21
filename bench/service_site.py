"""A site with many kiosks for service_load.py: certificates, keys, a gallery, what they ask."""

import contextlib
import datetime
import os
import queue
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from gallery_loading import KEY, LIST, compact, enrolments, fill

from greenline.centre.certificates import CertificateAuthority, Credential
from greenline.cli.configuration import read_configuration, write_configuration
from greenline.cli.keyfiles import write_secret
from greenline.cli.site import MATCHER, Site, SiteOptions, build_site
from greenline.link.connection import NotConnectedError
from greenline.link.link import Link
from greenline.link.settings import LinkSettings
from greenline.matcher.config import MatcherConfig
from greenline.matcher.gallery import Gallery
from greenline.protocol.envelope import Envelope, EnvelopeKind, Header, Lane, kind_of, seal
from greenline.protocol.keys import Identity, OpeningKey, SigningKey
from greenline.protocol.messages import (
    ImpressionMessage,
    Request,
    Result,
    decode_result,
    encode_request,
)
from greenline.protocol.topics import request_topic, result_topic

PURPOSE = "measurement"
_PROBES_SEED = 999_979  # of no gallery: nobody who asks is enrolled
_WAIT_S = 60.0
_LIFETIME_MS = 3_600_000


def gallery_of(folder: Path, entries: int) -> Path:
    """Return a gallery of so many strangers, made if it is not there."""
    path = folder / f"gallery-of-{entries}.db"
    with closing(Gallery(path, KEY)) as gallery:
        if len(gallery.entry_ids()) != entries:
            fill(gallery, entries, entries, seed=1)
            compact(gallery)
    return path


def site_of(folder: Path, gallery: Path, kiosks: int, matchers: int, threads: int | None) -> Site:
    """Make a site of so many kiosks and matcher processes."""
    site = build_site(folder, SiteOptions(matchers=matchers))
    now = datetime.datetime.now(datetime.UTC)
    authority = CertificateAuthority.create("Measurement root", now, days=2)
    (site.folder / "ca.pem").write_bytes(authority.credential.certificate_pem)
    keep(site, "broker", authority.issue_server(["127.0.0.1", "localhost"], now, days=2))
    for number in range(kiosks):
        name = kiosk_name(number)
        keep(site, name, authority.issue_client(name, now, days=2))
    (site.folder / "gallery.key").unlink()
    write_secret(site.folder / "gallery.key", KEY)
    for name in site.matcher_names:
        path = site.folder / f"{name}.toml"
        config = read_configuration(path, MatcherConfig)
        keep(site, f"{name}-link", authority.issue_client(config.broker.client_id, now, days=2))
        write_configuration(
            path, msgspec.structs.replace(config, gallery=gallery.resolve(), threads=threads)
        )
    return site


def keep(site: Site, name: str, credential: Credential) -> None:
    (site.folder / f"{name}.pem").write_bytes(credential.certificate_pem)
    (site.folder / f"{name}.key").unlink(missing_ok=True)
    write_secret(site.folder / f"{name}.key", credential.key_pem)


def kiosk_name(number: int) -> str:
    return f"load-{number + 1:02}"


def probes(fingers: int) -> Iterator[tuple[ImpressionMessage, ...]]:
    """Yield requests' impressions, each of other strangers."""
    seed = _PROBES_SEED
    while True:
        records = enrolments(1000 * fingers, seed)
        for _ in range(1000):
            yield tuple(
                ImpressionMessage(one.finger, one.record, 70, "strewn", "strewn")
                for one in (next(records) for _ in range(fingers))
            )
        seed += 1


@dataclass
class Kiosk:
    """One kiosk: its keys, its connection, and when its results arrived (monotonic seconds)."""

    name: str
    matcher: Identity
    signer: SigningKey = field(default_factory=SigningKey.generate)
    opener: OpeningKey = field(default_factory=OpeningKey.generate)
    ups: "queue.Queue[int]" = field(default_factory=queue.Queue)
    confirmed: "queue.Queue[str]" = field(default_factory=queue.Queue)
    answers: "queue.Queue[tuple[float, bytes]]" = field(default_factory=queue.Queue)

    def connect(self, site: Site) -> Link:
        folder = site.folder
        settings = LinkSettings(
            "127.0.0.1", self.name, folder / "ca.pem", folder / f"{self.name}.pem",
            folder / f"{self.name}.key", site.broker_port,
        )  # fmt: skip
        self.link = Link(settings, [result_topic(self.name)], self)
        return self.link

    def enrol(self, site: Site) -> None:
        identity = Identity(self.name, self.signer.public, self.opener.public)
        (site.folder / "kiosks" / f"{self.name}.json").write_bytes(identity.to_json())

    def seal(self, impressions: tuple[ImpressionMessage, ...]) -> Envelope:
        body = encode_request(Request(PURPOSE, (LIST,), impressions, "service-load 1"))
        now_ms = time.time_ns() // 1_000_000
        header = Header(
            EnvelopeKind.REQUEST, Lane.PERSON_WAITING, os.urandom(16), self.name, now_ms,
            now_ms + _LIFETIME_MS,
        )  # fmt: skip
        return seal(header, body, self.matcher.seal, self.signer)

    def send(self, envelope: bytes) -> None:
        while True:
            try:
                self.link.publish(b"", request_topic(self.name), envelope, 3600)
            except NotConnectedError:
                self.confirmed.get(timeout=_WAIT_S)
            else:
                return

    def read(self, answer: bytes) -> tuple[bytes, Result]:
        """Return an answer's request id and result. Raises ProtocolError."""
        envelope = Envelope.from_bytes(answer)
        envelope.verify(self.matcher.verify)
        return envelope.header.request_id, decode_result(envelope.open(self.opener))

    def link_up(self, window: int) -> None:
        self.ups.put(window)

    def link_down(self, reason: str) -> None:
        """Nothing is sent again: a measurement in which a link was lost does not end."""

    def published(self, token: bytes, refusal: str) -> None:  # noqa: ARG002  # the link's interface
        self.confirmed.put(refusal)

    def arrived(self, delivery: int, topic: str, payload: bytes) -> None:  # noqa: ARG002  # the same
        if kind_of(payload) == EnvelopeKind.RESULT:
            self.answers.put((time.monotonic(), payload))
        self.link.acknowledge(delivery)


def kiosks_of(site: Site, count: int) -> list[Kiosk]:
    matcher = Identity.from_json((site.folder / f"{MATCHER}.json").read_bytes())
    kiosks = [Kiosk(kiosk_name(number), matcher) for number in range(count)]
    for kiosk in kiosks:
        kiosk.enrol(site)
    return kiosks


def drained(answers: "queue.Queue[tuple[float, bytes]]") -> Iterator[tuple[float, bytes]]:
    """Yield what has arrived so far."""
    with contextlib.suppress(queue.Empty):
        while True:
            yield answers.get_nowait()
