"""Data sets of synthetic prints: pictures in a folder, and a manifest of what each of them is.

Called by `greenline synth`. The same order gives the same pictures, so a set that was begun is
gone on with: what is there and is what its manifest says stays.
"""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import msgspec
from PIL import Image

from greenline.models.errors import ModelsError
from greenline.models.training.appearance import Conditions, draw_conditions
from greenline.models.training.fields import seeded
from greenline.models.training.fingers import make_finger
from greenline.models.training.impressions import press
from greenline.models.training.sensors import Sensor, as_sensor
from greenline.prints import fmr
from greenline.prints.frame import Frame
from greenline.prints.template import Template

MANIFEST = "manifest.json"
MOST_FINGERS = 999_999
MOST_SEED = 4293  # beyond it fingers repeat: their own seeds are numbers of 32 bits
GENERATOR = (
    "appearance",
    "cores",
    "data_set",
    "fields",
    "fingers",
    "impressions",
    "masters",
    "orientation",
    "residues",
    "sensors",
    "warp",
    "wear",
)
"""The files of this folder that decide what a picture looks like."""

_CONDITIONS = 0x636F  # the word with which press() draws the conditions of a press


class DataSetError(ModelsError):
    """The folder holds something else than the set that was ordered: choose another folder."""


class Picture(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One picture of a set. finger and impression count from 1. pattern: the finger's class.

    minutiae: how many it shows. record: its true minutiae, ISO/IEC 19794-2, if asked for.
    """

    file: str
    finger: int
    impression: int
    pattern: str
    conditions: Conditions
    minutiae: int
    sha256: str
    record: str | None = None
    record_sha256: str | None = None


class DataSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A manifest: what was ordered, and what has been made of it.

    fingers, impressions: how many were ordered; an unfinished set has fewer pictures.
    """

    generator: str
    seed: int
    sensor: Sensor
    fingers: int
    impressions: int
    truth: bool
    pictures: tuple[Picture, ...] = ()

    def missing(self) -> list[tuple[int, tuple[int, ...]]]:
        """Return each finger that lacks impressions, with those."""
        there = {(picture.finger, picture.impression) for picture in self.pictures}
        wanted = range(1, self.impressions + 1)
        lacking = (
            (finger, tuple(which for which in wanted if (finger, which) not in there))
            for finger in range(1, self.fingers + 1)
        )
        return [(finger, impressions) for finger, impressions in lacking if impressions]

    def with_pictures(self, pictures: Sequence[Picture]) -> "DataSet":
        """Return the set with these pictures, in order."""
        ordered = sorted(pictures, key=lambda picture: (picture.finger, picture.impression))
        return msgspec.structs.replace(self, pictures=tuple(ordered))

    def to_json(self) -> bytes:
        """Return the manifest's text."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"


@dataclass(frozen=True, eq=False)
class Press:
    """One press as the sensor sends it, with all that is known of it."""

    impression: int
    pattern: str
    conditions: Conditions
    frame: Frame
    truth: Template


def generator() -> str:
    """Return the version of the generator: another one for every change of its source."""
    folder = files("greenline.models.training")
    source = b"".join((folder / f"{name}.py").read_bytes() for name in GENERATOR)
    return f"{version('greenline')}+{hashlib.sha256(source).hexdigest()[:12]}"


def press_finger(order: DataSet, finger: int, impressions: Sequence[int]) -> list[Press]:
    """Press one finger of the set, as cooperative people press: the same each time."""
    made = make_finger(order.seed * (MOST_FINGERS + 1) + finger)
    sensor = order.sensor
    presses = []
    for which in impressions:
        conditions = draw_conditions(seeded(made.seed, which, _CONDITIONS))
        pressed = press(
            made,
            which,
            width=sensor.width,
            height=sensor.height,
            dpi=sensor.dpi,
            conditions=conditions,
        )
        frame = as_sensor(pressed.frame, made.seed + which, sensor)
        presses.append(Press(which, made.name, conditions, frame, pressed.truth))
    return presses


def write_finger(
    order: DataSet, folder: Path, finger: int, impressions: Sequence[int]
) -> list[Picture]:
    """Write pictures, and records if ordered, of one finger. Raises OSError when it cannot."""
    return [
        _write(order, folder, finger, pressed)
        for pressed in press_finger(order, finger, impressions)
    ]


def _write(order: DataSet, folder: Path, finger: int, pressed: Press) -> Picture:
    stem = f"{finger}_{pressed.impression}"
    picture = Picture(
        f"{stem}.png",
        finger,
        pressed.impression,
        pressed.pattern,
        pressed.conditions,
        len(pressed.truth),
        _write_whole(folder / f"{stem}.png", _png(pressed.frame)),
    )
    if not order.truth:
        return picture
    digest = _write_whole(folder / f"{stem}.fmr", fmr.from_template(pressed.truth))
    return msgspec.structs.replace(picture, record=f"{stem}.fmr", record_sha256=digest)


def _png(frame: Frame) -> bytes:
    file = io.BytesIO()
    Image.fromarray(frame.pixels).save(file, "PNG", dpi=(frame.dpi, frame.dpi))
    return file.getvalue()


def _write_whole(path: Path, content: bytes) -> str:
    """Write a file whole or not at all, return its SHA-256.

    It is not forced onto the disk: what a power cut spoils is found by its hash and made again.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError as fault:
        part.unlink(missing_ok=True)
        raise OSError(fault.errno, fault.strerror, str(path)) from fault
    return hashlib.sha256(content).hexdigest()


def resumed(order: DataSet, folder: Path) -> DataSet:
    """Return the order with the pictures that are in the folder and are what they should be.

    Records once ordered are kept up. Raises DataSetError when something else lies there.
    """
    earlier = _read(folder)
    if earlier is None:
        return order
    _refuse_other(order, earlier, folder)
    grown = msgspec.structs.replace(order, truth=order.truth or earlier.truth)
    return grown.with_pictures([each for each in earlier.pictures if _whole(each, grown, folder)])


def _read(folder: Path) -> DataSet | None:
    """Return the set in a folder, None if it is empty. Raises DataSetError."""
    try:
        return msgspec.json.decode((folder / MANIFEST).read_bytes(), type=DataSet)
    except FileNotFoundError:
        if any(not entry.name.startswith(".") for entry in folder.iterdir()):
            raise DataSetError(
                f"{folder} holds other files and no {MANIFEST}: choose another folder"
            ) from None
        return None
    except (OSError, msgspec.DecodeError) as fault:
        raise DataSetError(f"{folder / MANIFEST} cannot be read ({fault})") from fault


def _refuse_other(order: DataSet, earlier: DataSet, folder: Path) -> None:
    for name, old, new in (
        ("seed", earlier.seed, order.seed),
        ("sensor", earlier.sensor.name, order.sensor.name),
        ("generator", earlier.generator, order.generator),
    ):
        if old != new:
            raise DataSetError(
                f"{folder} holds a set of another {name} ({old}, not {new}): choose another folder"
            )
    if order.fingers < earlier.fingers or order.impressions < earlier.impressions:
        raise DataSetError(
            f"{folder} holds a set of {earlier.fingers} fingers with {earlier.impressions} "
            "impressions: ask for as many or more, or choose another folder"
        )


def _whole(picture: Picture, order: DataSet, folder: Path) -> bool:
    """Whether a picture, and its record if ordered, is what the manifest says."""
    if not _is(folder / picture.file, picture.sha256):
        return False
    if not order.truth:
        return True
    return picture.record is not None and _is(folder / picture.record, picture.record_sha256)


def _is(path: Path, sha256: str | None) -> bool:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == sha256
    except OSError:
        return False
