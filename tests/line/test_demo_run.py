"""What `make demo-once` and `greenline bench line` conclude from a running checkpoint."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from rich.console import Console

from greenline.cli.demo_run import Pressed, run_once
from greenline.cli.line_times import measure_line
from greenline.cli.serving import listen
from greenline.drivers.simulation.page import make_app
from greenline.models.training.synthesis import save_frame
from greenline.prints.frame import Frame
from tests.line.conftest import ENROLLED, UNKNOWN, Checkpoint, Prints

EVERYTHING = ("broker", "matcher", "kiosk", "uplink")


class Shelf:
    """The pressed impressions, by number."""

    def __init__(self, prints: Prints) -> None:
        self._prints = prints

    def names(self) -> list[str]:
        return [str(number) for number in self._prints.pressed]

    def impression(self, name: str) -> Frame:
        return self._prints.pressed[int(name)]


@pytest.fixture
def simulator(checkpoint: Checkpoint, prints: Prints) -> Iterator[str]:
    """The address of the simulated sensor's page, served in this process."""
    listening = listen(0)
    app = make_app(checkpoint.module, Shelf(prints))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    server.should_exit = True
    thread.join(timeout=10)


def test_only_two_right_answers_count_as_right(checkpoint: Checkpoint, simulator: str) -> None:
    checkpoint.start(*EVERYTHING)

    def concludes(enrolled: Pressed, unknown: Pressed) -> bool:
        return run_once(Console(quiet=True), checkpoint.kiosk, simulator, enrolled, unknown)

    known = Pressed(str(ENROLLED), f"entry-{ENROLLED}")
    strange = Pressed(str(UNKNOWN), "")

    assert concludes(known, strange)
    assert not concludes(Pressed(str(ENROLLED), "entry-of-somebody-else"), strange)
    assert not concludes(known, known)
    assert not concludes(strange, strange)


def test_the_bench_times_every_step_and_reads_every_process(prints: Prints, tmp_path: Path) -> None:
    folder = tmp_path / "prints"
    folder.mkdir()
    for number, path in prints.enrolled.items():
        (folder / f"{number}_1.png").write_bytes(path.read_bytes())
        save_frame(prints.pressed[number], folder / f"{number}_2.png")

    times = measure_line(tmp_path / "site", folder, 1, paced=False)

    steps = {"transfer", "quality", "template", "durable", "broker", "search", "reply"}
    assert [set(found) for found in times.steps_ms] == [steps, steps]
    assert set(times.peak_mib) == {"broker", "matcher", "sensor simulator", "kiosk", "uplink"}
    assert all(1 < peak < 2000 for peak in times.peak_mib.values())
