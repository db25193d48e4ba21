"""What the board shows, as values: words and numbers only, never pictures or templates."""

from enum import StrEnum

import msgspec

from greenline.firmware.case_state import CaseChoices, CaseShown
from greenline.firmware.lead_state import LeadChoices, LeadShown
from greenline.firmware.operators_shown import SessionState
from greenline.protocol.messages import Candidate, SearchedList
from greenline.protocol.wording import LATE, STAGE_WORDS


class Phase(StrEnum):
    """What the capture asks of the person, or is doing."""

    STARTING = "starting"
    READY = "ready"
    PLACE_FINGER = "place_finger"
    READING = "reading"
    JUDGING = "judging"
    AGAIN = "again"
    TAKEN = "taken"
    LIFT_FINGER = "lift_finger"
    STOPPED = "stopped"
    REFUSED = "refused"
    FAULT = "fault"


class Progress(StrEnum):
    """How far one check has come."""

    QUEUED = "queued"
    OFFERED = "offered"
    PUBLISHED = "published"
    RECEIVED = "received"
    ANSWERED = "answered"
    EXPIRED = "expired"


class DeviceName(StrEnum):
    """What can be missing at a kiosk, the gravest first."""

    SENSOR = "sensor"
    STORE = "store"
    UPLINK = "uplink"
    CAMERA = "camera"
    LIGHTS = "lights"
    BUZZER = "buzzer"
    KEYS = "keys"
    DISPLAY = "display"


FAULT_CODES = {
    DeviceName.SENSOR: "E21",
    DeviceName.CAMERA: "E31",
    DeviceName.LIGHTS: "E32",
    DeviceName.BUZZER: "E33",
    DeviceName.KEYS: "E34",
    DeviceName.DISPLAY: "E35",
    DeviceName.UPLINK: "E51",
    DeviceName.STORE: "E61",
}
"""What stands for each on the status display and in docs/configuration.md."""

NEEDED = frozenset({DeviceName.SENSOR, DeviceName.STORE, DeviceName.UPLINK})
"""Without one of these no check comes to its end."""


class DeviceState(msgspec.Struct, frozen=True):
    """Whether a device is there. missing: why it is not, empty when it is; code: its fault code.

    needed: without it no check comes to its end.
    """

    name: DeviceName
    missing: str = ""
    code: str = ""
    needed: bool = False


class Capture(msgspec.Struct, frozen=True):
    """The capture that is going on. share: 0-1 of the picture read; quality: 0-100 or None."""

    phase: Phase
    instruction: str
    share: float = 0.0
    quality: int | None = None
    attempt: int = 0


class Check(msgspec.Struct, frozen=True):
    """One request and what became of it. Times: Unix milliseconds; steps_ms: by step.

    late: the answer came when the person may have left, see lateness.py.
    """

    request_id: str
    created_ms: int
    progress: Progress
    words: str
    outcome: str = ""
    reason: str = ""
    candidates: tuple[Candidate, ...] = ()
    searched: tuple[SearchedList, ...] = ()
    answered_ms: int = 0
    steps_ms: dict[str, float] = {}
    late: bool = False


class BoardState(msgspec.Struct, frozen=True):
    """Everything the page draws. link: broker there. devices: those of this kiosk, in order.

    pending: requests without a final answer; oldest_ms: when the oldest of them was made, 0 without
    any. notices: what must be known of this kiosk. refused: answers since the
    start that did not come from the matcher, or not for this kiosk. wipe_left_s: see show_wipe().
    session: who works here. words: of each Progress, and of what is late. now_ms: what the kiosk
    believes of the time as it sends this; 0: it does not say. software: which release runs.
    case: the open one; case_ended: how the last one ended, "" while one is open and before the
    first. choices: what may be chosen for a case. leads: for the second screen of whoever is logged
    in; lead_choices: what may be chosen there.
    """

    version: int
    kiosk: str
    capture: Capture
    link: bool
    link_detail: str
    pending: int
    minimum_quality: int
    checks: tuple[Check, ...]
    oldest_ms: int = 0
    devices: tuple[DeviceState, ...] = ()
    notices: tuple[str, ...] = ()
    refused: int = 0
    wipe_left_s: int | None = None
    session: SessionState = SessionState()
    words: dict[str, str] = msgspec.field(default_factory=lambda: {**STAGE_WORDS, "late": LATE})
    now_ms: int = 0
    software: str = ""
    case: CaseShown | None = None
    case_ended: str = ""
    choices: CaseChoices = CaseChoices()
    leads: tuple[LeadShown, ...] = ()
    lead_choices: LeadChoices = LeadChoices()
