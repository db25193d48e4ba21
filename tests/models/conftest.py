"""One extractor for all tests: opening it takes a while."""

import pytest

from greenline.models.extraction import Extractor

NETWORKS = {
    "leader-1": {"model": "leader-1"},
    "greenline-1": {"model": "greenline-1"},
    "greenline-1, accurate": {"model": "greenline-1", "accurate": True},
}


@pytest.fixture(scope="session", params=NETWORKS)
def extractor(request: pytest.FixtureRequest) -> Extractor:
    return Extractor(**NETWORKS[request.param])
