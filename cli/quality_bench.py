"""`greenline bench quality`: does a measure of quality tell which pictures will not be found again?

Each measure is judged on the same pictures and the same comparisons. Scores that lie in OUT are not
made again; remove OUT after a change of a network or of the comparison. OUT/r503 holds pieces of
the prints.
"""

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
from greenline.cli.quality_nfiq2 import read_nfiq2
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
    out: Annotated[
        Path,
        typer.Option(
            help="Folder for scores, tables and the picture. OUT/r503 holds pieces of the prints: "
            "guard OUT as you guard the prints, and remove it when they must be removed."
        ),
    ],
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
    theirs = _read_tables({"whole": nfiq2, "r503": nfiq2_r503 or nfiq2}, whole)
    views = {"whole": whole, "r503": cut_all(whole, out / "r503")}
    ranks, found = [], list[Result]()
    for view, pictures in views.items():
        judged = judge_all(pictures, theirs[view])
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


def _read_tables(
    tables: dict[str, Path | None], whole: list[Picture]
) -> dict[str, dict[str, float]]:
    """Read the tables that were given, before hours of work. A piece is named as its picture is."""
    names = [picture.name for picture in whole]
    return {view: read_nfiq2(path, names) if path else {} for view, path in tables.items()}


def judge_all(pictures: list[Picture], nfiq2: dict[str, float]) -> Judged:
    """Return the quality of each picture by each measure. nfiq2: of every picture, or empty."""
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
        judged[NFIQ2] = nfiq2
    return judged


def _read(picture: Picture) -> Frame:
    return read_picture(picture.path, picture.dpi, otherwise_dpi=USUAL_DPI)


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
