"""Presses fingers on a running demo and gathers the time of each step and each process's memory."""

import statistics
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from greenline.cli.demo import run_demo
from greenline.cli.demo_run import STEPS, check
from greenline.cli.errors import CommandError


@dataclass(frozen=True)
class LineTimes:
    """steps_ms: one dict a press. peak_mib: peak resident memory (VmHWM) by process."""

    steps_ms: list[dict[str, float]]
    peak_mib: dict[str, float]


def measure_line(folder: Path, prints: Path | None, presses: int, *, paced: bool) -> LineTimes:
    """Press an enrolled and an unknown finger in turn, presses times each."""
    with run_demo(folder, prints, None, (0, 0), paced=paced, both=True) as demo:
        names = [demo.enrolled[0].shown, demo.unknown[0].shown]
        steps = [
            check(demo.kiosk_url, demo.simulator_url, name)["steps_ms"]
            for name in track(names * presses, description="Pressing")
        ]
        return LineTimes(steps, {child.name: peak_mib(child.pid) for child in demo.children})


def peak_mib(pid: int) -> float:
    """Return the peak resident memory of a process in MiB (Linux, VmHWM of proc(5))."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise CommandError(f"the memory of process {pid} cannot be read", 1)


def print_line(times: LineTimes) -> None:
    """Print two tables: times by step, memory by process."""
    table = Table("step", "median", "p95", title=f"Milliseconds, {len(times.steps_ms)} presses")
    for step in STEPS:
        table.add_row(step, *_figures([found.get(step, 0.0) for found in times.steps_ms]))
    sums = [sum(found.values()) for found in times.steps_ms]
    table.add_row("press to answer", *_figures(sums), style="bold")
    without = [sum(found.values()) - found["transfer"] for found in times.steps_ms]
    table.add_row("without the transfer", *_figures(without))
    memory = Table("process", "MiB", title="Peak resident memory")
    for name, peak in times.peak_mib.items():
        memory.add_row(name, f"{peak:.0f}")
    console = Console()
    console.print(table)
    console.print(memory)


def _figures(values: list[float]) -> tuple[str, str]:
    ordered = sorted(values)
    return f"{statistics.median(ordered):.1f}", f"{ordered[int(0.95 * (len(ordered) - 1))]:.1f}"
