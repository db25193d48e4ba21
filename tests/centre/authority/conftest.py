"""A new authority in a folder of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from greenline.centre.authority.authority import Authority, create, opened
from tests.centre.authority.asking import NOW, SITE, matcher_identity


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[Authority]:
    create(tmp_path / "authority", SITE, NOW)
    with opened(tmp_path / "authority") as found:
        found.set_matcher(matcher_identity())
        yield found
