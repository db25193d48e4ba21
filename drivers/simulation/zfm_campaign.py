"""Fault campaigns: many transfers, each spoilt in a random way, in virtual time.

Used by bench/zfm_faults.py (thousands of transfers) and by the tests (a few of each kind). The
same kind, number and seed give the same case again.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from random import Random

import numpy as np
from numpy.typing import NDArray

from greenline.drivers.errors import DriverError
from greenline.drivers.recovery import Recovery
from greenline.drivers.simulation.faults import OnPictures
from greenline.drivers.simulation.spoilers import SPOILERS, PairOfWrongBits, Shape, Spoiler
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
# A slow module may go on for a minute with a picture that nobody wants. Of these tries the kiosk
# makes each after a wait twice as long as the one before.
_NEXT_TRIES = 10
_COMMANDS_OF_A_SCAN = 2  # GenImg and UpImage
_PRINTS = 7
_MOST_TRANSFERS, _BESIDES_S = 4, 60.0  # what a scan may take; with more it counts as hung


class Outcome(Enum):
    """How one spoilt transfer ended."""

    AT_ONCE = "right at once"
    REPEATED = "right after repeats"
    REFUSED = "refused"
    WRONG = "WRONG PICTURE"
    FOREIGN = "FOREIGN EXCEPTION"
    HUNG = "HUNG"


_RIGHT = (Outcome.AT_ONCE, Outcome.REPEATED)
_WORST = (Outcome.WRONG, Outcome.FOREIGN)


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


def run_bad_line(share: float, scans: int, seed: int, *, reopening: bool) -> Counter[Outcome]:
    """Scan again and again over one line that stays bad, another finger each time.

    share: of the pictures on the line, how many get two wrong bits close together, each time
    elsewhere. About one such pair in 16 cancels out, which the check sum cannot show. reopening:
    open the sensor anew after each refusal, which makes it forget how the line behaved.
    """
    random = Random(f"{seed}/{share}")  # noqa: S311  # a repeatable choice, no secret
    module = ZfmModule(R503, 115200)
    port = VirtualPort(Wire(module, paced=True), module.baud)
    sensor = Zfm.open(port, port.clock)
    shape = Shape(module.packet_size, R503.width * R503.height // 2)
    port.wire.faults[:] = [OnPictures(PairOfWrongBits(random, shape, share))]
    prints = [_print(R503, random) for _ in range(_PRINTS)]
    ends = Counter[Outcome]()
    for number in range(scans):
        pressed = prints[number % _PRINTS]
        module.press(pressed)
        outcome, _, _ = _Trial(port, module, sensor, pressed).scan()
        ends[outcome] += 1
        if reopening and outcome is Outcome.REFUSED:
            sensor = Zfm.open(port, port.clock)
    return ends


class _Trial:
    """One module with a print on it, its line, and its driver."""

    def __init__(self, port: VirtualPort, module: ZfmModule, sensor: Zfm, pressed: Frame) -> None:
        self._port = port
        self._module = module
        self._sensor = sensor
        self._wanted = _seen(pressed)
        # A picture without end marks is seen twice before its size is known.
        learning = sensor.info().width is None and not module.kind.marks_last
        self._usual_commands = _COMMANDS_OF_A_SCAN + learning
        picture_s = self._wanted.size // 2 * 10 / port.baud
        self._limit_s = _BESIDES_S + _MOST_TRANSFERS * 2 * picture_s  # 2: as slow as is borne

    def run(self, spoiler: Spoiler, random: Random, shape: Shape, what: str) -> Case:
        port = self._port
        spoilt = spoiler(random, shape, random.choice(_COUNTS))
        port.wire.faults[:] = spoilt.answers
        port.wire.command_faults[:] = spoilt.commands
        restart_at = spoilt.restart_at
        before_s = port.clock()

        def progress(share: float) -> None:
            nonlocal restart_at
            if restart_at is not None and share >= restart_at:
                restart_at = None
                port.wire.restart_module(port.clock())

        outcome, error, wrong = self.scan(progress)
        return Case(outcome, error, wrong, port.clock() - before_s, 0, what)

    def judge_next(self, case: Case, other: Frame, rest_s: float) -> Case:
        """Make the line sound, lay another finger on, scan: the first one must not come again."""
        port, recovery = self._port, Recovery(self._port.clock)
        port.wire.faults.clear()
        port.wire.command_faults.clear()
        port.clock.now += rest_s
        self._module.press(other)
        self._wanted = _seen(other)
        for number in range(1, _NEXT_TRIES + 1):
            outcome, error, wrong = self.scan()
            if outcome in _RIGHT:
                return replace(case, next_try=number)
            if outcome is not Outcome.REFUSED:
                return replace(case, outcome=outcome, error=error, wrong_pixels=wrong)
            recovery.failed()
            port.clock.now += recovery.wait_s()
        return case

    def scan(self, progress: Callable[[float], None] = lambda _: None) -> tuple[Outcome, str, int]:
        """Scan once; return how it ended, the exception's name, and how many pixels are wrong."""
        before_s, before = self._port.clock(), self._module.commands
        outcome, error, wrong = self._take_picture(progress)
        if self._port.clock() - before_s > self._limit_s and outcome not in _WORST:
            return Outcome.HUNG, error, 0
        if outcome is Outcome.AT_ONCE and self._module.commands - before > self._usual_commands:
            outcome = Outcome.REPEATED
        return outcome, error, wrong

    def _take_picture(self, progress: Callable[[float], None]) -> tuple[Outcome, str, int]:
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


def _seen(pressed: Frame) -> NDArray[np.uint8]:
    return np.asarray((pressed.pixels >> 4) * np.uint8(17), np.uint8)


def _print(kind: ModuleKind, random: Random) -> Frame:
    rows, columns = np.mgrid[: kind.height, : kind.width]
    waves = 127 + 90 * np.sin(np.hypot(rows - 40, columns - 60) / 1.4)
    noise = np.random.default_rng(random.getrandbits(32)).integers(-37, 38, waves.shape)
    return Frame((waves + noise).clip(0, 255).astype(np.uint8), kind.dpi)
