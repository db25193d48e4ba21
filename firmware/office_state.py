"""What supervisor, auditor and technician read of a kiosk, as values: nothing of a person."""

import msgspec

from greenline.firmware.board_state import DeviceState
from greenline.firmware.case_counts import Counts
from greenline.firmware.finger_counts import FingerCount, ListTold
from greenline.firmware.trial import Trial


class Waiting(msgspec.Struct, frozen=True):
    """A request that waits. request_id: hexadecimal. age_s, left_s: seconds."""

    request_id: str
    lane: str
    state: str
    age_s: float
    left_s: float
    refusal: str


class Purged(msgspec.Struct, frozen=True):
    """A case that was deleted by order. here: on this kiosk; everywhere: the matcher proved it."""

    request_id: str
    reason: str
    who: str
    here: bool
    everywhere: bool


class SupervisorView(msgspec.Struct, frozen=True):
    """What waits (the oldest first; more: so many are not shown), lists, fingers, the sensor.

    ended: how many cases have ended, and how.
    """

    waiting: tuple[Waiting, ...]
    more: int
    lists: tuple[ListTold, ...]
    fingers: tuple[FingerCount, ...]
    ended: Counts
    uncleaned: int
    clean_every: int
    purged: tuple[Purged, ...]
    now_ms: int


class Fact(msgspec.Struct, frozen=True):
    """Something about the device in words. well: None where nothing says so either way."""

    name: str
    words: str
    well: bool | None = None


class TechnicianView(msgspec.Struct, frozen=True):
    """devices: as on the board. facts: about this device. link: step by step. network: what the
    system's network service says. trial: of the sensor; instruction: what it asks for now."""

    devices: tuple[DeviceState, ...]
    facts: tuple[Fact, ...]
    link: tuple[Fact, ...]
    network: tuple[Fact, ...]
    trial: Trial
    instruction: str
    now_ms: int
