"""Times the extraction of templates on one thread, by size of picture."""

import statistics
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.table import Table

from greenline.models.extraction import Extractor
from greenline.models.quality import judge
from greenline.models.quality_network import MODEL as QUALITY_MODEL
from greenline.models.quality_network import QualityNetwork
from greenline.models.runtime import find_runtime
from greenline.models.training.synthesis import Conditions, make_finger, press
from greenline.prints.frame import Frame

_SIZES = ((288, 256), (512, 416))  # height, width
_NETWORKS = (("leader-1", False), ("greenline-1", False), ("greenline-1", True))


def print_extraction(pictures: int) -> None:
    """Print median and 95th percentile for each network, on the same pictures in the same run."""
    finger = make_finger(1)
    table = Table(
        "picture",
        "step",
        "median ms",
        "p95 ms",
        "least processor ms",
        title=f"{find_runtime().description}, one thread",
    )
    for height, width in _SIZES:
        frames = [
            press(finger, seed, width=width, height=height, conditions=Conditions()).frame
            for seed in range(pictures + 1)
        ]
        for step, run in _steps():
            run(frames[0])  # opens the network of this size
            times, processor = _milliseconds(run, frames[1:])
            p95 = times[int(0.95 * (len(times) - 1))]
            figures = (statistics.median(times), p95, processor[0])
            table.add_row(f"{width}x{height}", step, *(f"{figure:.1f}" for figure in figures))
    Console().print(table)


def _steps() -> Iterator[tuple[str, Callable[[Frame], object]]]:
    yield "quality", judge
    yield f"quality, {QUALITY_MODEL}", QualityNetwork().judge
    for model, accurate in _NETWORKS:
        name = f"template, {model}" + (", accurate" if accurate else "")
        yield name, Extractor(model=model, accurate=accurate).extract


def _milliseconds(
    run: Callable[[Frame], object], frames: list[Frame]
) -> tuple[list[float], list[float]]:
    """Return the sorted times of the clock and of the processor."""
    times, processor = [], []
    for frame in frames:
        started, started_processor = time.perf_counter(), time.process_time()
        run(frame)
        times.append((time.perf_counter() - started) * 1000)
        processor.append((time.process_time() - started_processor) * 1000)
    return sorted(times), sorted(processor)
