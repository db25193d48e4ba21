"""Judges a trial by what the device itself can see: never by the network.

The kiosk writes a health file (docs/updates.md, "Health"); here it is read, believed only from this
start and only fresh, and held against what was so before the update. A trial whose health is good
for a while is confirmed; one whose health does not become good in time is given up, with the
gravest reason.
"""

import enum
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from greenline.ota.boot_record import BootRecord, Trial
from greenline.ota.durable import read
from greenline.ota.errors import CardError
from greenline.ota.reasons import Reason
from greenline.ota.starting import Course, Keeping, by_name, change_confirmed, give_up, healthy

STALE_MS: Final = 20_000
_MOST_BYTES: Final = 1 << 16
_DAY_S: Final = 86_400


class Health(msgspec.Struct, frozen=True):
    """What the kiosk says of itself. monotonic_ms: of the system's clock that never goes back.

    sensor: "absent" is one that is not attached, "failed" one that is and does not work.
    """

    format: Annotated[int, Meta(ge=1, le=1)]
    boot: str
    monotonic_ms: Annotated[int, Meta(ge=0, le=1 << 62)]
    sensor: Literal["ok", "absent", "failed"]
    store: Literal["ok", "failed"]
    page: Literal["ok", "failed"]
    clock: Literal["sane", "unknown"]
    software: str = ""


@dataclass(frozen=True)
class Patience:
    """How long is waited, in seconds. settle_s: health must be good so long without a break."""

    deadline_s: float = 300.0
    settle_s: float = 30.0
    look_s: float = 1.0


@dataclass(frozen=True)
class Clocks:
    """The system's clocks. now_s: Unix time."""

    monotonic_s: Callable[[], float] = time.monotonic
    now_s: Callable[[], float] = time.time
    sleep_s: Callable[[float], None] = time.sleep


class Outcome(enum.Enum):
    """How a watch ended."""

    NO_TRIAL = "no trial"
    CONFIRMED = "confirmed"
    GIVEN_UP = "given up"


def read_health(path: Path) -> Health | None:
    """Return what the kiosk says; None: nothing that can be read."""
    try:
        data = read(path, _MOST_BYTES)
        return None if data is None else msgspec.json.decode(data, type=Health)
    except (CardError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def fault_in(
    health: Health | None, trial: Trial | None, start_id: str, monotonic_s: float, now_s: float
) -> Reason | None:
    """Return the gravest thing that is wrong; None: all is well.

    trial: None for a start that is none. Then only what another slot could mend counts: a sensor
    that broke is no reason to start an older release.
    """
    # A file of another start may bear a later time than now: its start tells it apart.
    if health is None or health.boot != start_id:
        return Reason.TRIAL_FAILED_HEALTH
    known_absent = trial is None or trial.sensor_absent
    # Without a network nobody vouches for the clock; but it must not have fallen back to 1970,
    # where no certificate is valid and no further update would come.
    fell_back = health.clock != "sane" and trial is not None and now_s < trial.begun_s - _DAY_S
    faults = (
        (monotonic_s * 1000 - health.monotonic_ms > STALE_MS, Reason.TRIAL_FAILED_HEALTH),
        (trial and health.store == "failed", Reason.TRIAL_FAILED_STORE),
        (trial and health.sensor == "failed", Reason.TRIAL_FAILED_SENSOR),
        (health.sensor == "absent" and not known_absent, Reason.TRIAL_FAILED_SENSOR),
        (health.page == "failed", Reason.TRIAL_FAILED_PAGE),
        (fell_back, Reason.TRIAL_FAILED_CLOCK),
    )
    return next((reason for wrong, reason in faults if wrong), None)


def watch(
    keeping: Keeping, health_file: Path, patience: Patience = Patience(), clocks: Clocks = Clocks()
) -> Outcome:
    """Wait until a trial can be confirmed or must be given up; the caller then restarts.

    Without a trial: note that the confirmed slot works, as soon as it does. Raises OtaError.
    """
    record, begun_s = _running(keeping), clocks.monotonic_s()
    start_id, good_since_s = keeping.boot.start_id(), None
    settle_s = patience.settle_s if record.trial else 0.0
    while True:
        now_s = clocks.monotonic_s()
        health = read_health(health_file)
        fault = fault_in(health, record.trial, start_id, now_s, clocks.now_s())
        if fault is not None:
            good_since_s = None
        elif good_since_s is None:
            good_since_s = now_s
        if good_since_s is not None and now_s - good_since_s >= settle_s:
            return _well(keeping, record)
        if fault is not None and now_s - begun_s >= patience.deadline_s:
            return _unwell(keeping, record, fault, health)
        clocks.sleep_s(patience.look_s)


def confirm(keeping: Keeping) -> Outcome:
    """Confirm the running trial now, by a person's word. Raises OtaError."""
    return _well(keeping, _running(keeping))


def give_up_by_hand(keeping: Keeping, reason: Reason) -> Course:
    """Give the trial up now. Returns whether the device must restart. Raises OtaError."""
    record = keeping.records.read()
    if record.trial is None:
        return Course.GO_ON
    runs = keeping.boot.running().name == record.trial.slot
    give_up(keeping, record, reason, "by hand")
    return Course.RESTART if runs else Course.GO_ON


def _running(keeping: Keeping) -> BootRecord:
    """Return the record, without a trial that is begun but does not run."""
    record = keeping.records.read()
    if record.trial is not None and record.trial.slot != keeping.boot.running().name:
        return msgspec.structs.replace(record, trial=None)
    return record


def _well(keeping: Keeping, record: BootRecord) -> Outcome:
    if record.trial is None:
        healthy(keeping)
        return Outcome.NO_TRIAL
    slot = by_name(keeping.boot, record.trial.slot)
    change_confirmed(keeping, record, slot, floors=True)
    return Outcome.CONFIRMED


def _unwell(keeping: Keeping, record: BootRecord, reason: Reason, health: Health | None) -> Outcome:
    if record.trial is None:
        return Outcome.NO_TRIAL  # its starts stay counted
    told = {} if health is None else msgspec.to_builtins(health)
    give_up(keeping, record, reason, json.dumps(told))
    return Outcome.GIVEN_UP
