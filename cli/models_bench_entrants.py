"""Which extractors `greenline bench models` can measure here: each with each of its runtimes."""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from greenline.cli.errors import CommandError
from greenline.cli.models_bench_messages import MINDTCT, Setup
from greenline.cli.models_bench_process import CannotOpenError, Process
from greenline.models.manifest import MinutiaThresholds, installed_folder, read_manifest
from greenline.models.readings import READINGS
from greenline.models.runtime import MODULES, PACKAGES

REFERENCE = "leader-1"
"""With which all are compared."""


@dataclass(frozen=True)
class Entrant:
    """One extractor with one runtime. label: as a person reads it. threshold: 0-1, a minutia's."""

    label: str
    runtime: str
    model_id: str
    threshold: float
    python: str
    setup: Setup

    @property
    def key(self) -> str:
        """Names its folder and its rows: model, hash of its files, runtime and version."""
        return re.sub(r"[^A-Za-z0-9.+-]+", "_", f"{self.model_id}_{self.runtime}")

    def start(self) -> Process:
        """Start it in a process of its own. Raises CommandError when that no longer works."""
        try:
            return Process(self.python, self.setup)
        except CannotOpenError as fault:
            raise CommandError(f"{self.label} with {self.runtime}: {fault}", 3) from fault


def find_entrants(pythons: list[str], models: list[str]) -> tuple[list[Entrant], list[str]]:
    """Return the extractors that work, LEADER first, and a sentence for what is left out.

    pythons: other Pythons to look for runtimes in, after this one. models: None but these, and
    LEADER, with which all are compared. Raises CommandError.
    """
    wanted = set(_known(models))
    found: list[Entrant] = []
    left_out: list[str] = []
    for runtime in MODULES:
        _add(found, left_out, pythons, PACKAGES[runtime], list(_setups(runtime, wanted)))
    if not found:
        raise CommandError("; ".join(left_out), 4)
    if not models or MINDTCT in models:
        _add(found, left_out, pythons, "mindtct (nbis-py)", [Setup(MINDTCT, False, "")])
    return found, left_out


def _known(models: list[str]) -> list[str]:
    """Return the models to measure, LEADER first. Raises CommandError on an unknown one."""
    files = read_manifest(installed_folder()).files
    there = {file.model for file in files if isinstance(file.thresholds, MinutiaThresholds)}
    there &= set(READINGS)
    unknown = sorted(set(models) - there - {MINDTCT})
    if unknown:
        known = ", ".join([*sorted(there), MINDTCT])
        raise CommandError(f"--model {unknown[0]}: there are {known}", 2)
    return sorted((there & set(models) if models else there) | {REFERENCE})


def _setups(runtime: str, wanted: set[str]) -> Iterator[Setup]:
    for model in sorted(wanted, key=lambda model: (model != REFERENCE, model)):
        yield Setup(model, False, runtime)
        if READINGS[model].mirrored is not None:
            yield Setup(model, True, runtime)


def _add(
    found: list[Entrant],
    left_out: list[str],
    pythons: list[str],
    package: str,
    setups: list[Setup],
) -> None:
    """Add the extractors of one package, with the first Python in which it works."""
    faults = []
    for python in [sys.executable, *pythons]:
        try:
            found += [_entrant(python, setup) for setup in setups]
        except CannotOpenError as fault:
            faults.append(str(fault))
        else:
            return
    left_out.append(f"{package} is left out: {'; '.join(dict.fromkeys(faults))}")


def _entrant(python: str, setup: Setup) -> Entrant:
    with Process(python, setup) as process:
        opened = process.opened
        label = setup.model + (", accurate" if setup.accurate else "")
        runtime = process.ready.runtime
        return Entrant(label, runtime, opened.model_id, opened.threshold, python, setup)
