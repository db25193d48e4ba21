"""Where the data shared between checkouts lie; absent on most machines."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    beside = Path(__file__).resolve().parents[4] / "shared"
    folder = Path(os.environ.get("GREENLINE_SHARED", beside)) / "data"
    if not folder.is_dir():
        pytest.skip("the shared measurement data are not here (set GREENLINE_SHARED)")
    return folder
