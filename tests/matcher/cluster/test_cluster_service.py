"""`greenline matcher` over a real broker, with its gallery in shards on two nodes."""

import contextlib
import time
from collections.abc import Iterator

import msgspec
import pytest

from greenline.cli.children import Child, greenline, started
from greenline.cli.configuration import read_configuration, write_configuration
from greenline.cli.site import KIOSK, LIST, MATCHER, PURPOSE, Site
from greenline.matcher.cluster.on_one_machine import Machines
from greenline.matcher.config import EngineConfig, MatcherConfig
from greenline.matcher.gallery import Gallery
from greenline.protocol.keys import Identity
from greenline.protocol.messages import Outcome
from tests.matcher.asking import HOUR_MS, MODEL, Kiosk, finger, mate, record, request_body
from tests.matcher.serving import Uplink

PERSONS = 8
STARTED_S = 300.0  # a process a shard imports everything anew; a busy machine takes long


@pytest.fixture
def kiosk(site: Site) -> Kiosk:
    """The site's kiosk, with keys of its own that the matcher knows."""
    matcher = Identity.from_json((site.folder / f"{MATCHER}.json").read_bytes())
    kiosk = Kiosk(KIOSK, matcher)
    (site.folder / "kiosks" / f"{KIOSK}.json").write_bytes(kiosk.identity.to_json())
    return kiosk


@pytest.fixture
def matcher(site: Site, kiosk: Kiosk, broker: Child, machines: Machines) -> Iterator[Child]:
    """A matcher whose engine is the cluster, connected."""
    key = (site.folder / "gallery.key").read_bytes()
    with contextlib.closing(Gallery(site.folder / "gallery.db", key)) as gallery:
        gallery.create_list(LIST, (PURPOSE,))
        for seed in range(PERSONS):
            gallery.enrol(LIST, f"entry-{seed}", 2, record(finger(seed)), MODEL, adult=True)
    path = site.folder / "matcher.toml"
    settings = read_configuration(path, MatcherConfig)
    engine = EngineConfig(kind="ray", address=machines.address, shards=2, replicas=1)
    write_configuration(path, msgspec.structs.replace(settings, engine=engine))
    child = started(
        "matcher",
        greenline("matcher", "--config", path),
        site.folder / "logs" / "matcher.log",
        lambda child: child.wait_for_event("connected", STARTED_S),
    )
    yield child
    child.stop()


def ask(kiosk: Kiosk, seed: int) -> bytes:
    now_ms = time.time_ns() // 1_000_000
    body = request_body(mate(finger(seed)), lists=(LIST,))
    return kiosk.seal(body, created_ms=now_ms, expires_ms=now_ms + HOUR_MS)


def test_a_kiosk_is_answered_by_a_matcher_whose_gallery_lies_in_a_cluster(
    matcher: Child, kiosk: Kiosk, uplink: Uplink
) -> None:
    for seed in range(3):
        result = kiosk.open(uplink.ask(ask(kiosk, seed)))
        assert [each.reference for each in result.candidates] == [f"entry-{seed}"]
        assert (result.coverage, result.searched[0].entries) == (1.0, PERSONS)
    assert kiosk.open(uplink.ask(ask(kiosk, 99))).outcome is Outcome.NONE
