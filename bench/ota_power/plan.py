"""When the power is cut: a stage of the course, and how far into it.

Every stage is drawn as often as any other, or else most cuts would fall into the seconds in which
nothing is written; within a stage seven of ten fall at a write or a flush, the others at any
moment.
"""

import random
from dataclasses import dataclass, field
from typing import Final

from bench.ota_power.card import KEEPING

STAGES: Final = (
    "boot",
    "started",
    "trial",
    "fetch",
    "install",
    "shutdown",
    "boot of a trial",
    "started of a trial",
    "trial of a trial",
    "settled of a trial",
)
"""After "boot" they bear the names of guest.py; "trial" of a trial ends in its confirmation."""

MOST_STAGES: Final = 14
"""A stage that does not come up in so many is waited for no longer."""


@dataclass(frozen=True)
class Plan:
    """One cut. requests: at so many writes and flushes into the stage; 0: after seconds.

    after: the request is done, but not answered. keeping: see card.py.
    """

    stage: str
    requests: int
    seconds: float
    after: bool
    keeping: float


@dataclass
class Course:
    """How long each stage takes, as it was seen. In writes and flushes, and in seconds."""

    requests: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def passed(self, stage: str, requests: int, seconds: float) -> None:
        """Note a stage that came to its end."""
        self.requests[stage] = max(requests, self.requests.get(stage, 1))
        # Half of what was, half of what is: one slow moment of this machine is soon forgotten.
        self.seconds[stage] = (seconds + self.seconds.get(stage, seconds)) / 2

    def draw(self, chance: random.Random) -> Plan:
        """Draw the next cut."""
        stage = chance.choice(STAGES)
        by_request = chance.random() < 0.7
        return Plan(
            stage,
            chance.randint(1, self.requests.get(stage, 8) + 1) if by_request else 0,
            0.0 if by_request else chance.uniform(0, self.seconds.get(stage, 3.0)),
            chance.random() < 0.5,
            chance.choice(KEEPING),
        )


def stage_name(name: str, *, trial: bool) -> str:
    """Return the name of a stage, by what the guest calls it and how it was started."""
    shared = name in {"fetch", "install", "shutdown"}
    return name if shared or not trial else f"{name} of a trial"
