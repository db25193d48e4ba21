"""What runs in a process of its own for each target."""

import resource
from pathlib import Path

from bench.fuzz.campaign import Campaign, Tally
from bench.fuzz.files import remove_folders
from bench.fuzz.targets import TARGETS

_MOST_ADDRESS_SPACE = 4 << 30
"""Bytes: a decoder that would fill the machine gets a MemoryError, which is a failure."""


def run_alone(name: str, inputs: int, seed: int, failures: Path) -> Tally:
    """Run one campaign with little memory."""
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_ADDRESS_SPACE, _MOST_ADDRESS_SPACE))
    try:
        return Campaign(TARGETS[name], seed, failures).run(inputs)
    finally:
        remove_folders()
