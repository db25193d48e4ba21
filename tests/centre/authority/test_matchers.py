"""Several processes that are one matcher get their certificates and rules: over real Mosquitto."""

import contextlib
import datetime
from collections.abc import Iterator
from pathlib import Path

import pytest

from greenline.centre.authority.authority import Site, create, opened
from greenline.centre.authority.errors import FolderError
from greenline.centre.authority.matchers import share
from greenline.centre.authority.publishing import matchers_in, publish
from greenline.protocol.topics import ALL_REQUESTS, request_topic, result_topic
from tests.centre.authority.asking import matcher_identity
from tests.centre.authority.test_publishing import (
    FIRST,
    Centre,
    Visits,
    arrived,
    now,
    refused,
    visit,
)
from tests.centre.conftest import MATCHER, free_port

SECOND_PART = f"{MATCHER}-2"
THEIRS = "\nuser {}\ntopic read greenline/1/request/+\n"


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    """A site that has been published for one matcher."""
    port = free_port()
    site = Site("Test", ("127.0.0.1",), MATCHER, "127.0.0.1", port, "check", ("list",))
    create(tmp_path / "authority", site, now() - datetime.timedelta(days=1))
    with opened(tmp_path / "authority") as authority:
        authority.set_matcher(matcher_identity())
        made = Centre(authority, tmp_path / "centre", port)
        made.publish()
        yield made
        if made.broker is not None:
            made.broker.stop()


@pytest.fixture
def ending() -> Iterator[Visits]:
    with contextlib.ExitStack() as stack:
        yield stack


def rules(centre: Centre) -> str:
    return (centre.folder / "access.conf").read_text()


def test_each_process_hears_all_requests_and_may_answer(centre: Centre, ending: Visits) -> None:
    pair = centre.enrol(FIRST)
    assert share(centre.authority, centre.folder, 2, now()) == [
        "access.conf", "matcher-link-1.pem", "matcher-link-2.pem",
    ]  # fmt: skip
    centre.publish()
    centre.start()
    parts = []
    for part in (1, 2):
        link = centre.folder / f"matcher-link-{part}.pem"
        assert link.stat().st_mode & 0o777 == 0o600
        parts.append(visit(centre, ending, f"{MATCHER}-{part}", link))
        parts[-1].subscribe(ALL_REQUESTS)
    kiosk = visit(centre, ending, FIRST, pair)
    kiosk.subscribe(result_topic(FIRST))

    assert kiosk.publish(request_topic(FIRST), b"request") == "Success"

    assert [part.next("arrived")[1] for part in parts] == [b"request"] * 2
    for number, part in enumerate(parts):
        assert part.publish(result_topic(FIRST), b"answer %d" % number) == "Success"
        assert kiosk.next("arrived")[1] == b"answer %d" % number


def test_a_process_that_is_no_more_is_out_at_once(centre: Centre, ending: Visits) -> None:
    pair = centre.enrol(FIRST)
    share(centre.authority, centre.folder, 2, now())
    centre.publish()
    centre.start()
    link = centre.folder.with_name("kept.pem")
    link.write_bytes((centre.folder / "matcher-link-2.pem").read_bytes())
    matcher = visit(centre, ending, MATCHER, centre.folder / "matcher-link.pem")
    gone, kiosk = visit(centre, ending, SECOND_PART, link), visit(centre, ending, FIRST, pair)
    matcher.subscribe(ALL_REQUESTS)
    gone.subscribe(ALL_REQUESTS)
    kiosk.subscribe(result_topic(FIRST))

    share(centre.authority, centre.folder, 1, now())
    centre.tell()

    gone.client.publish(result_topic(FIRST), b"from the part that is gone", 1)
    assert kiosk.publish(request_topic(FIRST), b"request") == "Success"
    assert matcher.next("arrived")[1] == b"request"
    assert matcher.publish(result_topic(FIRST), b"marker") == "Success"
    assert arrived(kiosk, b"marker") == []
    assert gone.heard["arrived"].empty()
    assert refused(centre, ending, SECOND_PART, link)
    assert matchers_in(centre.folder) == []


def test_saying_it_again_changes_nothing_and_another_number_only_what_it_must(
    centre: Centre,
) -> None:
    alone = rules(centre)
    share(centre.authority, centre.folder, 3, now())
    three = rules(centre)

    assert share(centre.authority, centre.folder, 3, now()) == []
    assert share(centre.authority, centre.folder, 2, now()) == ["access.conf"]
    assert matchers_in(centre.folder) == [1, 2]
    assert share(centre.authority, centre.folder, 3, now()) == ["access.conf", "matcher-link-3.pem"]
    assert rules(centre) == three
    share(centre.authority, centre.folder, 1, now())
    assert rules(centre) == alone


def test_rules_that_an_operator_has_written_stay(centre: Centre) -> None:
    path = centre.folder / "access.conf"
    path.write_text(path.read_text() + THEIRS.format(SECOND_PART) + THEIRS.format("elsewhere"))
    before = rules(centre)

    share(centre.authority, centre.folder, 2, now())
    assert rules(centre).startswith(before)
    assert rules(centre).count(f"user {SECOND_PART}\n") == 1
    share(centre.authority, centre.folder, 1, now())

    assert rules(centre) == before


def test_their_certificates_are_renewed_with_the_others(centre: Centre) -> None:
    share(centre.authority, centre.folder, 2, now())

    changed = publish(centre.authority, centre.folder, now() + datetime.timedelta(days=31))

    assert changed == [
        "broker.pem", "matcher-link.pem", "matcher-link-1.pem", "matcher-link-2.pem",
        "operators-link.pem", "crl.pem",
    ]  # fmt: skip


def test_a_folder_that_was_not_prepared_is_told(centre: Centre, tmp_path: Path) -> None:
    with pytest.raises(FolderError, match=r"access.conf cannot be read"):
        share(centre.authority, tmp_path / "nowhere", 2, now())
