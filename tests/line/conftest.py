"""A whole checkpoint for each test: real processes, broker and driver; the finger is ours."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from greenline.cli.children import Child, Event
from greenline.cli.demo_run import State, await_state, get, look_at_lead, run_case
from greenline.cli.enrol import enrol_file
from greenline.cli.site import LIST, PURPOSE, Site
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

FINGERS = 3
ENROLLED, UNKNOWN = 1, 3


@dataclass(frozen=True)
class Prints:
    """enrolled: files for the gallery, by finger; pressed: what lies on the sensor, by finger."""

    enrolled: dict[int, Path]
    pressed: dict[int, Frame]


@pytest.fixture(scope="session")
def prints(tmp_path_factory: pytest.TempPathFactory) -> Prints:
    """Synthetic fingers; what is pressed is never the enrolled impression."""
    folder = tmp_path_factory.mktemp("prints")
    enrolled, pressed = {}, {}
    for number in range(1, FINGERS + 1):
        finger = make_finger(7_000 + number)
        enrolled[number] = folder / f"{number}_1.png"
        save_frame(press(finger, 1, conditions=Conditions()).frame, enrolled[number])
        pressed[number] = as_sensor(press(finger, 2, conditions=Conditions()).frame, number)
    return Prints(enrolled, pressed)


@pytest.fixture(scope="session")
def extractor() -> Extractor:
    return Extractor()


@dataclass
class Checkpoint:
    """The processes of one site, by name, and the module that the finger is laid on."""

    site: Site
    module: ZfmModule
    line: PtyLine
    prints: Prints
    children: dict[str, Child] = field(default_factory=dict)
    logged: dict[str, list[Event]] = field(default_factory=dict)

    def start(self, *names: str) -> None:
        for name in names:
            self.children[name] = self.site.start(name)

    def kill(self, name: str) -> None:
        child = self.children.pop(name)
        child.kill()
        self.logged.setdefault(name, []).extend(child.events)

    def stop_all(self) -> None:
        for name in list(self.children):
            self.children.pop(name).stop()

    @property
    def kiosk(self) -> str:
        url = self.children["kiosk"].wait_for_event("ready")["url"]
        return str(url)

    def state(self) -> State:
        return get(self.kiosk, "api/state")

    def take(self, finger: int) -> str:
        """Run a case with one finger until it is sent; return the request's id."""
        return run_case(
            self.kiosk, lambda _: self.module.press(self.prints.pressed[finger]), self.module.lift
        )

    def check(self, request_id: str) -> State:
        return find(self.state(), request_id)

    def answer(self, request_id: str) -> State:
        """Wait until the check is answered."""
        state = await_state(
            self.kiosk, lambda state: find(state, request_id)["progress"] == "answered"
        )
        found = find(state, request_id)
        if found["outcome"] == "candidates":
            found["candidates"] = look_at_lead(self.kiosk, request_id)
        return found

    def answers_logged(self, request_id: str) -> int:
        """How often any run of the kiosk has shown an answer to this request as new."""

        def is_answer(event: Event) -> bool:
            return event.get("event") == "answer" and event.get("request") == request_id

        # The page may show the answer a moment before the line about it has been read here.
        self.children["kiosk"].wait_for(is_answer, "an answer", 60)
        events = [*self.logged.get("kiosk", []), *self.children["kiosk"].events]
        return sum(map(is_answer, events))


def find(state: State, request_id: str) -> State:
    for check in state["checks"]:
        if check["request_id"] == request_id:
            return dict(check)
    return {"progress": "not shown"}


@pytest.fixture
def checkpoint(site: Site, prints: Prints, extractor: Extractor) -> Iterator[Checkpoint]:
    """A checkpoint with a gallery of two enrolled fingers; nothing runs yet but the sensor."""
    with contextlib.closing(open_gallery(site)) as gallery:
        gallery.create_list(LIST, (PURPOSE,))
        for number, path in prints.enrolled.items():
            if number != UNKNOWN:
                enrol_file(gallery, extractor, LIST, path, f"entry-{number}")
    module = ZfmModule(AS608, baud=115200)
    with PtyLine(Wire(module, paced=False), link=site.sensor_link) as line:
        checkpoint = Checkpoint(site, module, line, prints)
        yield checkpoint
        checkpoint.stop_all()


def open_gallery(site: Site) -> Gallery:
    return Gallery(site.folder / "gallery.db", (site.folder / "gallery.key").read_bytes())
