"""Makes the LEADER model files: the Keras weights in the pyfing wheel, as float16 TFLite.

    python -m greenline.models.training.convert_leader --out models

Needs the extra "train". Run by an engineer when pyfing or the sizes change; never on a kiosk.
The network is R. Cappelli's and M. Ferrara's; leader_graph.py fixes its input size.
"""

import argparse
import hashlib
import math
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from greenline.models.manifest import (
    Manifest,
    MinutiaThresholds,
    ModelFile,
    Origin,
    Tensor,
)
from greenline.models.training.entries import replace_entries

# Height, width: one for sensors of 256x288 pixels and less, one for all other pictures.
# The larger holds every FVC2002 print at 500 dpi (374x388, 492x260, 300x300, 384x288).
SIZES = ((288, 256), (512, 416))
MODEL = "leader-1"
WEIGHTS = "models/LEADER.weights.h5"
TOOLS = ("tensorflow-cpu", "keras", "pyfing", "numpy")
# pyfing's own default is 0.60; with 0.50 the error rates of a comparison are lower (leader.md).
THRESHOLDS = MinutiaThresholds(minutia=0.5, ending=0.5)
CHANNELS = (
    "probability of a minutia",
    "direction, radians",
    "probability of an ending",
    "quality: the smoothed probability where it is the largest of 7x7 pixels, else 0",
)


def convert(model: Any) -> bytes:
    """Return the TFLite file of a Keras model, its weights in float16."""
    import tensorflow as tf  # noqa: PLC0415 - takes seconds

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    return bytes(converter.convert())


def describe(content: bytes, height: int, width: int) -> ModelFile:
    """Return the manifest's entry for a converted file."""
    return ModelFile(
        name=f"leader_{height}x{width}.tflite",
        model=MODEL,
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        input=Tensor((1, height, width, 1), "float32", (0.0, 255.0), ("grey, ridges dark",)),
        outputs=(Tensor((1, height, width, 4), "float32", (-math.pi, math.pi), CHANNELS),),
        thresholds=THRESHOLDS,
        licence="MIT",
        copyright="Copyright (c) 2023 Raffaele Cappelli",
        origin=_origin(),
        recipe="python -m greenline.models.training.convert_leader; "
        + ", ".join(f"{tool} {version(tool)}" for tool in TOOLS),
        card="docs/models/leader.md",
    )


def _origin() -> Origin:
    import pyfing  # noqa: PLC0415

    weights = Path(pyfing.__file__).parent / WEIGHTS
    return Origin(
        package="pyfing",
        version=version("pyfing"),
        file=f"pyfing/{WEIGHTS}",
        sha256=hashlib.sha256(weights.read_bytes()).hexdigest(),
        author="Raffaele Cappelli, Matteo Ferrara (University of Bologna)",
        url="https://github.com/raffaele-cappelli/pyfing",
    )


def write(folder: Path) -> Manifest:
    """Convert to all sizes, write the files and the manifest into folder, return the manifest.

    Entries of other models in a manifest that is there already are kept.
    """
    from greenline.models.training import leader_graph  # noqa: PLC0415 - takes seconds

    model = leader_graph.original()
    entries = []
    for height, width in SIZES:
        content = convert(leader_graph.of_size(model, height, width))
        entries.append(describe(content, height, width))
        (folder / entries[-1].name).write_bytes(content)
    return replace_entries(folder, MODEL, tuple(entries))


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Convert LEADER to float16 TFLite.")
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    folder: Path = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    for file in write(folder).of_model(MODEL):
        sys.stdout.write(f"{file.sha256}  {file.name}  {file.size_bytes} bytes\n")


if __name__ == "__main__":
    main()
