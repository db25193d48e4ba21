"""Which version this is, as it stands in requests and results."""

from datetime import UTC, datetime
from importlib.metadata import version

SOFTWARE = f"greenline {version('greenline')}"

RELEASED = datetime(2026, 11, 22, tzinfo=UTC)
"""When this version was made: a clock that shows an earlier time is wrong."""
