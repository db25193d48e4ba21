"""A whole site in real processes with a simulated sensor, and the officer who uses it."""

import contextlib
import http.client
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from greenline.cli.children import Child, Event, signals_held_back
from greenline.cli.demo_run import State, await_state, get, run_case
from greenline.cli.enrol import enrol_file
from greenline.cli.errors import CommandError
from greenline.cli.site import LIST, PURPOSE, Site, SiteOptions, build_site
from greenline.drivers.simulation.line import PtyLine
from greenline.drivers.simulation.wire import Wire
from greenline.drivers.simulation.zfm_kinds import AS608
from greenline.drivers.simulation.zfm_module import ZfmModule
from greenline.matcher.gallery import Gallery
from greenline.models.extraction import Extractor
from greenline.models.training.synthesis import (
    Conditions,
    as_sensor,
    make_finger,
    press,
    save_frame,
)
from greenline.prints.frame import Frame

FAULTS = (OSError, CommandError, http.client.HTTPException, ValueError)
"""What the officer's browser sees when the kiosk is gone in the middle."""

_ANSWERED_WITHIN_S = 240.0


@dataclass
class RealLine:
    """The processes by name. acknowledged: ids that the kiosk has shown as taken."""

    site: Site
    module: ZfmModule
    print: Frame
    children: dict[str, Child] = field(default_factory=dict)
    logged: dict[str, list[Event]] = field(default_factory=dict)
    acknowledged: set[str] = field(default_factory=set)

    def start(self, *names: str) -> None:
        """Start processes, each when the one before is ready."""
        for name in names:
            self.children[name] = self.site.start(name)

    def kill(self, name: str) -> None:
        """End a process as kill -9 does."""
        child = self.children.pop(name)
        child.kill()
        self.logged.setdefault(name, []).extend(child.events)

    def stop_all(self) -> None:
        """End everything in good order."""
        for name in reversed(list(self.children)):
            child = self.children.pop(name)
            child.stop()
            self.logged.setdefault(name, []).extend(child.events)

    @property
    def page(self) -> str:
        """Where the kiosk's page is."""
        kiosk = self.children.get("kiosk")
        if kiosk is None:  # it was killed while the officer was about to look
            raise CommandError("the kiosk is not running", 5)
        return str(kiosk.wait_for_event("ready")["url"])

    def take(self) -> None:
        """Run a case until the kiosk says that it is sent. Raises what FAULTS names."""
        page = self.page
        self._look(get(page, "api/state"))
        # Sent is what the officer is told: from then on nothing may be lost.
        self.acknowledged.add(
            run_case(page, lambda _: self.module.press(self.print), self.module.lift)
        )

    def answered(self) -> bool:
        """Wait until nothing is pending any more; False: that takes too long."""
        page, deadline = self.page, time.monotonic() + _ANSWERED_WITHIN_S
        while time.monotonic() < deadline:
            with contextlib.suppress(CommandError):  # a minute has passed without it
                await_state(page, lambda state: state["pending"] == 0)
                return True
        return False

    def missing(self) -> set[str]:
        """Return what was acknowledged and has no final answer, of a kiosk that is stopped."""
        path = self.site.folder / "kiosk.store"
        with contextlib.closing(sqlite3.connect(path)) as store:
            rows = store.execute("SELECT request_id FROM answer WHERE final = 1").fetchall()
        return self.acknowledged - {bytes(row[0]).hex() for row in rows}

    def times_logged(self, process: str, event: str) -> Counter[str]:
        """Return how often all runs of a process have logged an event, by request."""
        return Counter(
            str(each["request"])
            for each in self.logged.get(process, [])
            if each.get("event") == event and "request" in each
        )

    def _look(self, state: State) -> None:
        self.acknowledged |= {check["request_id"] for check in state["checks"]}


@contextlib.contextmanager
def real_line(folder: Path) -> Iterator[RealLine]:
    """Make a site whose gallery knows the finger that is pressed; nothing runs yet."""
    site = build_site(folder / "site", SiteOptions(resend_first_s=1.0, backoff_longest_s=0.5))
    finger, picture = make_finger(7_001), folder / "enrolled.png"
    save_frame(press(finger, 1, conditions=Conditions()).frame, picture)
    key = (site.folder / "gallery.key").read_bytes()
    with contextlib.closing(Gallery(site.folder / "gallery.db", key)) as gallery:
        gallery.create_list(LIST, (PURPOSE,))
        enrol_file(gallery, Extractor(), LIST, picture, "entry-1")
    pressed = as_sensor(press(finger, 2, conditions=Conditions()).frame, 1)
    module = ZfmModule(AS608, baud=115200)
    with PtyLine(Wire(module, paced=False), link=site.sensor_link):
        line = RealLine(site, module, pressed)
        try:
            yield line
        finally:
            with signals_held_back():
                line.stop_all()
