"""The campaigns lie in bench/, which is no part of the package: they are imported from there."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
