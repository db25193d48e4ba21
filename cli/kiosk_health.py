"""What kiosk and update know of each other, as kiosk.toml and the start have it."""

import os
import re
from collections.abc import Callable
from importlib.metadata import version

from greenline.cli.software import SOFTWARE
from greenline.firmware.clock import Clock
from greenline.firmware.config import KioskConfig
from greenline.firmware.health import HealthParts
from greenline.firmware.updates_told import UpdateParts

RELEASE_VARIABLE = "GREENLINE_RELEASE"
"""In it whoever starts the kiosk out of a slot names the slot's release (ota/release_name.py)."""

_RELEASE = re.compile(r"[!-~]{1,64}")
_LONGEST = 64


def running_release() -> str:
    """Return the release that this is; empty where it runs from no slot."""
    named = os.environ.get(RELEASE_VARIABLE, "")
    return named if _RELEASE.fullmatch(named) else ""


def kiosk_software() -> str:
    """Return what requests, audit log and status call this software."""
    release = running_release()
    return f"greenline {release}"[:_LONGEST] if release else SOFTWARE


def health_parts(
    settings: KioskConfig, clock: Clock, page_up: Callable[[], bool]
) -> HealthParts | None:
    """Return how health is reported; None: to nobody."""
    if settings.update is None:
        return None
    return HealthParts(
        settings.update.health,
        settings.update.busy,
        running_release() or version("greenline"),
        page_up,
        clock.trusted,
        late_after_s=settings.late_after_s,
    )


def update_parts(settings: KioskConfig) -> UpdateParts | None:
    """Return what is told of updates; None: nothing."""
    if settings.update is None:
        return None
    noted = settings.store.with_name(f"{settings.store.name}-updates")
    return UpdateParts(settings.update.history, settings.update.status, noted, running_release())
