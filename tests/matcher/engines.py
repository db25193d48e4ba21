"""The type of what opens an engine of one kind or another, for tests that run over all kinds."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from greenline.matcher.engine import Engine
from greenline.matcher.gallery import Gallery

MakeEngine = Callable[[Gallery, Path, bytes], AbstractContextManager[Engine]]
