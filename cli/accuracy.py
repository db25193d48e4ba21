"""Scores a folder of prints the FVC way: extract each once, compare, write the tables of scores.

Layout: <set>/<finger>_<impression>.png|tif|bmp. Tables: <image> TAB <image> TAB <score>, the
image named <set>/<finger>_<impression>, as the FVC protocol's scorer takes them.
"""

import contextlib
import itertools
import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track

from greenline.cli.comparing import Comparing
from greenline.cli.errors import CommandError
from greenline.cli.print_names import parse_name
from greenline.models.errors import ModelsError
from greenline.models.extraction import MODEL, Extractor
from greenline.models.picture import DPI_RANGE, read_picture
from greenline.prints.comparison import Prepared, prepare
from greenline.prints.errors import PrintsError

_PICTURES = frozenset({".png", ".tif", ".tiff", ".bmp"})
_CHUNK = 64
PROGRESS = Console(stderr=True)
"""Where progress is shown: what is printed can go into a file."""
USUAL_DPI = 500
"""Resolution of a picture that does not state its own, as the FVC protocol has it."""


@dataclass(frozen=True)
class Picture:
    """One picture of a set. dpi: None takes what the file says, else 500."""

    path: Path
    set_name: str
    finger: str
    impression: int
    dpi: float | None

    @property
    def name(self) -> str:
        """The picture's name in the tables."""
        return f"{self.set_name}/{self.finger}_{self.impression}"


@dataclass(frozen=True)
class Extracted:
    """What came of one picture. prepared: None when nothing could be extracted; then why."""

    prepared: Prepared | None
    seconds: float
    reason: str = ""


@dataclass(frozen=True)
class Network:
    """Which network extracts, and how. threshold: None takes the manifest's."""

    model: str = MODEL
    accurate: bool = False
    threshold: float | None = None

    def extractor(self) -> Extractor:
        """Open it. Raises ModelsError."""
        return Extractor(model=self.model, accurate=self.accurate, threshold=self.threshold)


def resolutions(options: list[str]) -> dict[str, float]:
    """Return the dpi of each set from options SET=DPI. Raises CommandError on any other."""
    found = {}
    for option in options:
        name, _, value = option.partition("=")
        try:
            found[name] = float(value)
        except ValueError as fault:
            raise CommandError(f"--dpi {option!r}: write it like DB2_B=569", 2) from fault
        if not DPI_RANGE[0] <= found[name] <= DPI_RANGE[1]:
            raise CommandError(f"--dpi {option!r}: this is no resolution of a sensor", 2)
    return found


def find_pictures(folder: Path, dpi: dict[str, float]) -> list[Picture]:
    """Return the pictures of all sets, in order. Raises CommandError when there are none."""
    found = [
        Picture(path, path.parent.name, *named, dpi.get(path.parent.name))
        for path in sorted(folder.glob("*/*"))
        if path.suffix.lower() in _PICTURES and (named := parse_name(path.stem))
    ]
    _refuse_names(found)
    unknown = sorted(set(dpi) - {picture.set_name for picture in found})
    if unknown:
        raise CommandError(f"--dpi names {', '.join(unknown)}, but {folder} has no such set", 2)
    if not found:
        raise CommandError(
            f"{folder} holds no pictures named <set>/<finger>_<impression>.png|tif|bmp", 3
        )
    return found


def _refuse_names(pictures: list[Picture]) -> None:
    """Refuse what the tables cannot hold. Raises CommandError."""
    seen: dict[str, Path] = {}
    for picture in pictures:
        if not picture.name.isascii() or not picture.name.isprintable():
            raise CommandError(f"{picture.path}: use letters, digits and signs of ASCII only", 3)
        if picture.name in seen:
            raise CommandError(
                f"{picture.path} and {seen[picture.name]} are both {picture.name}: remove one", 3
            )
        seen[picture.name] = picture.path


def extract_all(pictures: list[Picture], processes: int, network: Network) -> dict[str, Extracted]:
    """Extract each picture; one that fails counts as a print without minutiae, and is told.

    Raises ModelsError when the model cannot be used at all, CommandError when a worker is lost.
    """
    network.extractor()  # what keeps it from being made is told here, better than from a worker
    with _pool(processes, _open_extractor, network) as pool:
        results = track(
            pool.map(_extract, pictures), "Extracting", total=len(pictures), console=PROGRESS
        )
        return {picture.name: found for picture, found in zip(pictures, results, strict=True)}


def verification_pairs(pictures: list[Picture]) -> Iterator[tuple[str, str]]:
    """Yield every pair of pictures of one set."""
    for _, members in itertools.groupby(pictures, key=lambda picture: picture.set_name):
        yield from itertools.combinations([picture.name for picture in members], 2)


def identification_pairs(pictures: list[Picture]) -> Iterator[tuple[str, str]]:
    """Yield every first impression with every other impression, over all sets."""
    gallery = [picture.name for picture in pictures if picture.impression == 1]
    probes = [picture.name for picture in pictures if picture.impression != 1]
    yield from itertools.product(gallery, probes)


def write_scores(
    path: Path,
    pairs: Iterable[tuple[str, str]],
    prints: dict[str, Extracted],
    processes: int,
    model: str = "",
) -> int:
    """Compare the pairs and write one line each; return how many. Raises CommandError.

    model: whose minutiae they are, which decides what a score means.
    """
    prepared = {name: found.prepared for name, found in prints.items()}
    listed = list(pairs)
    chunks = [listed[start : start + _CHUNK] for start in range(0, len(listed), _CHUNK)]
    try:
        with (
            path.open("w", encoding="ascii") as table,
            _pool(processes, _keep, prepared, model) as pool,
        ):
            for lines in track(
                pool.map(_compare, chunks),
                description=f"Comparing ({path.stem})",
                total=len(chunks),
                console=PROGRESS,
            ):
                table.writelines(lines)
    except OSError as fault:
        raise CommandError(f"{path} cannot be written: {fault.strerror}", 3) from fault
    return len(listed)


@contextlib.contextmanager
def _pool(
    processes: int, prepare_worker: Callable[..., None], *arguments: object
) -> Iterator[ProcessPoolExecutor]:
    try:
        with ProcessPoolExecutor(processes, None, prepare_worker, arguments) as pool:
            yield pool
    except BrokenProcessPool as fault:
        raise CommandError("a worker process was ended: is there enough memory?", 3) from fault


_extractor: Extractor | None = None
_compared: Comparing | None = None


def _open_extractor(network: Network) -> None:
    global _extractor  # noqa: PLW0603  # one network a worker process, opened once
    os.nice(5)
    _extractor = network.extractor()


def _extract(picture: Picture) -> Extracted:
    if _extractor is None:
        raise RuntimeError("the worker was not set up")
    started = time.perf_counter()
    try:
        template = _extractor.extract(
            read_picture(picture.path, picture.dpi, otherwise_dpi=USUAL_DPI)
        )
    except (ModelsError, PrintsError) as fault:
        return Extracted(None, time.perf_counter() - started, str(fault))
    seconds = time.perf_counter() - started
    return Extracted(prepare(template) if len(template) else None, seconds)


def _keep(prepared: dict[str, Prepared | None], model: str) -> None:
    global _compared  # noqa: PLW0603  # one for all of a worker process
    _compared = Comparing(prepared, model)


def _compare(pairs: list[tuple[str, str]]) -> list[str]:
    if _compared is None:
        raise RuntimeError("the worker was not set up")
    scores = _compared.scores(pairs)
    return [f"{a}\t{b}\t{score!r}\n" for (a, b), score in zip(pairs, scores, strict=True)]
