"""One detector for all tests, and a real face where the environment has one.

The astronaut (E. Collins; NASA, in the public domain) comes in the wheel of scikit-image, which
the extra "dev" installs. Nothing of it is imported: the picture alone is read. The environment of
the other runtime has no scikit-image; there the development environment beside it is looked into.
"""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from greenline.models.face.detection import FaceDetector
from tests.models.face.placing import Sitter

ROOT = Path(__file__).resolve().parents[3]
PICTURE = Path("data", "astronaut.png")


def pictures() -> Iterator[Path]:
    spec = find_spec("skimage")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        yield Path(folder) / PICTURE
    yield from ROOT.glob(f".venv/lib/python*/site-packages/skimage/{PICTURE}")


@pytest.fixture(scope="session")
def astronaut() -> Sitter:
    for path in pictures():
        if path.is_file():
            with Image.open(path) as image:
                return Sitter(np.asarray(image.convert("RGB")))
    pytest.skip("the astronaut's picture is not here (pip install scikit-image)")


@pytest.fixture(scope="session")
def detector() -> FaceDetector:
    return FaceDetector()
