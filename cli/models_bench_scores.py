"""The scores of one extractor on a folder of prints, kept so that a later run need not repeat them.

OUT/<view>/<extractor>/ holds verification.tsv and identification.tsv as the FVC scorer takes them,
unusable.txt (which pictures gave nothing, and why), and made.json: what they were made of.
"""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

import msgspec
from rich.progress import track

from greenline.cli.accuracy import (
    PROGRESS,
    USUAL_DPI,
    Extracted,
    Picture,
    identification_pairs,
    verification_pairs,
    write_scores,
)
from greenline.cli.errors import CommandError
from greenline.cli.models_bench_entrants import Entrant
from greenline.cli.models_bench_messages import Fault
from greenline.cli.models_bench_process import Process
from greenline.cli.models_bench_views import show
from greenline.cli.models_bench_worker import code_digest
from greenline.models.errors import ModelsError
from greenline.models.picture import read_picture
from greenline.prints.comparison import prepare
from greenline.prints.errors import PrintsError

_MADE = "made.json"


class Made(msgspec.Struct, frozen=True):
    """What scores depend on. pictures, code: digests."""

    model_id: str
    runtime: str
    threshold: float
    view: str
    pictures: str
    code: str


@dataclass(frozen=True)
class Job:
    """What is measured for every extractor alike. processes: that compare at the same time."""

    pictures: list[Picture]
    digest: str
    out: Path
    processes: int


def digest_of(pictures: list[Picture]) -> str:
    """Return 8 digits of a hash over the pictures, their names and resolutions."""
    whole = hashlib.sha256()
    for picture in pictures:
        try:
            content = hashlib.sha256(picture.path.read_bytes()).hexdigest()
        except OSError as fault:
            raise CommandError(f"{picture.path} cannot be read: {fault.strerror}", 3) from fault
        whole.update(f"{picture.name}\t{picture.dpi}\t{content}\n".encode())
    return whole.hexdigest()[:8]


def folder_of(job: Job, entrant: Entrant, view: str) -> Path:
    """Return where the scores of an extractor lie."""
    return job.out / view / entrant.key


def score(job: Job, entrant: Entrant, view: str) -> None:
    """Make the scores of an extractor, unless they lie there already. Raises CommandError."""
    folder = folder_of(job, entrant, view)
    made = Made(
        entrant.model_id, entrant.runtime, entrant.threshold, view, job.digest, code_digest()
    )
    shown = f"{entrant.label}, {entrant.runtime}, {view}"
    if _found(folder) == made:
        PROGRESS.print(f"{shown}: scores of an earlier run", highlight=False)
        return
    PROGRESS.print(shown, highlight=False)
    unfinished = folder.with_name(f"{folder.name}-unfinished")
    try:
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        _make(job, entrant, view, unfinished)
        (unfinished / _MADE).write_bytes(msgspec.json.encode(made))
        shutil.rmtree(folder, ignore_errors=True)
        unfinished.rename(folder)
    except OSError as fault:
        raise CommandError(f"{folder} cannot be written: {fault.strerror}", 3) from fault


def _found(folder: Path) -> Made | None:
    try:
        return msgspec.json.decode((folder / _MADE).read_bytes(), type=Made)
    except (OSError, msgspec.DecodeError):
        return None


def _make(job: Job, entrant: Entrant, view: str, folder: Path) -> None:
    with entrant.start() as process:
        steps = track(job.pictures, "Extracting", console=PROGRESS)
        prints = {picture.name: _extract(process, picture, view) for picture in steps}
    unusable = [
        f"{name}: scores lowest against everything ({found.reason or 'no minutiae'})\n"
        for name, found in prints.items()
        if found.prepared is None
    ]
    (folder / "unusable.txt").write_text("".join(unusable))
    for name, pairs in (
        ("verification", verification_pairs(job.pictures)),
        ("identification", identification_pairs(job.pictures)),
    ):
        write_scores(folder / f"{name}.tsv", pairs, prints, job.processes)


def _extract(process: Process, picture: Picture, view: str) -> Extracted:
    try:
        frame = read_picture(picture.path, picture.dpi, otherwise_dpi=USUAL_DPI)
        answer = process.extract(show(frame, view))
    except (ModelsError, PrintsError) as fault:
        return Extracted(None, 0.0, str(fault))
    if isinstance(answer, Fault):
        return Extracted(None, 0.0, answer.sentence)
    template = answer.template()
    return Extracted(prepare(template) if len(template) else None, answer.wall_ms / 1000)
