"""Links over the real Mosquitto, on threads, with a listener that keeps what it is told."""

import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import pytest

from greenline.cli.configuration import read_configuration
from greenline.cli.site import Site
from greenline.firmware.config import UplinkConfig
from greenline.link.link import Link
from greenline.link.settings import LinkSettings
from greenline.matcher.config import MatcherConfig


@dataclass
class Recorder:
    """Keeps each call as a tuple; next(kind) waits for one of this kind."""

    events: "queue.Queue[tuple[object, ...]]" = field(default_factory=queue.Queue)

    def link_up(self, window: int) -> None:
        self.events.put(("up", window))

    def link_down(self, reason: str) -> None:
        self.events.put(("down", reason))

    def published(self, token: bytes, refusal: str) -> None:
        self.events.put(("published", token, refusal))

    def arrived(self, delivery: int, topic: str, payload: bytes) -> None:
        self.events.put(("arrived", delivery, topic, payload))

    def next(self, kind: str, timeout_s: float = 20.0) -> tuple[object, ...]:
        deadline = time.monotonic() + timeout_s
        while True:
            event = self.events.get(timeout=max(0.0, deadline - time.monotonic()))
            if event[0] == kind:
                return event


@dataclass
class RunningLink:
    link: Link
    heard: Recorder
    thread: threading.Thread

    def stop(self) -> None:
        self.link.stop()
        self.thread.join(timeout=20)
        assert not self.thread.is_alive()


class StartLink(Protocol):
    """Starts a link. nobody_listens: as of Link."""

    def __call__(
        self, settings: LinkSettings, topics: list[str], *, nobody_listens: str = ""
    ) -> RunningLink: ...


@pytest.fixture
def start_link() -> Iterator[StartLink]:
    """Start links that are stopped at the end of the test; without waiting between tries."""
    running: list[RunningLink] = []

    def start(
        settings: LinkSettings, topics: list[str], *, nobody_listens: str = ""
    ) -> RunningLink:
        heard = Recorder()
        link = Link(
            settings,
            topics,
            heard,
            jitter=lambda ceiling: min(ceiling, 0.05),
            nobody_listens=nobody_listens,
        )
        thread = threading.Thread(target=link.run, daemon=True)
        running.append(RunningLink(link, heard, thread))
        thread.start()
        return running[-1]

    yield start
    for one in running:
        one.stop()


@pytest.fixture
def kiosk_settings(site: Site) -> LinkSettings:
    return read_configuration(site.folder / "uplink.toml", UplinkConfig).broker


@pytest.fixture
def matcher_settings(site: Site) -> LinkSettings:
    return read_configuration(site.matcher_config, MatcherConfig).broker
