"""`greenline bench models`: accuracy, time and memory of every extractor, in one run.

Interrupted, it goes on where it stopped: scores that lie in OUT are not made again.
"""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from greenline.cli.accuracy import (
    find_pictures,
    identification_pairs,
    resolutions,
    verification_pairs,
)
from greenline.cli.errors import CommandError
from greenline.cli.models_bench_det import Line, Panel, draw
from greenline.cli.models_bench_entrants import Entrant, find_entrants
from greenline.cli.models_bench_rates import Curve, Pairs, number_pairs
from greenline.cli.models_bench_report import to_markdown
from greenline.cli.models_bench_results import Report, judge, machine, results
from greenline.cli.models_bench_scores import Job, digest_of, score
from greenline.cli.models_bench_times import measure_times
from greenline.cli.models_bench_views import VIEWS

_PANELS = {"full": "Whole pictures", "r503": "As an R503 would send them"}


class View(StrEnum):
    """What of each print is looked at."""

    FULL = "full"
    R503 = "r503"
    BOTH = "both"

    @property
    def names(self) -> list[str]:
        """The views themselves."""
        return list(VIEWS) if self is View.BOTH else [self.value]


def models(
    folder: Annotated[Path, typer.Argument(help="<set>/<finger>_<impression>.png|tif|bmp")],
    *,
    out: Annotated[Path, typer.Option(help="Folder for scores, report.json and det.svg.")],
    dpi: Annotated[
        list[str] | None, typer.Option(help="SET=DPI; other sets: what their files say, else 500.")
    ] = None,
    view: Annotated[
        View, typer.Option(help="Whole pictures, what an R503 would send of them, or both.")
    ] = View.BOTH,
    runtime_python: Annotated[
        list[str] | None,
        typer.Option(help="Another Python with Greenline, for the runtimes that are not here."),
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="Only this one, and leader-1; default: all.")
    ] = None,
    pictures: Annotated[int, typer.Option(min=1, help="Synthetic pictures to time on.")] = 40,
    processes: Annotated[int, typer.Option(min=1, help="That compare at once.")] = (
        os.cpu_count() or 1
    ),
) -> None:
    """Compare all extractors: accuracy, time, memory; prints Markdown."""
    job, pairs = _prepare(folder, resolutions(dpi or []), out, processes)
    entrants, left_out = find_entrants(runtime_python or [], model or [])
    before = os.getloadavg()[0]
    times = measure_times(entrants, pictures)
    for name in view.names:
        for entrant in entrants:
            score(job, entrant, name)
    accuracy, curves = judge(job, pairs, entrants, view.names)
    genuine = int(pairs.genuine.sum())
    report = Report(
        machine(),
        (before, os.getloadavg()[0]),
        job.digest,
        genuine,
        len(pairs.a) - genuine,
        sum(map(len, pairs.fingers)),
        left_out,
        results(entrants, times, accuracy),
    )
    _write(out / "report.json", msgspec.json.format(msgspec.json.encode(report)))
    _write(out / "det.svg", draw(_panels(entrants, curves)).encode())
    print(to_markdown(report), end="")


def _prepare(folder: Path, dpi: dict[str, float], out: Path, processes: int) -> tuple[Job, Pairs]:
    """Look at the pictures before hours are spent on them. Raises CommandError."""
    found = find_pictures(folder, dpi)
    pairs = number_pairs(list(verification_pairs(found)))
    if not any(True for _ in identification_pairs(found)):
        raise CommandError(f"{folder} has no impression 1 to search the others with", 3)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise CommandError(f"{out} cannot be made: {fault.strerror}", 3) from fault
    return Job(found, digest_of(found), out, processes), pairs


def _panels(entrants: list[Entrant], curves: dict[str, list[Curve]]) -> list[Panel]:
    """One panel a view; extractors differ by colour, their runtimes by dashes."""
    labels = list(dict.fromkeys(entrant.label for entrant in entrants))
    runtimes = list(dict.fromkeys(entrant.runtime for entrant in entrants))
    return [
        Panel(
            _PANELS[view],
            [
                Line(
                    f"{entrant.label} ({entrant.runtime})",
                    labels.index(entrant.label),
                    runtimes.index(entrant.runtime),
                    *curve.errors(),
                )
                for entrant, curve in zip(entrants, of_view, strict=True)
            ],
        )
        for view, of_view in curves.items()
    ]


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as fault:
        raise CommandError(f"{path} cannot be written: {fault.strerror}", 3) from fault
