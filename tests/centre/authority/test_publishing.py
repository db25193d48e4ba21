"""What is published reaches broker and matcher: over the real Mosquitto, proved by non-delivery."""

import contextlib
import datetime
import os
import pwd
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from greenline.centre.authority.authority import Authority, Site, create, opened
from greenline.centre.authority.enrolment import allow, enrol
from greenline.centre.authority.errors import FolderError
from greenline.centre.authority.publishing import (
    broker_pid,
    prepare,
    publish,
    tell_broker,
)
from greenline.centre.authority.records import find_device
from greenline.centre.authority.renewal import register
from greenline.centre.authority.revocation import Reason, revoke
from greenline.cli.children import Child
from greenline.cli.site import find_mosquitto
from greenline.protocol.topics import ALL_REQUESTS, request_topic, result_topic
from tests.centre.authority.asking import DeviceKeys, matcher_identity
from tests.centre.conftest import MATCHER, Visitor, _listen, free_port

FIRST, SECOND = "kiosk-01", "kiosk-02"
SERIALS = {FIRST: "serial-1", SECOND: "serial-2"}


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


@dataclass
class Centre:
    """An authority, its published folder, and a broker that lives from it."""

    authority: Authority
    folder: Path
    port: int
    broker: Child | None = None

    def publish(self) -> list[str]:
        user = pwd.getpwuid(os.geteuid()).pw_name
        prepare(self.authority, self.folder, "127.0.0.1", user)
        return publish(self.authority, self.folder, now())

    def start(self) -> None:
        command = [find_mosquitto(), "-c", str(self.folder / "mosquitto.conf")]
        self.broker = Child("broker", command, self.folder.with_name("broker.log"))
        self.broker.wait_for(lambda event: event["event"].endswith("running"), "running", 15)

    def tell(self) -> None:
        """Publish, have the broker read it, and wait until it has."""
        self.publish()
        assert self.broker is not None
        seen = len(self.broker.events)
        assert tell_broker(broker_pid(self.folder))
        self.broker.wait_for(
            lambda event: event in self.broker.events[seen:] and "Reloading" in event["event"],  # type: ignore[union-attr]  # it runs
            "reloaded", 15,
        )  # fmt: skip

    def enrol(self, name: str) -> Path:
        """Enrol a kiosk and register its keys; returns its key and certificate."""
        keys = DeviceKeys()
        code = allow(self.authority, SERIALS[name], name, now())
        issued = enrol(self.authority, SERIALS[name], code, keys.request(), now())
        register(self.authority, issued.der, keys.registration(issued.fingerprint), now())
        pair = self.folder.with_name(f"{name}.own.pem")
        pair.write_bytes(keys.transport_pem + issued.certificate.public_bytes(Encoding.PEM))
        return pair


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    port = free_port()
    site = Site("Test", ("127.0.0.1",), MATCHER, "127.0.0.1", port, "check", ("list",))
    create(tmp_path / "authority", site, now() - datetime.timedelta(days=1))
    with opened(tmp_path / "authority") as authority:
        authority.set_matcher(matcher_identity())
        made = Centre(authority, tmp_path / "centre", port)
        yield made
        if made.broker is not None:
            made.broker.stop()


Visits = contextlib.ExitStack


@pytest.fixture
def ending() -> Iterator[Visits]:
    with contextlib.ExitStack() as stack:
        yield stack


def visit(centre: Centre, ending: Visits, name: str, pair: Path) -> Visitor:
    visitor = Visitor(
        Client(
            CallbackAPIVersion.VERSION2, client_id=name, protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
        )
    )  # fmt: skip
    visitor.heard["down"] = visitor.heard["up"]  # whichever comes first
    _listen(visitor)
    context = ssl.create_default_context(cafile=centre.folder / "ca.pem")
    context.load_cert_chain(pair)
    visitor.client.tls_set_context(context)
    visitor.client.connect("127.0.0.1", centre.port)
    visitor.client.loop_start()
    ending.callback(visitor.client.loop_stop)
    ending.callback(visitor.client.disconnect)
    (said,) = visitor.next("up")
    if said != "Success":
        raise ConnectionRefusedError(said)
    return visitor


def refused(centre: Centre, ending: Visits, name: str, pair: Path) -> bool:
    try:
        visit(centre, ending, name, pair)
    except OSError:
        return True
    return False


def arrived(visitor: Visitor, marker: bytes) -> list[tuple[object, ...]]:
    """Everything that arrived before the marker: what was kept from it would have come earlier."""
    found = []
    while (event := visitor.next("arrived"))[1] != marker:
        found.append(event)
    return found


def test_matcher_and_kiosks_live_from_what_is_published(centre: Centre, ending: Visits) -> None:
    pair = centre.enrol(FIRST)
    assert centre.publish() == [
        "ca.pem", "broker.pem", "matcher-link.pem", "operators-link.pem", f"{FIRST}.json",
        "crl.pem",
    ]  # fmt: skip
    centre.start()
    matcher = visit(centre, ending, MATCHER, centre.folder / "matcher-link.pem")
    kiosk = visit(centre, ending, FIRST, pair)
    matcher.subscribe(ALL_REQUESTS)

    assert kiosk.publish(request_topic(FIRST), b"request") == "Success"
    assert matcher.next("arrived") == (request_topic(FIRST), b"request")


def test_a_revoked_kiosk_is_out_at_once_and_the_others_stay(centre: Centre, ending: Visits) -> None:
    first, second = centre.enrol(FIRST), centre.enrol(SECOND)
    centre.publish()
    centre.start()
    matcher = visit(centre, ending, MATCHER, centre.folder / "matcher-link.pem")
    matcher.subscribe(ALL_REQUESTS)
    stolen, other = visit(centre, ending, FIRST, first), visit(centre, ending, SECOND, second)
    stolen.subscribe(result_topic(FIRST))

    revoke(centre.authority, FIRST, Reason.STOLEN, now())
    centre.tell()

    # The connection that stands: nothing it says arrives, nothing arrives at it.
    stolen.client.publish(request_topic(FIRST), b"from the thief", 1)
    matcher.publish(result_topic(FIRST), b"for the thief")
    assert other.publish(request_topic(SECOND), b"marker") == "Success"
    assert arrived(matcher, b"marker") == []
    assert stolen.heard["arrived"].empty()
    # A new one: not even that.
    assert refused(centre, ending, FIRST, first)
    assert not refused(centre, ending, SECOND, second)
    # And the matcher has its keys no more.
    assert [path.name for path in (centre.folder / "kiosks").iterdir()] == [f"{SECOND}.json"]


def test_a_kiosk_that_comes_back_is_let_in_again(centre: Centre, ending: Visits) -> None:
    centre.enrol(FIRST)
    revoke(centre.authority, FIRST, Reason.LOST, now())
    centre.publish()
    assert "deny" in (centre.folder / "access.conf").read_text()
    centre.start()
    again = centre.enrol(FIRST)
    centre.tell()
    matcher = visit(centre, ending, MATCHER, centre.folder / "matcher-link.pem")
    matcher.subscribe(ALL_REQUESTS)

    kiosk = visit(centre, ending, FIRST, again)

    assert kiosk.publish(request_topic(FIRST), b"back") == "Success"
    assert matcher.next("arrived")[1] == b"back"


def test_during_a_rotation_kiosks_of_both_roots_are_served(centre: Centre, ending: Visits) -> None:
    old = centre.enrol(FIRST)
    centre.publish()
    centre.start()
    site = centre.authority.site()
    centre.authority.roots.add(site.name, site.hosts, now())
    new = centre.enrol(SECOND)

    centre.tell()

    assert not refused(centre, ending, FIRST, old)
    assert not refused(centre, ending, SECOND, new), "without a restart"


def test_only_what_is_another_is_written_again(centre: Centre) -> None:
    centre.enrol(FIRST)
    centre.publish()
    before = {path: path.stat().st_mtime_ns for path in centre.folder.rglob("*") if path.is_file()}

    assert centre.publish() == ["crl.pem"], "the lists are new each time"

    after = {path: path.stat().st_mtime_ns for path in centre.folder.rglob("*") if path.is_file()}
    assert [path.name for path in before if before[path] != after[path]] == ["crl.pem"]
    secrets = [path.name for path in before if path.stat().st_mode & 0o077 == 0]
    assert sorted(secrets) == ["broker.pem", "matcher-link.pem", "operators-link.pem"]


def test_the_certificates_of_broker_and_matcher_are_renewed_in_time(centre: Centre) -> None:
    centre.publish()
    later = now() + datetime.timedelta(days=31)

    changed = publish(centre.authority, centre.folder, later)

    assert changed == ["broker.pem", "matcher-link.pem", "operators-link.pem", "crl.pem"]
    for name in changed[:-1]:
        pem = (centre.folder / name).read_bytes()
        assert x509.load_pem_x509_certificate(pem).not_valid_after_utc > later


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_root_gives_the_broker_its_files_and_renewing_them_leaves_them_there(
    centre: Centre,
) -> None:
    prepare(centre.authority, centre.folder, "127.0.0.1", "nobody")
    nobody = pwd.getpwnam("nobody").pw_uid
    for moment in (now(), now() + datetime.timedelta(days=31)):
        assert "broker.pem" in publish(centre.authority, centre.folder, moment)
        given = [each.name for each in centre.folder.iterdir() if each.stat().st_uid == nobody]
        assert sorted(given) == ["broker.pem", "run"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_an_account_that_is_not_there_is_told_and_nothing_is_left(centre: Centre) -> None:
    for _ in range(2):
        with pytest.raises(FolderError, match="there is no account 'nobody-of-ours'"):
            prepare(centre.authority, centre.folder, "127.0.0.1", "nobody-of-ours")
    assert not (centre.folder / "mosquitto.conf").exists()


def test_a_pid_file_of_an_earlier_configuration_is_found(centre: Centre) -> None:
    centre.publish()
    conf = centre.folder / "mosquitto.conf"
    conf.write_text(conf.read_text().replace("/run/broker.pid", "/broker.pid"))

    assert broker_pid(centre.folder) == centre.folder / "broker.pid"


def test_the_broker_takes_up_its_new_certificate_without_a_restart(centre: Centre) -> None:
    centre.publish()
    centre.start()
    before = shown_by(centre)
    (centre.folder / "broker.pem").unlink()  # as if it were time

    centre.tell()

    written = x509.load_pem_x509_certificate((centre.folder / "broker.pem").read_bytes())
    assert shown_by(centre) == written != before


def shown_by(centre: Centre) -> x509.Certificate:
    shown = ssl.get_server_certificate(("127.0.0.1", centre.port), timeout=15)
    return x509.load_pem_x509_certificate(shown.encode())


def test_a_technicians_changes_to_the_brokers_configuration_stay(centre: Centre) -> None:
    centre.publish()
    path = centre.folder / "mosquitto.conf"
    path.write_text(path.read_text() + "# ours\n")

    centre.publish()

    assert path.read_text().endswith("# ours\n")


def test_an_operators_rules_stay_when_somebody_is_shut_out_and_let_in(centre: Centre) -> None:
    centre.enrol(FIRST)
    centre.publish()
    path = centre.folder / "access.conf"
    ours = path.read_text() + "\nuser matcher-01-2\ntopic read greenline/1/request/+\n"
    path.write_text(ours)

    revoke(centre.authority, FIRST, Reason.LOST, now())
    centre.publish()
    shut = path.read_text()
    centre.publish()
    assert path.read_text() == shut
    assert (shut.startswith(ours), shut.count(f"user {FIRST}\ntopic deny #\n")) == (True, 1)

    centre.enrol(FIRST)
    centre.publish()
    assert path.read_text() == ours


def test_a_broker_that_is_not_there_is_not_told(tmp_path: Path) -> None:
    sent: list[tuple[int, int]] = []
    pid_file = tmp_path / "broker.pid"

    def tell() -> bool:
        return tell_broker(pid_file, lambda pid, number: sent.append((pid, number)))

    assert not tell(), "no file"
    pid_file.write_text(f"{os.getpid()}\n")
    assert not tell(), "the number of another program by now"
    for junk in ("", "-1", "1", "broker", "0"):
        pid_file.write_text(junk)
        with pytest.raises(FolderError, match="holds no process id"):
            tell()
    assert sent == []


def test_a_folder_that_cannot_be_written_is_told(centre: Centre, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(FolderError, match="cannot be used: Not a directory"):
        prepare(centre.authority, tmp_path / "file", "127.0.0.1", "")
    assert find_device(centre.authority.database, serial="serial-1") is None
