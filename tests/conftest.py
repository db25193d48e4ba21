"""What tests of several folders share: a site in a folder, with the real broker."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from greenline.cli.children import Child
from greenline.cli.site import Site, SiteOptions, build_site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site whose processes are not running yet."""
    return build_site(tmp_path / "site", SiteOptions(resend_first_s=1.0, backoff_longest_s=0.5))


@pytest.fixture
def broker(site: Site) -> Iterator[Child]:
    """The site's real Mosquitto, running."""
    child = site.start("broker")
    yield child
    child.stop()
