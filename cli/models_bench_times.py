"""Time and memory of all extractors in one run, picture by picture.

Each picture goes to every extractor before the next one does, so what else the machine does hits
all of them alike.
"""

import contextlib
import statistics
from dataclasses import dataclass

from rich.progress import track

from greenline.cli.accuracy import PROGRESS
from greenline.cli.errors import CommandError
from greenline.cli.models_bench_entrants import Entrant
from greenline.cli.models_bench_messages import Fault, Minutiae
from greenline.cli.models_bench_process import Process
from greenline.models.training.synthesis import Conditions, make_finger, press
from greenline.prints.frame import Frame

HEIGHT, WIDTH = 288, 256  # pixels of the pictures
_FINGER = 1


@dataclass(frozen=True)
class Times:
    """Of one extractor, a value a picture: milliseconds by the clock and on the processor.

    memory_mib: its peak resident memory, less its own before it opened a network.
    """

    wall_ms: list[float]
    processor_ms: list[float]
    memory_mib: float

    @property
    def median_ms(self) -> float:
        """By the clock."""
        return statistics.median(self.wall_ms)

    @property
    def p95_ms(self) -> float:
        """By the clock."""
        return sorted(self.wall_ms)[int(0.95 * (len(self.wall_ms) - 1))]


def measure_times(entrants: list[Entrant], pictures: int) -> list[Times]:
    """Time each extractor on the same synthetic pictures, with one thread. Raises CommandError."""
    finger = make_finger(_FINGER)
    frames = [
        press(finger, seed, width=WIDTH, height=HEIGHT, conditions=Conditions()).frame
        for seed in range(pictures + 1)
    ]
    with contextlib.ExitStack() as stack:
        processes = [stack.enter_context(entrant.start()) for entrant in entrants]
        for process in processes:
            _extract(process, frames[0])  # opens the network of this size
        found: list[list[Minutiae]] = [[] for _ in entrants]
        for number, frame in enumerate(track(frames[1:], "Timing", console=PROGRESS)):
            for step in range(len(processes)):
                which = (number + step) % len(processes)
                found[which].append(_extract(processes[which], frame))
        memory = [process.peak_mib() - process.own_mib for process in processes]
    return [
        Times([one.wall_ms for one in of_one], [one.processor_ms for one in of_one], mib)
        for of_one, mib in zip(found, memory, strict=True)
    ]


def _extract(process: Process, frame: Frame) -> Minutiae:
    answer = process.extract(frame)
    if isinstance(answer, Fault):
        raise CommandError(f"a synthetic picture was refused: {answer.sentence}", 3)
    return answer
