"""Why an update was refused or given up: one table of codes, with the words that a person reads.

The codes are kept in the device's history, shown by `greenline update status` and on the kiosk's
screen, and sent to the centre, so they are never renamed; new ones are added.
"""

import enum
from collections.abc import Mapping
from typing import Final


class Reason(enum.StrEnum):
    """A reason's code, as it is stored and sent."""

    BAD_SIGNATURE = "bad-signature"
    EXPIRED = "expired"
    ROLLBACK = "rollback"
    BROKEN_METADATA = "broken-metadata"
    BROKEN_INDEX = "broken-index"
    BROKEN_CHUNK = "broken-chunk"
    BROKEN_IMAGE = "broken-image"
    BROKEN_STATE = "broken-state"
    NO_RELEASE = "no-release"
    DOWNGRADE = "downgrade"
    WRONG_HARDWARE = "wrong-hardware"
    BOOTLOADER_TOO_OLD = "bootloader-too-old"
    PREVIOUS_TOO_OLD = "previous-too-old"
    DATA_FLOOR = "data-floor"
    NOT_OUR_TURN = "not-our-turn"
    BUSY = "busy"
    LOCKED = "locked"
    NO_SPACE = "no-space"
    TOO_LARGE = "too-large"
    UNSAFE_MEDIUM = "unsafe-medium"
    SLOT_DAMAGED = "slot-damaged"
    GIVEN_UP_BEFORE = "given-up-before"
    GIVEN_UP_BY_HAND = "given-up-by-hand"
    TRIAL_FAILED_SENSOR = "trial-failed-sensor"
    TRIAL_FAILED_STORE = "trial-failed-store"
    TRIAL_FAILED_PAGE = "trial-failed-page"
    TRIAL_FAILED_CLOCK = "trial-failed-clock"
    TRIAL_FAILED_HEALTH = "trial-failed-health"
    TRIAL_NEVER_CAME_UP = "trial-never-came-up"
    CONFIRMED_SLOT_FAILED = "confirmed-slot-failed"


WORDS: Final[Mapping[Reason, str]] = {
    Reason.BAD_SIGNATURE: "it is not signed by enough of the release officers' valid keys",
    Reason.EXPIRED: "what the release officers signed has expired",
    Reason.ROLLBACK: "it is older than what this device has already seen",
    Reason.BROKEN_METADATA: "the signed metadata cannot be read",
    Reason.BROKEN_INDEX: "the list of the image's parts is broken",
    Reason.BROKEN_CHUNK: "a part of the image is not what was signed",
    Reason.BROKEN_IMAGE: "the image is not what was signed",
    Reason.BROKEN_STATE: "both copies of this device's own record of updates are damaged",
    Reason.NO_RELEASE: "there is no release for this hardware",
    Reason.DOWNGRADE: "its security version is below what this device already runs",
    Reason.WRONG_HARDWARE: "it is made for other hardware",
    Reason.BOOTLOADER_TOO_OLD: "this device's bootloader is too old for it",
    Reason.PREVIOUS_TOO_OLD: "a release in between must be installed first",
    Reason.DATA_FLOOR: "it cannot read the data that this device keeps now",
    Reason.NOT_OUR_TURN: "this device's turn has not come yet",
    Reason.BUSY: "a traveller is being checked",
    Reason.LOCKED: "another update is running",
    Reason.NO_SPACE: "the memory card is full",
    Reason.TOO_LARGE: "it does not fit into this device's slot",
    Reason.UNSAFE_MEDIUM: "the USB stick holds something that is no plain file",
    Reason.SLOT_DAMAGED: "what was written to the memory card reads back differently",
    Reason.GIVEN_UP_BEFORE: "this device tried it before and went back",
    Reason.GIVEN_UP_BY_HAND: "a person went back to the release before",
    Reason.TRIAL_FAILED_SENSOR: "the fingerprint sensor did not answer under the new release",
    Reason.TRIAL_FAILED_STORE: "the kiosk's store did not open under the new release",
    Reason.TRIAL_FAILED_PAGE: "the kiosk's page did not come up under the new release",
    Reason.TRIAL_FAILED_CLOCK: "the clock was not sane under the new release",
    Reason.TRIAL_FAILED_HEALTH: "the kiosk did not report its health under the new release",
    Reason.TRIAL_NEVER_CAME_UP: "the new release never came up",
    Reason.CONFIRMED_SLOT_FAILED: "the installed release stopped coming up",
}
