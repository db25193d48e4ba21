"""`greenline bench`: measurements that anyone can repeat."""

import os
import statistics
from pathlib import Path
from typing import Annotated

import typer

from greenline.cli.accuracy import (
    Extracted,
    Network,
    Picture,
    extract_all,
    find_pictures,
    identification_pairs,
    resolutions,
    verification_pairs,
    write_scores,
)
from greenline.cli.accuracy_plots import group, print_errors, write_plots
from greenline.cli.errors import CommandError
from greenline.cli.extraction_times import print_extraction
from greenline.cli.line_times import measure_line, print_line
from greenline.cli.models_bench import models
from greenline.cli.models_bench_rates import number_pairs, read_scores
from greenline.cli.quality_bench import quality
from greenline.models.extraction import MODEL

_VERIFICATION, _IDENTIFICATION = "verification.tsv", "identification.tsv"

app = typer.Typer(no_args_is_help=True)
app.command(name="models")(models)
app.command(name="quality")(quality)


@app.callback()
def bench() -> None:
    """Measure accuracy and speed."""


@app.command()
def accuracy(
    folder: Annotated[Path, typer.Argument(help="<set>/<finger>_<impression>.png|tif|bmp")],
    *,
    out: Annotated[Path, typer.Option(help="Folder for verification.tsv and identification.tsv.")],
    dpi: Annotated[
        list[str] | None, typer.Option(help="SET=DPI; other sets: what their files say, else 500.")
    ] = None,
    processes: Annotated[int, typer.Option(min=1, help="Worker processes.")] = os.cpu_count() or 1,
    model: Annotated[str, typer.Option(help="leader-1 or greenline-1.")] = MODEL,
    accurate: Annotated[bool, typer.Option(help="Look at the mirror image as well.")] = False,
    threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="Of a minutia; default: the manifest's.")
    ] = None,
    plots: Annotated[
        bool, typer.Option("--plots", help="Draw det.svg and scores.svg beside the tables.")
    ] = False,
) -> None:
    """Score prints the FVC way: all pairs of each set, and first impressions against the rest."""
    pictures = find_pictures(folder, resolutions(dpi or []))
    if plots:
        number_pairs(list(verification_pairs(pictures)))  # refused now, rather than after hours
    _make(out)
    network = Network(model, accurate, threshold)
    prints = extract_all(pictures, processes, network)
    _tell_unusable(prints)
    if _compare(pictures, prints, out, processes, network.model):
        _tell_rates(out, plots=plots)


@app.command()
def line(
    presses: Annotated[int, typer.Option(min=1, help="Of each finger.")] = 10,
    prints: Annotated[Path | None, typer.Option(help="Print folder; default: synthetic.")] = None,
    folder: Annotated[Path, typer.Option(help="The site's own folder.")] = Path(".demo-bench"),
    paced: Annotated[bool, typer.Option(help="Let the serial line be as slow as it is.")] = True,
) -> None:
    """Time each step from press to answer, and read each process's peak memory."""
    print_line(measure_line(folder, prints.resolve() if prints else None, presses, paced=paced))


@app.command()
def extraction(
    pictures: Annotated[int, typer.Option(min=1, help="Synthetic pictures of each size.")] = 20,
) -> None:
    """Time the extraction of a template on one thread, with the runtime that is installed."""
    print_extraction(pictures)


def _make(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise CommandError(f"{out} cannot be made: {fault.strerror}", 3) from fault


def _tell_unusable(prints: dict[str, Extracted]) -> None:
    for name, found in prints.items():
        if found.prepared is None:
            print(f"{name}: scores lowest against everything ({found.reason or 'no minutiae'})")


def _compare(
    pictures: list[Picture], prints: dict[str, Extracted], out: Path, processes: int, model: str
) -> int:
    """Write both tables and say so; return how many pairs of one set there are."""
    verification, identification = out / _VERIFICATION, out / _IDENTIFICATION
    pairs = write_scores(verification, verification_pairs(pictures), prints, processes, model)
    searches = write_scores(
        identification, identification_pairs(pictures), prints, processes, model
    )
    median_ms = 1000 * statistics.median(found.seconds for found in prints.values())
    print(f"{len(pictures)} pictures, extraction {median_ms:.0f} ms (median; {processes} at once)")
    print(f"{pairs} pairs in {verification}, {searches} in {identification}")
    return pairs


def _tell_rates(out: Path, *, plots: bool) -> None:
    """Print what the scores come to, and draw it. Raises CommandError when too few are drawn."""
    named, scores = read_scores(out / _VERIFICATION)
    try:
        groups = group(number_pairs(named), scores)
    except CommandError:
        if plots:
            raise
        return  # too few fingers to speak of rates; the scores are written
    print_errors(groups[-1])
    if plots:
        written = write_plots(out, groups)
        print("drawn: " + ", ".join(map(str, written)))
