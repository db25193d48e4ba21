"""A broker configured by us for two kiosks and a matcher, and plain MQTT clients to try it with."""

import contextlib
import datetime
import os
import pwd
import queue
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from greenline.centre.broker import write_configuration
from greenline.centre.certificates import CertificateAuthority, Credential
from greenline.cli.children import Child
from greenline.cli.site import find_mosquitto

FIRST, SECOND, MATCHER = "kiosk-01", "kiosk-02", "matcher-01"


@dataclass(frozen=True)
class Broker:
    """A running Mosquitto. Certificates and keys lie as NAME.pem and NAME.key in folder."""

    folder: Path
    port: int
    authority: CertificateAuthority
    child: Child

    def context(self, name: str = "") -> ssl.SSLContext:
        """What a client of this name presents; none: no certificate."""
        context = ssl.create_default_context(cafile=self.folder / "ca.pem")
        if name:
            context.load_cert_chain(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        return context


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    now = datetime.datetime.now(datetime.UTC)
    authority = CertificateAuthority.create("Test root", now, days=2)
    (tmp_path / "ca.pem").write_bytes(authority.credential.certificate_pem)
    keep(tmp_path, "broker", authority.issue_server(["127.0.0.1", "localhost"], now, days=1))
    for name in (FIRST, SECOND, MATCHER):
        keep(tmp_path, name, authority.issue_client(name, now, days=1))
    port = free_port()
    user = pwd.getpwuid(os.geteuid()).pw_name
    path = write_configuration(tmp_path, port, MATCHER, user=user)
    child = Child("broker", [find_mosquitto(), "-c", str(path)], tmp_path / "broker.log")
    child.wait_for(lambda event: event["event"].endswith("running"), "running", 15)
    yield Broker(tmp_path, port, authority, child)
    child.stop()


def keep(folder: Path, name: str, credential: Credential) -> None:
    (folder / f"{name}.pem").write_bytes(credential.certificate_pem)
    (folder / f"{name}.key").write_bytes(credential.key_pem)


def free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Visitor:
    """A plain MQTT 5 client that does what a test tells it, allowed or not."""

    client: Client
    heard: dict[str, "queue.Queue[tuple[object, ...]]"] = field(
        default_factory=lambda: {
            kind: queue.Queue() for kind in ("up", "subscribed", "published", "arrived", "down")
        }
    )

    def put(self, kind: str, *what: object) -> None:
        self.heard[kind].put(what)

    def next(self, kind: str) -> tuple[object, ...]:
        """Wait for the next event of this kind; those of other kinds are kept."""
        return self.heard[kind].get(timeout=15)

    def subscribe(self, topic: str) -> None:
        self.client.subscribe(topic, 1)
        self.next("subscribed")

    def publish(self, topic: str, payload: bytes, qos: int = 1, *, retain: bool = False) -> str:
        """Publish; return what the broker says of it (at QoS 0 nothing)."""
        self.client.publish(topic, payload, qos, retain=retain)
        return str(self.next("published")[0])


Visit = Callable[..., Visitor]


@pytest.fixture
def visit(broker: Broker) -> Iterator[Visit]:
    """Connect clients by certificate name; they are disconnected at the end."""
    visitors: list[Visitor] = []

    def connect(
        name: str,
        client_id: str = "",
        will: tuple[str, bytes] | None = None,
        *,
        retain_will: bool = False,
        port: int = broker.port,
        up: bool = True,
    ) -> Visitor:
        """Connect; up: wait until that is done, else the test looks at what was said."""
        visitor = Visitor(_make_client(client_id or name))
        if will is not None:
            visitor.client.will_set(*will, 1, retain=retain_will)
        visitors.append(visitor)
        _listen(visitor)
        visitor.client.tls_set_context(broker.context(name))
        visitor.client.connect("127.0.0.1", port)
        visitor.client.loop_start()
        if up:
            visitor.next("up")
        return visitor

    yield connect
    for visitor in visitors:
        visitor.client.disconnect()
        visitor.client.loop_stop()


def _make_client(client_id: str) -> Client:
    return Client(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        protocol=MQTTProtocolVersion.MQTTv5,
        reconnect_on_failure=False,
    )


def _listen(visitor: Visitor) -> None:
    client, put = visitor.client, visitor.put

    def on_message(_client: Client, _data: Any, message: MQTTMessage) -> None:
        put("arrived", message.topic, bytes(message.payload))

    client.on_message = on_message
    client.on_connect = lambda _client, _data, _flags, code, _: put("up", str(code))
    client.on_subscribe = lambda _client, _data, _mid, codes, _: put("subscribed", *codes)
    client.on_publish = lambda _client, _data, _mid, code, _: put("published", str(code))
    client.on_disconnect = lambda _client, _data, _flags, code, _: put("down", str(code))


def handshake(port: int, context: ssl.SSLContext) -> ssl.SSLSocket:
    """Connect by TLS alone, and read once: with TLS 1.3 a refusal comes only then.

    Raises ssl.SSLError or ConnectionError when the broker refuses; the caller closes the socket.
    """
    plain = socket.create_connection(("127.0.0.1", port), timeout=15)
    try:
        secure = context.wrap_socket(plain, server_hostname="127.0.0.1")
    except OSError:
        plain.close()
        raise
    return secure
