"""Where the shared data lie, and one extractor for all tests: opening it takes a while."""

import os
from pathlib import Path

import pytest

from greenline.models.extraction import Extractor


@pytest.fixture(scope="session")
def shared_data() -> Path:
    beside = Path(__file__).resolve().parents[3] / "shared"
    folder = Path(os.environ.get("GREENLINE_SHARED", beside)) / "data"
    if not folder.is_dir():
        pytest.skip("the shared measurement data are not here (set GREENLINE_SHARED)")
    return folder


NETWORKS = {
    "leader-1": {"model": "leader-1"},
    "greenline-1": {"model": "greenline-1"},
    "greenline-1, accurate": {"model": "greenline-1", "accurate": True},
}


@pytest.fixture(scope="session", params=NETWORKS)
def extractor(request: pytest.FixtureRequest) -> Extractor:
    return Extractor(**NETWORKS[request.param])
