"""Some faults of each kind of links and brokers; the campaign itself makes a hundred and more."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.faults import brokers, distant, fleet, links, matchers, strikes
from bench.faults.checkpoint import Checkpoint, checkpoint
from bench.faults.plan import Plan
from bench.faults.post import Post
from bench.faults.row import Campaign, Row, Runner, UnavailableError
from tests.in_memory import folder_in_memory

FEW = 4
KIOSKS = 2


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkpoint]:
    with (
        folder_in_memory(tmp_path_factory.mktemp("f")) as folder,
        checkpoint(folder, KIOSKS) as found,
    ):
        yield found


def as_promised(row: Row, runs: int) -> None:
    assert row.holds, row
    assert row.runs >= runs
    assert row.acknowledged >= runs


@pytest.mark.parametrize(
    "name", ["puback-lost", "publish-lost", "publish-twice", "garbage", "link-cut", "link-portal"]
)
def test_a_bad_link_loses_and_repeats_nothing(site: Checkpoint, folder: Path, name: str) -> None:
    as_promised(links.ON_SITE[name](site, Campaign(FEW, 1, folder)), FEW)


@pytest.mark.parametrize(
    "name", ["broker-not-authorized", "broker-goodbye", "broker-one-at-a-time", "broker-killed"]
)
def test_a_broker_that_dies_or_refuses_loses_and_repeats_nothing(
    site: Checkpoint, folder: Path, name: str
) -> None:
    as_promised(brokers.ON_SITE[name](site, Campaign(FEW, 1, folder)), FEW)


@pytest.mark.parametrize(
    ("runner", "runs"),
    [
        (brokers.ROWS["broker-failover"], 2),
        (matchers.ROWS["matcher-steps"], 3),
        (distant.ROWS["packets-150"], 3),
        (fleet.ROWS["fleet"], 10),
    ],
    ids=["failover", "matcher killed", "bad line", "fleet"],
)
def test_a_row_with_a_site_of_its_own(folder: Path, runner: Runner, runs: int) -> None:
    try:
        row = runner(Campaign(runs, 1, folder))
    except UnavailableError as reason:
        pytest.skip(str(reason))
    as_promised(row, runs)


class Forgetful(Post):
    """Wrong on purpose: forgets a request as soon as a broker has it."""

    def published(self, request_id: bytes) -> None:
        self._forgotten.add(request_id)

    def envelope(self, request_id: bytes) -> bytes | None:
        return None if request_id in self._forgotten else super().envelope(request_id)

    @property
    def _forgotten(self) -> set[bytes]:
        found: set[bytes] = self.__dict__.setdefault("forgotten", set())
        return found


def test_a_kiosk_that_trusts_its_broker_is_found_out(folder: Path) -> None:
    patience = strikes.Patience(1.0, 2.0)
    with checkpoint(folder, 1, Plan(kiosk=Forgetful)) as site:
        row = links.tampered(
            "wrong on purpose", lambda s: links.PublishesLost(s.chance.random()), patience=patience
        )(site, Campaign(3, 1, folder))

    assert row.lost > 0
    assert not row.holds
