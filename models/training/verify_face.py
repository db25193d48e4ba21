"""Measures the face detector and the face measures: the figures of docs/models/blazeface.md.

    python -m greenline.models.training.verify_face PICTURES [--runtime tflite]

PICTURES is the folder "data" of scikit-image: one astronaut (NASA, in the public domain), 200
small pieces of photographs of which 100 are faces, and pictures of other things.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from greenline.models.face.detection import SMALLEST_PX, FaceDetector
from greenline.models.face.measures import eye_distance, roll, yaw
from greenline.models.face.portrait import cut_portrait
from greenline.models.face.quality import judge_face
from greenline.models.runtime import find_runtime

# In the astronaut's picture of 512x512 pixels, by hand: between the eyes, and from eye to eye.
EYES_X, EYES_Y, EYES_PX = 225.0, 103.2, 44.1
GREY = (128, 128, 128)
PLACES = 60
WITH_FACES = ("astronaut", "camera")  # the second shows a photographer from the side
RUNS = 40

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Place:
    """Where the face is put: pixels from eye to eye, shares of the picture, degrees clockwise."""

    eyes_px: float
    x: float
    y: float
    tilt: float


def place(sitter: Image.Image, at: Place, width: int, height: int) -> Pixels:
    """Return a picture of that size, grey but for the sitter."""
    scale = at.eyes_px / EYES_PX
    side = round(sitter.width * scale)
    corner = (round(at.x * width - EYES_X * scale), round(at.y * height - EYES_Y * scale))
    picture = Image.new("RGB", (width, height), GREY)
    picture.paste(sitter.resize((side, side), Image.Resampling.LANCZOS), corner)
    centre = (at.x * width, at.y * height)
    return np.asarray(
        picture.rotate(-at.tilt, Image.Resampling.BICUBIC, center=centre, fillcolor=GREY)
    )


def trembling(detector: FaceDetector, sitter: Image.Image) -> str:
    """Say how far the readings of one face differ over random places, sizes and tilts."""
    chance = np.random.default_rng(3)
    rows = []
    for _ in range(PLACES):
        at = Place(
            chance.uniform(60, 200),
            chance.uniform(0.4, 0.6),
            chance.uniform(0.35, 0.5),
            chance.uniform(-25, 25),
        )
        faces = detector.detect(place(sitter, at, 960, 720))
        if len(faces) == 1:
            face = faces[0]
            rows.append((roll(face) - at.tilt, yaw(face), eye_distance(face) / at.eyes_px))
    deviations = np.std(rows, axis=0)
    return (
        f"{PLACES} places: {len(rows)} found once and alone; standard deviation of the tilt "
        f"{deviations[0]:.2f} degrees, of the turn {deviations[1]:.2f} degrees, "
        f"of the eye distance {100 * deviations[2]:.1f} %"
    )


def smallest(detector: FaceDetector, sitter: Image.Image) -> Iterator[str]:
    """Say how small a face is found, by the picture's size."""
    for width, height in ((640, 480), (1280, 720), (720, 1280)):
        for eyes_px in range(60, 0, -2):
            pixels = place(sitter, Place(eyes_px, 0.5, 0.45, 0), width, height)
            if len(detector.detect(pixels)) != 1:
                yield f"{width}x{height}: found down to {eyes_px + 2} pixels between the eyes"
                break


def pieces(detector: FaceDetector, folder: Path) -> str:
    """Say in how many of the small pieces a face is found."""
    found = []
    for piece in np.load(folder / "lfw_subset.npy"):
        canvas = Image.new("L", (400, 400), 128)
        grey = Image.fromarray((piece * 255).astype(np.uint8))
        canvas.paste(grey.resize((200, 200), Image.Resampling.BICUBIC), (100, 100))
        found.append(bool(detector.detect(np.asarray(canvas.convert("RGB")))))
    return f"pieces of 25x25: {sum(found[:100])} of 100 faces, {sum(found[100:])} of 100 others"


def other_things(detector: FaceDetector, folder: Path) -> str:
    """Say in which pictures of other things a face is found, each in four directions."""
    seen, false = 0, []
    for path in sorted((*folder.glob("*.png"), *folder.glob("*.jpg"))):
        with Image.open(path) as image:
            picture = image.convert("RGB")
        if path.stem in WITH_FACES or min(picture.size) < SMALLEST_PX:
            continue
        for turn in (0, 90, 180, 270):
            seen += 1
            faces = detector.detect(np.asarray(picture.rotate(turn, expand=True)))
            false += [f"{path.stem} turned by {turn}, score {face.score:.2f}" for face in faces]
    return f"{seen} pictures of other things: {len(false)} faces {false}"


def times(detector: FaceDetector, sitter: Image.Image) -> Iterator[str]:
    """Say how long one picture takes, in milliseconds of processor time."""
    for width, height in ((640, 480), (1280, 720)):
        pixels = place(sitter, Place(height / 4.8, 0.5, 0.42, 0), width, height)
        face = detector.detect(pixels)[0]
        image = Image.fromarray(pixels)
        yield f"{width}x{height}: finding {_timed(partial(detector.detect, pixels))}"
        cut = _timed(partial(cut_portrait, image, face))
        yield f"{width}x{height}: cutting out {cut}"
        whole = _timed(partial(judge_face, pixels, detector))
        yield f"{width}x{height}: judge_face, all of it {whole}"


def _timed(work: Callable[[], object]) -> str:
    taken = []
    for _ in range(RUNS):
        started = time.process_time()
        work()
        taken.append(1000 * (time.process_time() - started))
    return f"{min(taken):.1f} ms at least, median {np.median(taken):.1f} ms of {RUNS}"


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Measure the face detector and its measures.")
    parser.add_argument("pictures", type=Path, help="the folder data of scikit-image")
    parser.add_argument("--runtime", choices=("litert", "tflite"), help="default: the first found")
    options = parser.parse_args()
    runtime = find_runtime(options.runtime)
    detector = FaceDetector(runtime=runtime)
    with Image.open(options.pictures / "astronaut.png") as image:
        sitter = image.convert("RGB")
    say = sys.stdout.write
    say(f"{runtime.description}, NumPy {np.__version__}, {detector.model_id}\n")
    say(f"{trembling(detector, sitter)}\n")
    for line in (*smallest(detector, sitter), *times(detector, sitter)):
        say(f"{line}\n")
    say(f"{pieces(detector, options.pictures)}\n{other_things(detector, options.pictures)}\n")


if __name__ == "__main__":
    main()
