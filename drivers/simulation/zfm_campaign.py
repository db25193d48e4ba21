"""Fault campaigns: many transfers, each spoilt in a random way, in virtual time.

Used by bench/zfm_faults.py (thousands of transfers) and by the tests (a few of each kind). The
same kind, number and seed give the same case again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from random import Random

import numpy as np
from numpy.typing import NDArray

from greenline.drivers.errors import DriverError
from greenline.drivers.simulation.spoilers import SPOILERS, Shape, Spoiler
from greenline.drivers.simulation.virtual import VirtualPort
from greenline.drivers.simulation.wire import Wire
from greenline.drivers.simulation.zfm_kinds import AS608, OLD_UNMARKED, R503, R551, ModuleKind
from greenline.drivers.simulation.zfm_module import ZfmModule
from greenline.drivers.zfm import Zfm
from greenline.drivers.zfm_tuning import BEST_BAUDS
from greenline.prints.frame import Frame

_KINDS = (AS608, R503, R503, R551, OLD_UNMARKED)
_PACKET_SIZES = (32, 64, 128, 256)
_COUNTS = (1, 1, 2, 9)  # answers that are spoilt: mostly one, sometimes all
_RESTS_S = (0.0, 60.0)  # at once, and when a module that paused or hissed has finished
_NEXT_TRIES = 6  # a slow module may go on for a minute with a picture that nobody wants
_COMMANDS_OF_A_SCAN = 2  # GenImg and UpImage


class Outcome(Enum):
    """How one spoilt transfer ended."""

    AT_ONCE = "right at once"
    REPEATED = "right after repeats"
    REFUSED = "refused"
    WRONG = "WRONG PICTURE"
    FOREIGN = "FOREIGN EXCEPTION"
    HUNG = "HUNG"


@dataclass(frozen=True)
class Case:
    """One spoilt transfer. error: the exception's name, empty without one.

    wrong_pixels: how many differ. took_s: virtual seconds. next_try: which scan after the fault,
    of another finger, was the first to be right, 0 if none was. what: how to do it again.
    """

    outcome: Outcome
    error: str
    wrong_pixels: int
    took_s: float
    next_try: int
    what: str


@dataclass
class Tally:
    """The cases of one kind of fault."""

    kind: str
    cases: list[Case] = field(default_factory=list)

    def count(self, outcome: Outcome, error: str | None = None) -> int:
        """Return how many ended so, with this exception if one is named."""
        return sum(case.outcome is outcome and error in (None, case.error) for case in self.cases)


def run_campaign(
    cases_each: int, seed: int, tell: Callable[[Tally], None] = lambda _: None
) -> list[Tally]:
    """Run so many cases of every kind of fault. tell: called after each kind."""
    tallies = []
    for kind, spoiler in SPOILERS.items():
        tally = Tally(kind)
        for number in range(cases_each):
            tally.cases.append(run_case(kind, spoiler, f"{seed}/{kind}/{number}"))
        tell(tally)
        tallies.append(tally)
    return tallies


def run_case(kind: str, spoiler: Spoiler, seed: str) -> Case:
    """Open a module over a sound line, spoil the line, scan, make it sound, scan again."""
    random = Random(seed)  # noqa: S311  # a repeatable choice, no secret
    module_kind = random.choice(_KINDS)
    module = ZfmModule(module_kind, random.choice(BEST_BAUDS), random.choice(_PACKET_SIZES))
    port = VirtualPort(Wire(module, paced=True), module.baud)
    sensor = Zfm.open(port, port.clock)
    pressed = _print(module_kind, random)
    module.press(pressed)
    if random.random() < 0.5:
        sensor.scan()  # from then on it knows the size also of a module that does not state it
    other = _print(module_kind, random)
    shape = Shape(module.packet_size, module_kind.width * module_kind.height // 2)
    what = f"{seed}: {module_kind.name}, {module.baud} bit/s, packets of {module.packet_size}"
    trial = _Trial(port, module, sensor, pressed)
    case = trial.run(spoiler, random, shape, f"{kind}, {what}")
    return trial.judge_next(case, other, random.choice(_RESTS_S))


class _Trial:
    def __init__(self, port: VirtualPort, module: ZfmModule, sensor: Zfm, pressed: Frame) -> None:
        self._port = port
        self._module = module
        self._sensor = sensor
        self._wanted = _seen(pressed)
        # A picture without end marks is seen twice before its size is known.
        learning = sensor.info().width is None and not module.kind.marks_last
        self._usual_commands = _COMMANDS_OF_A_SCAN + learning

    def run(self, spoiler: Spoiler, random: Random, shape: Shape, what: str) -> Case:
        port, module = self._port, self._module
        spoilt = spoiler(random, shape, random.choice(_COUNTS))
        port.wire.faults[:] = spoilt.answers
        port.wire.command_faults[:] = spoilt.commands
        restart_at = spoilt.restart_at
        before_s, before = port.clock(), module.commands

        def progress(share: float) -> None:
            nonlocal restart_at
            if restart_at is not None and share >= restart_at:
                restart_at = None
                port.wire.restart_module(port.clock())

        outcome, error, wrong = self._scan(progress)
        took_s = port.clock() - before_s
        if outcome is Outcome.AT_ONCE and module.commands - before > self._usual_commands:
            outcome = Outcome.REPEATED
        if took_s > self._limit_s(shape):
            outcome = Outcome.HUNG
        return Case(outcome, error, wrong, took_s, 0, what)

    def judge_next(self, case: Case, other: Frame, rest_s: float) -> Case:
        """Make the line sound, lay another finger on, scan: the first one must not come again."""
        port = self._port
        port.wire.faults.clear()
        port.wire.command_faults.clear()
        port.clock.now += rest_s
        self._module.press(other)
        self._wanted = _seen(other)
        for number in range(1, _NEXT_TRIES + 1):
            outcome, error, wrong = self._scan(lambda _: None)
            if outcome is Outcome.AT_ONCE:
                return replace(case, next_try=number)
            if outcome is not Outcome.REFUSED:
                return replace(case, outcome=outcome, error=error, wrong_pixels=wrong)
        return case

    def _scan(self, progress: Callable[[float], None]) -> tuple[Outcome, str, int]:
        try:
            got = self._sensor.scan(progress)
        except DriverError as error:
            return Outcome.REFUSED, type(error).__name__, 0
        except Exception as error:  # noqa: BLE001  # to find such is what a campaign is for
            return Outcome.FOREIGN, type(error).__name__, 0
        if not isinstance(got, Frame):
            return Outcome.REFUSED, str(got), 0
        if got.pixels.shape != self._wanted.shape:
            return Outcome.WRONG, "", self._wanted.size
        wrong = int((got.pixels != self._wanted).sum())
        return (Outcome.WRONG if wrong else Outcome.AT_ONCE), "", wrong

    def _limit_s(self, shape: Shape) -> float:
        """Return what a scan may take: three transfers, each twice as long as a sound one."""
        picture_s = shape.picture_bytes * 10 / self._port.baud
        return 60.0 + 3 * 2 * picture_s


def _seen(pressed: Frame) -> NDArray[np.uint8]:
    return np.asarray((pressed.pixels >> 4) * np.uint8(17), np.uint8)


def _print(kind: ModuleKind, random: Random) -> Frame:
    rows, columns = np.mgrid[: kind.height, : kind.width]
    waves = 127 + 90 * np.sin(np.hypot(rows - 40, columns - 60) / 1.4)
    noise = np.random.default_rng(random.getrandbits(32)).integers(-37, 38, waves.shape)
    return Frame((waves + noise).clip(0, 255).astype(np.uint8), kind.dpi)
