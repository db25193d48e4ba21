"""Judges a device across its power cuts. Pure: it is shown the card, and told what was announced.

What it holds the device to: the bootloader finds autoboot.txt and a slot that holds a release as
it was published; what was once announced as confirmed or given up stays so; no floor ever falls,
or rises before the release it belongs to is confirmed; no sick release is ever confirmed.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bench.ota_power.releases import Kind, Release, data_floor_of, security_of
from greenline.ota.autoboot import AutobootError, decode

_STARTS_OF_ROT: Final = 3
_ROLES: Final = ("timestamp", "snapshot", "targets")
_COUNTS: Final = ("root", "security_version", "data", "time")


@dataclass
class Judge:
    """of_image: the release whose whole image has a SHA-256. faults: what must not have been."""

    of_image: Callable[[str], Release | None]
    faults: list[str] = field(default_factory=list)
    tally: Counter[str] = field(default_factory=Counter)
    confirmed: int = 1
    given_up: dict[str, str] = field(default_factory=dict)
    starts_without_health: int = 0
    _floors: dict[str, int] = field(default_factory=dict)

    def see_card(self, autoboot: bytes | None, slots: Mapping[int, bytes]) -> None:
        """Look at a card that is about to be started. autoboot: None where there is none to read.

        slots: the content of both partitions.
        """
        if autoboot is None:
            self._fault("unbootable", "autoboot.txt cannot be read")
            return
        try:
            number = decode(autoboot).confirmed
        except AutobootError as fault:
            self._fault("unbootable", str(fault))
            return
        release = self._release(slots[number])
        if release is None:
            self._fault("unbootable", f"the confirmed slot, {number}, holds no release")
            return
        if release.kind is not Kind.WELL:
            self._fault("sick", f"release {release.number}, which is sick, is confirmed")
        if release.number < self.confirmed:
            self._went_back(release.number)
        elif release.number > self.confirmed:
            self.tally["confirmed, and cut before it was announced"] += 1
        self.confirmed = release.number

    def see_start(self, content: bytes, *, trial: bool) -> None:
        """Look at the slot that the bootloader starts."""
        if self._release(content) is None:
            self._fault("unbootable", "a slot is started that holds no release")
        if not trial:
            self.starts_without_health += 1

    def hear_state(self, state: Mapping[str, Any]) -> None:
        """Hear what a started guest says it knows."""
        if state["running"] == state["confirmed"]:
            number = int(state["release"])
            if number < self.confirmed:
                self._went_back(number)
            self.confirmed = number
        if not state["record"].get("unhealthy_starts") and not state["trial"]:
            self.starts_without_health = 0
        self._compare_floors(state["floors"])
        now: dict[str, str] = state["record"].get("given_up", {})
        lost = [image for image in self.given_up if image not in now]
        if lost and len(now) < 16:  # of more the record keeps the last
            self._fault("lost", f"given up before, and forgotten: {lost}")
        self.given_up = dict(now)

    def hear_failure(self, words: str) -> None:
        """Hear of an error that no power cut may bring about."""
        self._fault("error", words)

    def _compare_floors(self, floors: Mapping[str, Any]) -> None:
        now = {name: int(floors[name]) for name in _COUNTS}
        now |= {role: int(floors[role]["version"]) for role in _ROLES}
        for name, value in now.items():
            if value < self._floors.get(name, 0):
                self._fault("floor", f"{name} fell from {self._floors[name]} to {value}")
        self._floors = now
        number = self.confirmed
        if now["security_version"] > security_of(number) or now["data"] > data_floor_of(number):
            self._fault("floor", f"{now} is above release {number}, which is confirmed")

    def _went_back(self, number: int) -> None:
        words = f"release {self.confirmed} was announced as confirmed, now it is {number}"
        if self.starts_without_health < _STARTS_OF_ROT:
            self._fault("lost", words)
        else:
            self.tally["fell back: three starts were cut before the kiosk said it was well"] += 1

    def _release(self, content: bytes) -> Release | None:
        return self.of_image(hashlib.sha256(content).hexdigest())

    def _fault(self, kind: str, words: str) -> None:
        self.tally[f"FAULT {kind}"] += 1
        self.faults.append(f"{kind}: {words}")
