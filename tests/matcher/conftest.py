"""The parts of a matcher, opened in a temporary folder; its service and a kiosk over a broker."""

import contextlib
import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from greenline.cli.children import Child
from greenline.cli.configuration import read_configuration
from greenline.cli.site import Site
from greenline.firmware.config import UplinkConfig
from greenline.link.link import Link
from greenline.link.settings import LinkSettings
from greenline.matcher.answering import Answering
from greenline.matcher.audit_reports import Reports
from greenline.matcher.config import MatcherConfig
from greenline.matcher.engine import Engine, LocalEngine
from greenline.matcher.gallery import KEY_BYTES, Gallery
from greenline.matcher.ledger import Ledger
from greenline.matcher.service import Service
from greenline.matcher.terms import Terms
from greenline.protocol.keys import Identity
from greenline.protocol.topics import result_topic
from tests.matcher.asking import LIST, PURPOSE, THRESHOLD, Clock, Kiosk, MatcherKeys
from tests.matcher.engines import MakeEngine
from tests.matcher.serving import Log, Running, Start, Uplink

if TYPE_CHECKING:
    from greenline.matcher.cluster.on_one_machine import Machines

SOON_S = 0.05
AT_ONCE = Terms(retry_s=SOON_S, upkeep_s=SOON_S)


@pytest.fixture
def gallery_path(tmp_path: Path) -> Path:
    return tmp_path / "gallery.db"


@pytest.fixture
def gallery_key() -> bytes:
    return os.urandom(KEY_BYTES)


@pytest.fixture
def gallery(gallery_path: Path, gallery_key: bytes) -> Iterator[Gallery]:
    """An open gallery with one empty list."""
    gallery = Gallery(gallery_path, gallery_key, Clock())
    gallery.create_list(LIST, (PURPOSE,))
    yield gallery
    gallery.close()


@pytest.fixture
def ledger_path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(ledger_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(ledger_path)
    yield ledger
    ledger.close()


@pytest.fixture
def matcher_keys() -> MatcherKeys:
    return MatcherKeys()


@pytest.fixture
def kiosk(matcher_keys: MatcherKeys) -> Kiosk:
    matcher = Identity("matcher-01", matcher_keys.signer.public, matcher_keys.opener.public)
    return Kiosk("kiosk-01", matcher)


@pytest.fixture
def now_ms() -> Clock:
    return Clock()


@pytest.fixture
def answering(
    gallery: Gallery, matcher_keys: MatcherKeys, kiosk: Kiosk, now_ms: Clock
) -> Answering:
    return Answering(
        engine=LocalEngine(gallery),
        kiosks={kiosk.name: kiosk.identity},
        opener=matcher_keys.opener,
        signer=matcher_keys.signer,
        threshold=THRESHOLD,
        most_candidates=3,
        software="test-matcher 1",
        now_ms=now_ms,
    )


@pytest.fixture
def log() -> Iterator[Log]:
    log, logger = Log(), logging.getLogger("greenline.matcher")
    logger.addHandler(log)
    logger.setLevel(logging.INFO)
    yield log
    logger.removeHandler(log)
    logger.setLevel(logging.NOTSET)


@pytest.fixture
def settings(site: Site) -> LinkSettings:
    return read_configuration(site.matcher_config, MatcherConfig).broker


@pytest.fixture
def start(settings: LinkSettings, ledger: Ledger, now_ms: Clock, log: Log) -> Iterator[Start]:
    """Start services that try again at once, wait for the broker, and are stopped at the end."""
    running: list[Running] = []

    def run(
        answering: Answering,
        *,
        connected: bool = True,
        terms: Terms = AT_ONCE,
        reports: Reports | None = None,
    ) -> Running:
        service = Service(
            settings,
            ledger,
            answering,
            now_ms,
            jitter=lambda ceiling: min(ceiling, SOON_S),
            terms=terms,
            reports=reports,
        )
        thread = threading.Thread(target=service.run, daemon=True)
        running.append(Running(service, thread))
        thread.start()
        if connected:
            log.next("connected")
        return running[-1]

    yield run
    for one in running:
        one.stop()


@pytest.fixture
def uplink(site: Site, broker: Child) -> Iterator[Uplink]:
    """A kiosk's connection that stands."""
    settings = read_configuration(site.folder / "uplink.toml", UplinkConfig).broker
    uplink = Uplink()
    link = Link(settings, [result_topic(uplink.name)], uplink, jitter=lambda _: SOON_S)
    thread = threading.Thread(target=uplink.run, args=(link,), daemon=True)
    thread.start()
    uplink.ups.get(timeout=20)
    yield uplink
    link.stop()
    thread.join(timeout=20)
    assert not thread.is_alive()


@pytest.fixture(scope="session")
def machines() -> Iterator["Machines"]:
    """Two nodes of a Ray cluster on this machine, joined."""
    pytest.importorskip("ray", reason="the extra 'cluster' is not installed")
    from greenline.matcher.cluster.on_one_machine import two_nodes  # noqa: PLC0415 - the extra
    from greenline.matcher.cluster.start import connected  # noqa: PLC0415 - as above

    with two_nodes() as machines, connected(machines.address, 2):
        yield machines


@pytest.fixture(scope="module", params=["local", "ray"])
def make_engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> MakeEngine:
    """Return what opens an engine, of each kind in turn, over a gallery, its file and its key."""
    if request.param == "local":
        return lambda gallery, _path, _key: contextlib.nullcontext(LocalEngine(gallery))
    request.getfixturevalue("machines")
    from greenline.matcher.cluster.start import Layout  # noqa: PLC0415 - needs the extra
    from tests.matcher.clusters import key_file, sharded  # noqa: PLC0415 - as above

    @contextlib.contextmanager
    def make(gallery: Gallery, path: Path, key: bytes) -> Iterator[Engine]:
        key_path = key_file(tmp_path_factory.mktemp("key"), key)
        with sharded(gallery, Layout(path, key_path, shards=2, replicas=1)) as (engine, _):
            yield engine

    return make
