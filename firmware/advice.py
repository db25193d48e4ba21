"""What the person should do differently after a press that gave no usable picture."""

from greenline.drivers.sensor import Retry
from greenline.firmware.line import Unusable
from greenline.models.quality import Reason

_AGAIN = {
    Retry.NO_FINGER: "Place the finger again and keep it still",
    Retry.NOT_TAKEN: "Place the finger again and keep it still",
    Retry.SMUDGED: "Wipe the sensor and the finger, then place it again",
    Retry.TOO_FAINT: "Press a little more",
    Retry.STOPPED: "The picture was stopped. Place the finger again and keep it still",
}
_REASONS = {
    Reason.NO_FINGER: "Place the finger flat on the sensor",
    Reason.NOT_A_FINGER: "Wipe the sensor, then place a finger",
    Reason.TOO_LITTLE_AREA: "Centre the finger and lay it flat",
    Reason.OFF_CENTRE: "Move the finger to the middle of the sensor",
    Reason.TOO_DRY: "Breathe on the finger or moisten it a little, then press firmly",
    Reason.TOO_WET: "Dry the finger and press less",
    Reason.SMUDGED: "Lift the finger, set it down once and keep it still",
    Reason.RESIDUE: "Wipe the sensor and the finger, then place it again",
    Reason.TOO_FAINT: "Press a little more",
    Reason.TOO_DARK: "Press a little less",
}
_WITHOUT_A_REASON = "Place the finger again, flat and still"
_DAMAGED = "The picture did not arrive whole. Place the finger again and keep it still"


def advice(found: Retry | Unusable | None) -> str:
    """Return one instruction. found: what a press gave; None: its picture arrived damaged."""
    if found is None:
        return _DAMAGED
    if isinstance(found, Retry):
        return _AGAIN[found]
    reasons = found.quality.reasons
    return _REASONS[reasons[0]] if reasons else _WITHOUT_A_REASON
