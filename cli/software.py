"""Which version this is, as it stands in requests and results."""

from importlib.metadata import version

SOFTWARE = f"greenline {version('greenline')}"
