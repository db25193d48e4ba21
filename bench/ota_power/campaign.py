"""Cuts the power of one device again and again, while release after release is installed on it."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from bench.ota_power.card import Loss
from bench.ota_power.device import Device
from bench.ota_power.judge import Judge
from bench.ota_power.machine import Said
from bench.ota_power.plan import Course, Plan
from bench.ota_power.releases import Kind, kind_of
from bench.ota_power.watching import Pursuit, Watch
from greenline.ota.reasons import Reason
from greenline.ota.simulated_pi import UnbootableError

_MOST_STARTS: Final = 24
_EXPECTED: Final = frozenset({Reason.GIVEN_UP_BEFORE})
"""A sick release that is still the newest on the stick."""


class StuckError(Exception):
    """The device does not come to where it must: the campaign ends here."""


@dataclass
class Found:
    """What came of it. cuts: by stage. whole_starts: that came as far as a kiosk that is well."""

    cuts: Counter[str] = field(default_factory=Counter)
    starts: int = 0
    whole_starts: int = 0
    trials: int = 0
    cuts_that_lost_something: int = 0
    sectors_unflushed: int = 0
    sectors_lost: int = 0
    superblocks_mended: int = 0
    refused: Counter[str] = field(default_factory=Counter)


class Campaign:
    """One device and its cuts. told: hears a line at each cut and at each fault."""

    def __init__(
        self, device: Device, judge: Judge, seed: int, told: Callable[[str], None]
    ) -> None:
        self._device, self._judge, self._told = device, judge, told
        self._chance = random.Random(seed)  # noqa: S311  # a draw, no secret
        self._course = Course()
        self.found = Found()
        self._how, self._argument = "power-on", ""
        self._settled, self._read, self._offered = 1, 0, 0

    def run(self, cuts: int) -> None:
        """Go one course without a cut, then cut so often, then come to rest. Raises StuckError."""
        self.rest_in(2)
        for _ in range(cuts):
            self.cut(self._course.draw(self._chance))
        newest = max(self._read, self._settled) + 1
        while kind_of(newest) is not Kind.WELL:
            newest += 1
        self.rest_in(newest)

    def rest_in(self, release: int) -> None:
        """Let it live without cuts until that release is confirmed. Raises StuckError."""
        for _ in range(_MOST_STARTS):
            self.live(Pursuit())
            if self._judge.confirmed >= release:
                return
        raise StuckError(f"release {release} does not come to run")

    def cut(self, plan: Plan) -> None:
        """Let it live until the cut, and lose of what was not flushed. Raises StuckError."""
        pursuit = Pursuit(plan)
        for _ in range(_MOST_STARTS):
            stage = self.live(pursuit)
            if stage is not None:
                self._note(plan, stage, self._device.forget(self._chance, plan.keeping))
                return
        raise StuckError(f"{plan} was not reached")

    def live(self, pursuit: Pursuit) -> str | None:
        """Start it once. Returns the stage in which it was cut; None: it ended by itself.

        Raises StuckError when nothing can be started.
        """
        device, faults = self._device, len(self._judge.faults)
        try:
            machine = device.start(self._how, self._argument, self._next_offer())
        except UnbootableError as fault:
            self._judge.hear_failure(f"unbootable: {fault}")
            raise StuckError(str(fault)) from fault
        self.found.starts += 1
        self.found.trials += device.trial
        self._how, self._argument = "reset", ""  # unless it says that it restarts
        stage = Watch(device, machine, pursuit, self).run()
        for words in self._judge.faults[faults:]:
            self._told(f"FAULT in start {self.found.starts}: {words}")
        if not device.is_cut:
            return None
        self._how = "power-on"
        return stage

    def hear(self, said: Said, stage: str) -> None:
        """Take in what the guest says."""
        match said["say"]:
            case "stage" if said["name"] == "fetch":
                self._read = max(self._read, self._offered)
            case "state":
                self._judge.hear_state(said)
                self._settle()
                self.found.whole_starts += stage.startswith("settled")
            case "mended":
                self.found.superblocks_mended += 1
            case "restart":
                self._how, self._argument = "reboot", said["argument"]
            case "stopped":
                self.found.refused[said["reason"] or said["error"]] += 1
                if said["reason"] not in _EXPECTED:
                    self._judge.hear_failure(f"{said['error']}: {said['words']}")
            case "failed":
                self._judge.hear_failure(said["what"])

    def passed(self, stage: str, requests: int, seconds: float) -> None:
        """Note a stage that came to its end."""
        self._course.passed(stage, requests, seconds)

    def silent(self, console: str) -> None:
        """Note a guest that hung."""
        self._judge.hear_failure(f"silent: {console[-600:]}")

    def _settle(self) -> None:
        """Note up to which release all are confirmed or given up."""
        known = [self._judge.of_image(image) for image in self._judge.given_up]
        ended = [release.number for release in known if release is not None]
        self._settled = max(self._settled, self._judge.confirmed, *ended)

    def _next_offer(self) -> int:
        """Return the newest release on the stick: never older than one that was read from it.

        At a trial it is one more, so that the next update follows at once when it is confirmed.
        """
        is_trial = self._how == "reboot" and "tryboot" in self._argument
        self._offered = max(self._read, self._settled + 1 + is_trial)
        return self._offered

    def _note(self, plan: Plan, stage: str, loss: Loss) -> None:
        found = self.found
        found.cuts[stage] += 1
        found.cuts_that_lost_something += loss.lost > 0
        found.sectors_unflushed += loss.sectors
        found.sectors_lost += loss.lost
        where = f"request {plan.requests}" if plan.requests else f"{plan.seconds:.2f} s"
        self._told(
            f"{sum(found.cuts.values()):4} {stage}, {where}: {loss.lost} of {loss.sectors} "
            f"unflushed sectors lost; release {self._judge.confirmed}, "
            f"{len(self._judge.faults)} faults"
        )
