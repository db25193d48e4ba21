"""What tests of several folders share: data, a site in a folder, the real broker."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from greenline.cli.children import Child
from greenline.cli.site import Site, SiteOptions, build_site
from tests.cli.processes import Start, starting


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Where the data shared between checkouts lie; absent on most machines."""
    beside = Path(__file__).resolve().parents[2] / "shared"
    folder = Path(os.environ.get("GREENLINE_SHARED", beside)) / "data"
    if not folder.is_dir():
        pytest.skip("the shared measurement data are not here (set GREENLINE_SHARED)")
    return folder


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site whose processes are not running yet."""
    return build_site(tmp_path / "site", SiteOptions(resend_first_s=1.0, backoff_longest_s=0.5))


@pytest.fixture
def start_process(site: Site) -> Iterator[Start]:
    """Starts processes of the site, none of which outlives the test."""
    with starting(site) as start:
        yield start


@pytest.fixture
def broker(site: Site) -> Iterator[Child]:
    """The site's real Mosquitto, running."""
    child = site.start("broker")
    yield child
    child.stop()
