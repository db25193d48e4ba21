"""`greenline bench quality`: does a measure of quality tell which pictures will not be found again?

Each measure is judged on the same pictures and the same comparisons. Scores that lie in OUT are not
made again; remove OUT after a change of a network or of the comparison.
"""

import csv
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from greenline.cli.accuracy import (
    USUAL_DPI,
    Network,
    Picture,
    extract_all,
    find_pictures,
    resolutions,
    verification_pairs,
    write_scores,
)
from greenline.cli.errors import CommandError
from greenline.cli.models_bench_rates import read_scores
from greenline.cli.models_bench_views import r503
from greenline.cli.quality_picture import Panel, draw
from greenline.cli.quality_report import NFIQ2, Result, area_table, rank_table, results
from greenline.models.picture import read_picture
from greenline.models.quality import ALGORITHM, Quality, judge
from greenline.models.quality_network import MODEL, QualityNetwork
from greenline.models.training.synthesis import save_frame
from greenline.prints.frame import Frame

_NETWORKS = ("leader-1", "greenline-1")
Judged = dict[str, dict[str, float]]  # measure, picture: quality


def quality(
    folder: Annotated[Path, typer.Argument(help="<set>/<finger>_<impression>.png|tif|bmp")],
    *,
    out: Annotated[Path, typer.Option(help="Folder for scores, tables and the picture.")],
    nfiq2: Annotated[
        Path | None, typer.Option(help="CSV with the columns image and nfiq2, of the pictures.")
    ] = None,
    nfiq2_r503: Annotated[
        Path | None, typer.Option(help="The same of what an R503 would send (OUT/r503).")
    ] = None,
    dpi: Annotated[
        list[str] | None, typer.Option(help="SET=DPI; other sets: what their files say, else 500.")
    ] = None,
    processes: Annotated[int, typer.Option(min=1, help="Worker processes.")] = os.cpu_count() or 1,
) -> None:
    """Judge measures of quality by the errors that are left when the worst pictures are gone."""
    whole = find_pictures(folder, resolutions(dpi or []))
    views = {
        "whole": (whole, nfiq2),
        "r503": (cut_all(whole, out / "r503"), nfiq2_r503 or nfiq2),
    }
    ranks, found = [], list[Result]()
    for view, (pictures, theirs) in views.items():
        judged = judge_all(pictures, theirs)
        for network in _NETWORKS:
            names, scores = read_scores(
                _scored(out / f"{view}-{network}.tsv", pictures, network, processes)
            )
            ranks.append((view, network, judged, names, scores))
            found += results(view, network, judged, names, scores)
    report = rank_table(ranks) + "\n" + area_table(found)
    (out / "quality.md").write_text(report, encoding="utf-8")
    (out / "discard.svg").write_text(draw(_panels(found)), encoding="utf-8")
    print(report)


def cut_all(pictures: list[Picture], folder: Path) -> list[Picture]:
    """Write what an R503 would send of each picture, and return those. Raises CommandError."""
    try:
        for picture in pictures:
            path = folder / f"{picture.name}.png"
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                save_frame(r503(_read(picture)), path)
    except OSError as fault:
        raise CommandError(f"{folder} cannot be written: {fault.strerror}", 3) from fault
    return find_pictures(folder, {})


def judge_all(pictures: list[Picture], nfiq2: Path | None) -> Judged:
    """Return the quality of each picture by each measure; what NFIQ 2 could not judge has -1."""
    measures: dict[str, Callable[[Frame], Quality]] = {
        MODEL: QualityNetwork().judge,
        ALGORITHM: judge,
    }
    judged: Judged = {name: {} for name in measures}
    for picture in pictures:
        frame = _read(picture)
        for name, measure in measures.items():
            judged[name][picture.name] = measure(frame).score
    if nfiq2:
        theirs = _read_nfiq2(nfiq2)
        missing = sorted({picture.name for picture in pictures} - set(theirs))
        if missing:
            raise CommandError(f"{nfiq2} lacks {missing[0]}", 3)
        judged[NFIQ2] = {picture.name: theirs[picture.name] for picture in pictures}
    return judged


def _read(picture: Picture) -> Frame:
    return read_picture(picture.path, picture.dpi, otherwise_dpi=USUAL_DPI)


def _read_nfiq2(path: Path) -> dict[str, float]:
    try:
        with path.open(encoding="ascii") as file:
            return {
                row["image"].rpartition(".")[0]: float(row["nfiq2"] or -1)
                for row in csv.DictReader(file)
            }
    except (OSError, KeyError, ValueError) as fault:
        raise CommandError(f"{path} is no table with the columns image and nfiq2", 3) from fault


def _scored(table: Path, pictures: list[Picture], network: str, processes: int) -> Path:
    if not table.exists():
        prints = extract_all(pictures, processes, Network(network))
        whole = table.with_suffix(".part")
        write_scores(whole, verification_pairs(pictures), prints, processes)
        whole.rename(table)
    return table


def _panels(found: list[Result]) -> list[Panel]:
    return [
        Panel(
            f"{each.view}, {each.network}, {each.point}",
            {name: 100 * np.asarray(curve) for name, curve in each.curves.items()},
        )
        for each in found
    ]
