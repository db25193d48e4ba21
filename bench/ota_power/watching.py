"""Follows one start of the guest by what it says, and cuts it off where the plan wants it."""

import queue
import time
from typing import Final, Protocol

from bench.ota_power.device import Device
from bench.ota_power.machine import Machine, Said
from bench.ota_power.plan import MOST_STAGES, Plan, stage_name

_SILENCE_S: Final = 240.0


class Ear(Protocol):
    """Whoever wants to know. stage: as plan.py names it."""

    def hear(self, said: Said, stage: str) -> None:
        """Take in what the guest says."""

    def passed(self, stage: str, requests: int, seconds: float) -> None:
        """Note a stage that came to its end, with its writes and flushes."""

    def silent(self, console: str) -> None:
        """Note a guest that said nothing for minutes, and is now killed."""


class Pursuit:
    """One cut that is waited for, over as many starts as it takes. plan: None: there is none."""

    def __init__(self, plan: Plan | None = None) -> None:
        self.plan = plan
        self._stages = 0

    def is_due(self, stage: str) -> bool:
        """Tell whether the cut belongs to the stage that now begins."""
        self._stages += 1
        here = self.plan is not None and self.plan.stage == stage
        return here or (self.plan is not None and self._stages > MOST_STAGES)


class Watch:
    """One start. Used once."""

    def __init__(self, device: Device, machine: Machine, pursuit: Pursuit, ear: Ear) -> None:
        self._device, self._machine, self._pursuit, self._ear = device, machine, pursuit, ear
        self._stage = ""
        self._requests, self._since_s = 0, 0.0
        self._due_s: float | None = None
        self._armed = False

    def run(self) -> str:
        """Follow it to its end. Returns the last stage."""
        self._enter("boot")
        while True:
            wait = _SILENCE_S if self._due_s is None else self._due_s - time.monotonic()
            try:
                said = self._machine.heard(max(0.0, wait))
            except queue.Empty:
                if self._due_s is None:
                    self._ear.silent(self._machine.console())
                self._device.cut()
                self._due_s = None
                continue
            if said is None:
                return self._stage
            if said["say"] == "stage":
                self._enter(said["name"])
            self._ear.hear(said, self._stage)

    def _enter(self, name: str) -> None:
        """A stage begins."""
        server, now = self._device.server, time.monotonic()
        if self._stage:
            self._ear.passed(self._stage, server.requests - self._requests, now - self._since_s)
        self._stage = stage_name(name, trial=self._device.trial)
        self._requests, self._since_s = server.requests, now
        plan = self._pursuit.plan
        if plan is None or self._armed or not self._pursuit.is_due(self._stage):
            return
        self._armed = True
        if plan.requests:
            server.arm(plan.requests, after=plan.after)
        else:
            self._due_s = now + plan.seconds
