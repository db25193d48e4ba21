"""What the capture thread is asked for, and to whom it reports. Between capture.py and the desk."""

from dataclasses import dataclass
from typing import Protocol

from greenline.firmware.impressions import Impression


@dataclass(frozen=True)
class Wanted:
    """A finger to take. finger: ISO position 0-10; threshold: below it it is asked for again."""

    finger: int
    threshold: int


@dataclass(frozen=True)
class TakeFingers:
    """Fingers of one case, to be taken one after the other. request_id: the case's."""

    request_id: bytes
    fingers: tuple[Wanted, ...]


class Reports(Protocol):
    """Who is told. All of it comes on the capture thread."""

    def begins(self, request_id: bytes, finger: int) -> bool:
        """Say whether a finger is still wanted; then the sensor waits for it."""

    def wanted(self, request_id: bytes, finger: int) -> bool:
        """Say whether the finger that is being taken is still wanted."""

    def attempted(self, request_id: bytes, finger: int, number: int, quality: int | None) -> None:
        """Take one press that was read. quality: None when no picture came of it."""

    def came(self, request_id: bytes, finger: int, impression: Impression | None) -> bool:
        """Take what became of a finger, None: nothing; return whether to go on with the next."""

    def rested(self, request_id: bytes) -> None:
        """Know that no finger is asked for any more."""
