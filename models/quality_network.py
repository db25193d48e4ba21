"""Will this impression be found again? A small network's judgement, and what an officer can mend.

The network says of every 16x16 pixels whether there is skin, how well its ridges show, what is
wrong and how many minutiae will be found; the score is a curve over the sum of those on skin, and a
little of the clear skin itself. It is five times the comparison score to be expected against other
impressions of the finger, up to 100; so 20 stands for a false match rate of about one in ten
thousand (docs/models/greenline-utility-1.md). It is not NFIQ 2. Without a runtime quality.py judges
by gradients alone.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from greenline.models.extraction import DPI, SMALLEST_MM, at_500_dpi
from greenline.models.manifest import QualityThresholds, installed_folder, read_manifest
from greenline.models.networks import Networks
from greenline.models.quality import DARK, ENOUGH_MM2, FINGER_MM2, STRUCTURE, Quality, Reason
from greenline.models.runtime import Runtime
from greenline.models.tiles import background, choose_size
from greenline.prints.frame import Frame

MODEL = "greenline-utility-1"
BLOCK = 16  # px at 500 dpi: two ridges

_MM = 25.4 / DPI  # of a pixel
_BLOCK_MM2 = (BLOCK * _MM) ** 2
_FAR_MM = 100 * _MM  # unit of the way to the pad's middle
_RIDGES_MM2 = 10.0  # clear skin; of 240 synthetic presses 2 of skin show less, and none is found
_LEAST_GROUND = 10  # blocks, to say that it is dirty
_CONTACT, _CLEAR, _DRY, _WET, _SMUDGED, _RESIDUE, _RIGHT, _DOWN, _FOUND = range(9)

Map = NDArray[np.float32]


class QualityNetwork:
    """The network, opened once for each size of picture. Not safe to share between threads.

    runtime: None takes the first installed. Raises ModelFileError and RuntimeMissingError.
    """

    def __init__(self, runtime: Runtime | None = None, *, num_threads: int = 1) -> None:
        folder = installed_folder()
        files = read_manifest(folder).of_model(MODEL)
        self._thresholds = files[0].quality_thresholds()
        self._networks = Networks(files, folder, runtime, num_threads)

    def judge(self, frame: Frame) -> Quality:
        """Judge one frame, or the upper rows of one: ground is added to what is lower than 5 mm.

        Raises PictureError on one narrower than that, or above 51 mm either way.
        """
        picture = _at_500_dpi(frame)
        size = choose_size(self._networks.sizes, *picture.shape)
        laid, rows, columns = lay(picture, size)
        values = laid[np.newaxis, ..., np.newaxis].astype(np.float32)
        blocks = self._networks.of_size(size).run(values)[0, rows, columns]
        shown = np.rint(100 * blocks[..., _CONTACT] * blocks[..., _CLEAR]).astype(np.uint8)
        found = measure(blocks, self._thresholds.clear)
        uneven_mm2 = np.count_nonzero(_deviations(picture) > STRUCTURE) * _BLOCK_MM2
        if min(found.skin_mm2, uneven_mm2) < FINGER_MM2 or found.clear_mm2 < _RIDGES_MM2:
            return Quality(0, _no_finger(picture, uneven_mm2), MODEL, shown)
        score = round(100 * expected(found.evidence, self._thresholds))
        return Quality(score, complaints(found, self._thresholds), MODEL, shown)


def _at_500_dpi(frame: Frame) -> NDArray[np.uint8]:
    """Return the pixels of a frame, or of upper rows, at 500 dpi; nothing beside the rows."""
    missing = math.ceil(SMALLEST_MM / 25.4 * frame.dpi) - frame.height
    if missing <= 0:
        return at_500_dpi(frame)
    ground = np.full((missing, frame.width), background(frame.pixels), np.uint8)
    return at_500_dpi(Frame(np.vstack([frame.pixels, ground]), frame.dpi, frame.grey_levels))


def lay(
    picture: NDArray[np.uint8], size: tuple[int, int]
) -> tuple[NDArray[np.uint8], slice, slice]:
    """Lay a picture, never squeezed, into one of size (height, width); return its blocks, too.

    A smaller one lies in the middle on its background, whole blocks on whole blocks: padding is
    ground without contact and adds nothing. Of a larger one the part with most structure is seen.
    """
    picture = _most_structured(picture, size)
    height, width = picture.shape
    top, left = (size[0] - height) // 2 // BLOCK, (size[1] - width) // 2 // BLOCK
    laid = np.full(size, background(picture), np.uint8)
    laid[top * BLOCK : top * BLOCK + height, left * BLOCK : left * BLOCK + width] = picture
    rows, columns = -(-height // BLOCK), -(-width // BLOCK)
    return laid, slice(top, top + rows), slice(left, left + columns)


def _most_structured(picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Cut a picture that is larger than size about the middle of its structure."""
    if picture.shape[0] <= size[0] and picture.shape[1] <= size[1]:
        return picture
    uneven = _deviations(picture) > STRUCTURE
    for axis in (0, 1):
        length, most = picture.shape[axis], size[axis]
        if length > most:
            where = np.flatnonzero(uneven.any(axis=1 - axis))
            middle = int(BLOCK * (where.mean() + 0.5)) if len(where) else length // 2
            start = min(max(0, middle - most // 2), length - most)
            picture = np.take(picture, range(start, start + most), axis)
    return picture


@dataclass(frozen=True)
class Measured:
    """What the blocks of a picture add up to. clear_mm2: of skin whose ridges show. evidence:
    minutiae to be found on the skin, and some for the clear skin; what lies on no skin adds none.
    dry, wet, smudged: means over the skin, 0-1; residue: over the ground beside it, 0 where there
    is too little. off_centre: millimetres from the picture's middle to the pad's.
    """

    skin_mm2: float
    clear_mm2: float
    evidence: float
    dry: float
    wet: float
    smudged: float
    residue: float
    off_centre: float


def measure(blocks: Map, clear: float) -> Measured:
    """Add up the blocks of a picture, (rows, columns, channels). clear: of the manifest."""
    contact = blocks[..., _CONTACT]
    share = contact / max(float(contact.sum()), 1e-6)
    dry, wet, smudged = (float((blocks[..., at] * share).sum()) for at in (_DRY, _WET, _SMUDGED))
    return Measured(
        skin_mm2=float(contact.sum()) * _BLOCK_MM2,
        clear_mm2=float((contact * blocks[..., _CLEAR]).sum()) * _BLOCK_MM2,
        evidence=float((contact * (blocks[..., _FOUND] + clear * blocks[..., _CLEAR])).sum()),
        dry=dry,
        wet=wet,
        smudged=smudged,
        residue=_residue(blocks),
        off_centre=_off_centre_mm(blocks, share),
    )


def _residue(blocks: Map) -> float:
    ground = 1 - blocks[..., _CONTACT]
    count = float(ground.sum())
    return float((blocks[..., _RESIDUE] * ground).sum()) / count if count > _LEAST_GROUND else 0.0


def expected(evidence: float, thresholds: QualityThresholds) -> float:
    """Return the comparison score to be expected, 0 to 1 for 0 to 20, of so much evidence."""
    return -math.expm1(-((evidence / thresholds.many) ** thresholds.steep))


def complaints(found: Measured, thresholds: QualityThresholds) -> tuple[Reason, ...]:
    """Return what is wrong with a finger, first what spoils most."""
    told = {
        Reason.TOO_LITTLE_AREA: found.skin_mm2 < ENOUGH_MM2,
        Reason.OFF_CENTRE: found.off_centre > thresholds.off_centre,
        Reason.SMUDGED: found.smudged > thresholds.smudged,
        Reason.TOO_WET: found.wet > thresholds.wet,
        Reason.TOO_DRY: found.dry > thresholds.dry,
        Reason.RESIDUE: found.residue > thresholds.residue,
    }
    return tuple(reason for reason, true in told.items() if true)


def _off_centre_mm(blocks: Map, share: Map) -> float:
    """Return how far the pad's middle is from the picture's: each block of skin has its say."""
    rows, columns = share.shape
    row, column = np.mgrid[:rows, :columns].astype(np.float32)
    block = BLOCK * _MM
    right = blocks[..., _RIGHT] * _FAR_MM + (column + 0.5 - columns / 2) * block
    down = blocks[..., _DOWN] * _FAR_MM + (row + 0.5 - rows / 2) * block
    return float(np.hypot((right * share).sum(), (down * share).sum()))


def _no_finger(picture: NDArray[np.uint8], uneven_mm2: float) -> tuple[Reason, ...]:
    """Say what is there instead: something, the dark, or nothing."""
    if uneven_mm2 >= FINGER_MM2:
        return (Reason.NOT_A_FINGER,)
    dark = bool(picture.mean() < DARK)
    return (Reason.NO_FINGER, Reason.TOO_DARK) if dark else (Reason.NO_FINGER,)


def _deviations(picture: NDArray[np.uint8]) -> Map:
    """Return the deviation of the grey values in each whole block, of every fourth pixel."""
    half = BLOCK // 2
    rows, columns = (side // BLOCK for side in picture.shape)
    thin = picture[: rows * BLOCK : 2, : columns * BLOCK : 2].astype(np.float32)

    def means(values: Map) -> Map:  # rows first: three times as fast as both axes at once
        below = values.reshape(rows, half, columns * half).sum(axis=1)
        return np.asarray(below.reshape(rows, columns, half).sum(axis=2) / half**2)

    mean, square = means(thin), means(thin * thin)
    return np.asarray(np.sqrt(np.maximum(square - mean * mean, 0)))
