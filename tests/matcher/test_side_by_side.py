"""Two matcher processes at one real broker: each request is answered by one, whatever dies."""

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from greenline.cli.children import Child
from greenline.cli.configuration import read_configuration
from greenline.cli.own_keys import read_own_keys
from greenline.cli.site import KIOSK, LIST, MATCHER, PURPOSE, Site, SiteOptions, build_site
from greenline.firmware.config import KioskConfig
from greenline.matcher.gallery import Gallery
from greenline.matcher.split import Split
from greenline.protocol.keys import Identity
from greenline.protocol.messages import Outcome
from tests.matcher.asking import HOUR_MS, Kiosk, finger, id_of, request_body
from tests.matcher.serving import Uplink

REQUESTS = 40
OF = 2


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site of two matchers with one empty list; nothing runs yet."""
    site = build_site(tmp_path / "site", SiteOptions(backoff_longest_s=0.5, matchers=OF))
    key = (site.folder / "gallery.key").read_bytes()
    with contextlib.closing(Gallery(site.folder / "gallery.db", key)) as gallery:
        gallery.create_list(LIST, (PURPOSE,))
    return site


@pytest.fixture
def kiosk(site: Site) -> Kiosk:
    """The site's kiosk, which knows one matcher only."""
    config = read_configuration(site.folder / "kiosk.toml", KioskConfig)
    own = read_own_keys(config.keys)
    matcher = Identity.from_json((site.folder / f"{MATCHER}.json").read_bytes())
    return Kiosk(KIOSK, matcher, own.signer, own.opener)


@pytest.fixture
def matchers(site: Site, broker: Child) -> Iterator[dict[int, Child]]:
    """Both processes, running and connected, by part."""
    running = {part: start(site, part) for part in (1, 2)}
    yield running
    for child in running.values():
        child.stop()


def start(site: Site, part: int) -> Child:
    child = site.start(f"matcher-{part}")
    child.wait_for_event("connected")
    return child


def requests(kiosk: Kiosk, count: int) -> list[bytes]:
    now_ms = time.time_ns() // 1_000_000
    body = request_body(finger(1), lists=(LIST,))
    return [kiosk.seal(body, created_ms=now_ms, expires_ms=now_ms + HOUR_MS) for _ in range(count)]


def share(part: int, envelopes: list[bytes]) -> list[bytes]:
    return [each for each in envelopes if Split(part, OF).takes(each)]


def marker(kiosk: Kiosk, part: int) -> bytes:
    """A request for one part: its answer comes after all that this part has published before."""
    return next(each for each in iter(lambda: requests(kiosk, 1)[0], b"") if share(part, [each]))


def answered_until(uplink: Uplink, last: list[bytes]) -> list[bytes]:
    """Return the ids of all answers, in their order, up to the last of these requests'."""
    left, found = set(map(id_of, last)), list[bytes]()
    while left:
        found.append(id_of(uplink.next_answer()))
        left.discard(found[-1])
    return found


def in_ledger(site: Site, part: int) -> dict[bytes, str]:
    with contextlib.closing(sqlite3.connect(site.folder / f"ledger-{part}.db")) as ledger:
        return dict(ledger.execute("SELECT request_id, state FROM request").fetchall())


def test_each_request_is_answered_once_by_the_process_whose_it_is(
    site: Site, kiosk: Kiosk, matchers: dict[int, Child], uplink: Uplink
) -> None:
    sent = requests(kiosk, REQUESTS)
    last = [marker(kiosk, 1), marker(kiosk, 2)]

    for each in sent:
        uplink.send(each)
    answers = answered_until(uplink, sent)
    for each in last:
        uplink.send(each)
    answers += answered_until(uplink, last)

    assert sorted(answers) == sorted(map(id_of, [*sent, *last]))
    for part in (1, 2):
        own = share(part, [*sent, *last])
        assert len(own) > REQUESTS / 8
        assert in_ledger(site, part) == {id_of(each): "answered" for each in own}


def test_the_share_of_a_killed_process_waits_for_its_restart_and_the_others_go_on(
    site: Site, kiosk: Kiosk, matchers: dict[int, Child], uplink: Uplink
) -> None:
    matchers[2].kill()
    sent = requests(kiosk, REQUESTS)
    last = marker(kiosk, 1)
    for each in [*sent, last]:
        uplink.send(each)

    meanwhile = answered_until(uplink, [last, *share(1, sent)])
    assert sorted(meanwhile) == sorted(map(id_of, [last, *share(1, sent)]))
    assert in_ledger(site, 2) == {}

    matchers[2] = start(site, 2)
    for each in sent:  # the kiosk sends all again
        uplink.send(each)
    last_two = marker(kiosk, 2)
    uplink.send(last_two)

    late = answered_until(uplink, [*share(2, sent), last_two])
    assert {*late} >= {*map(id_of, share(2, sent))}
    assert in_ledger(site, 2) == {id_of(each): "answered" for each in [*share(2, sent), last_two]}
    assert in_ledger(site, 1) == {id_of(each): "answered" for each in [*share(1, sent), last]}


def test_any_of_them_answers_as_the_one_matcher_that_the_kiosk_knows(
    kiosk: Kiosk, matchers: dict[int, Child], uplink: Uplink
) -> None:
    for part in (1, 2):
        assert kiosk.open(uplink.ask(marker(kiosk, part))).outcome is Outcome.NONE
