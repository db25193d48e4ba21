"""`greenline synth`: data sets of synthetic prints, and contact sheets to look at."""

import contextlib
import multiprocessing
import os
import signal
import statistics
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

from greenline.cli.errors import CommandError
from greenline.cli.extract import write_whole
from greenline.cli.synth_sheet import write_sheet
from greenline.models.training.data_set import (
    MANIFEST,
    MOST_FINGERS,
    MOST_SEED,
    DataSet,
    Picture,
    generator,
    resumed,
    write_finger,
)
from greenline.models.training.sensors import SENSORS

app = typer.Typer()

_SAVES = 100  # how often at most the manifest is written: it holds every picture

Work = tuple[int, tuple[int, ...]]


@app.command()
def synth(  # noqa: PLR0913, PLR0917  # as many as there are options
    out: Annotated[Path | None, typer.Option(help="Folder of the set; made if missing.")] = None,
    fingers: Annotated[int, typer.Option(min=1, max=MOST_FINGERS, help="How many.")] = 10,
    impressions: Annotated[int, typer.Option(min=1, max=1000, help="Of each finger.")] = 4,
    seed: Annotated[int, typer.Option(min=1, max=MOST_SEED, help="Other seed, other fingers.")] = 1,
    sensor: Annotated[str, typer.Option(help=f"One of {', '.join(SENSORS)}.")] = "optical",
    truth: Annotated[
        bool, typer.Option("--truth", help="Write the true minutiae beside each picture.")
    ] = False,
    processes: Annotated[int, typer.Option(min=1, help="Worker processes.")] = os.cpu_count() or 1,
    sheet: Annotated[
        Path | None, typer.Option(help="Draw a contact sheet into this file instead.")
    ] = None,
    beside: Annotated[
        Path | None, typer.Option(help="Real prints to show on the sheet, from this folder.")
    ] = None,
) -> None:
    """Make pictures of fingers that nobody has, with their true minutiae known.

    A set that was interrupted is gone on with by the same command.
    """
    if sensor not in SENSORS:
        raise CommandError(f"no sensor is called {sensor!r}: choose {', '.join(SENSORS)}", 2)
    if (out is None) == (sheet is None):
        raise CommandError("say either --out, for a set, or --sheet, for a picture to look at", 2)
    if beside is not None and sheet is None:
        raise CommandError("--beside belongs to --sheet", 2)
    order = DataSet(generator(), seed, SENSORS[sensor], fingers, impressions, truth)
    if sheet is not None:
        write_sheet(order, sheet, beside)
    if out is not None:
        _make(order, out, processes)


def _make(order: DataSet, folder: Path, processes: int) -> None:
    """Make what is missing of a set, and tell what is there then."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        begun = resumed(order, folder)
    except OSError as fault:
        raise CommandError(f"{folder} cannot be used: {fault.strerror}", 3) from fault
    _save(begun, folder)
    pictures = list(begun.pictures)
    try:
        _add_missing(begun, folder, pictures, processes)
    except KeyboardInterrupt:
        _save(begun.with_pictures(pictures), folder)
        told = f"stopped with {len(pictures)} of {_size(order)} pictures; "
        print(f"{told}the same command goes on", file=sys.stderr)
        raise
    except OSError as fault:
        with contextlib.suppress(CommandError):  # where a picture has no room, it has none either
            _save(begun.with_pictures(pictures), folder)
        place = fault.filename or folder
        raise CommandError(f"{place} cannot be written: {fault.strerror}", 3) from fault
    _save(begun.with_pictures(pictures), folder)
    print(_summary(pictures, len(pictures) - len(begun.pictures), folder))


def _add_missing(order: DataSet, folder: Path, pictures: list[Picture], processes: int) -> None:
    """Append each picture that is missing, once it is written."""
    missing = order.missing()
    often = max(1, len(missing) // _SAVES)
    columns = (*Progress.get_default_columns()[:-1], MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as progress, _workers(processes) as run:
        task = progress.add_task("Pressing", total=_size(order), completed=len(pictures))
        for count, made in enumerate(run(partial(_work, order, folder), missing), 1):
            pictures += made
            progress.advance(task, len(made))
            if count % often == 0:
                _save(order.with_pictures(pictures), folder)


@contextlib.contextmanager
def _workers(
    processes: int,
) -> Iterator[Callable[[Callable[[Work], list[Picture]], list[Work]], Iterable[list[Picture]]]]:
    """Give a map() over so many processes; one is this process itself."""
    if processes == 1:
        yield map
        return
    # spawn: nothing of this process, its threads least of all, is copied into them.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, context, _leave_interrupts)
    try:
        yield pool.map
    except BrokenProcessPool as fault:
        raise CommandError("a worker process was ended: is there enough memory?", 3) from fault
    finally:
        pool.shutdown(cancel_futures=True)


def _leave_interrupts() -> None:
    """Leave Ctrl-C to the parent, which ends its workers in order."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _work(order: DataSet, folder: Path, work: Work) -> list[Picture]:
    return write_finger(order, folder, *work)


def _save(made: DataSet, folder: Path) -> None:
    write_whole(folder / MANIFEST, made.to_json())


def _size(order: DataSet) -> int:
    return order.fingers * order.impressions


def _summary(pictures: list[Picture], made: int, folder: Path) -> str:
    counts = [picture.minutiae for picture in pictures]
    return (
        f"{len(pictures)} pictures in {folder}, {made} of them made now; "
        f"{statistics.median(counts):g} minutiae each (median; {min(counts)} to {max(counts)})"
    )
