"""How long a capture waits for everything but the search, and what a flood does to that.

    python -m bench.uplink_latency [--captures 300]

Real store, gate, uplink process, Mosquitto with TLS 1.3 and matcher on one machine. "over the
search" is the time from the capture to its committed answer without what the matcher says that the
search took. "taken" is the time until a capture is durable. The bare request/reply is two links
and the broker alone, without store and matcher. The flood: another client of the broker sends the
kiosk results that nobody made, as fast as the broker takes them; garbage: each PUBACK of the broker
brings messages of 0 to 100,000 random bytes with it.
"""

import argparse
import datetime
import logging
import os
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue

from bench.faults.checkpoint import Checkpoint, checkpoint
from bench.faults.credentials import keep
from bench.faults.plan import Pace, Plan
from bench.faults.post import Post
from bench.faults.tampering import Garbage
from greenline.centre.broker import operators_client
from greenline.cli.site import MATCHER
from greenline.link.connection import NotConnectedError
from greenline.link.link import Link
from greenline.link.settings import LinkSettings
from greenline.protocol.topics import ALL_REQUESTS, kiosk_of, request_topic, result_topic

_DAYS = 2
_PACE = Pace(20, 20.0, 0.5, 30.0)
_REQUEST_BYTES, _RESULT_BYTES = 2_086, 5_388
_PAUSE_S = 0.02
_WAIT_S = 60.0


@dataclass
class Side:
    """One end of the bare exchange: keeps what arrives, or answers it at once."""

    answers: bool = False
    ups: SimpleQueue[int] = field(default_factory=SimpleQueue)
    came: SimpleQueue[float] = field(default_factory=SimpleQueue)
    confirmed: SimpleQueue[str] = field(default_factory=SimpleQueue)
    link: Link | None = None

    def link_up(self, window: int) -> None:
        self.ups.put(window)

    def link_down(self, reason: str) -> None:
        """A measurement in which a link was lost does not end."""

    def published(self, token: bytes, refusal: str) -> None:  # noqa: ARG002 - the link's interface
        self.confirmed.put(refusal)

    def arrived(self, delivery: int, topic: str, payload: bytes) -> None:  # noqa: ARG002 - the same
        if self.link is None:
            return
        if self.answers:
            answer = bytes(_RESULT_BYTES)
            self.link.publish(b"answer", result_topic(kiosk_of(topic)), answer, 60, urgent=True)
        self.came.put(time.perf_counter())
        self.link.acknowledge(delivery)


def linked(site: Checkpoint, name: str, topics: list[str], side: Side) -> threading.Thread:
    """Connect a side to the broker under this name, with a certificate of its own."""
    now = datetime.datetime.now(datetime.UTC)
    folder = site.site.folder
    keep(site.site, name, site.authority.issue_client(name, now, days=_DAYS))
    settings = LinkSettings(
        "127.0.0.1", name, folder / "ca.pem", folder / f"{name}.pem", folder / f"{name}.key",
        site.site.broker_port,
    )  # fmt: skip
    side.link = Link(settings, topics, side)
    thread = threading.Thread(target=side.link.run, daemon=True)
    thread.start()
    side.ups.get(timeout=_WAIT_S)
    return thread


def bare(count: int) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="bare-") as name,
        checkpoint(Path(name), 0, Plan(start=("broker",))) as site,
    ):
        centre, kiosk = Side(answers=True), Side()
        threads = [
            linked(site, MATCHER, [ALL_REQUESTS], centre),
            linked(site, "kiosk-001", [result_topic("kiosk-001")], kiosk),
        ]
        times = [_exchange(kiosk) for _ in range(count)]
        for side, thread in zip((centre, kiosk), threads, strict=True):
            if side.link is not None:
                side.link.stop()
            thread.join(20)
        _say("bare request and reply over the broker", times)


def _exchange(kiosk: Side) -> float:
    """Return the milliseconds from a request to its reply."""
    if kiosk.link is None:
        raise SystemExit("there is no link")
    began = time.perf_counter()
    topic = request_topic("kiosk-001")
    kiosk.link.publish(b"request", topic, bytes(_REQUEST_BYTES), 60, urgent=True)
    took = kiosk.came.get(timeout=_WAIT_S) - began
    kiosk.confirmed.get(timeout=_WAIT_S)
    return 1000 * took


def captures(site: Checkpoint, kiosk: Post, count: int, words: str) -> None:
    """Take one capture after the other, each when the one before is answered."""
    taken, over = [], []
    for _ in range(count):
        began = time.monotonic()
        request_id = kiosk.submit()
        taken.append(1000 * (time.monotonic() - began))
        if not kiosk.wait([request_id], _WAIT_S):
            raise SystemExit("a capture was not answered")
        whole = 1000 * (kiosk.answered[request_id] - kiosk.acknowledged[request_id])
        over.append(taken[-1] + whole - kiosk.search_ms[request_id])
        time.sleep(_PAUSE_S)
    _say(f"{words}: taken", taken)
    _say(f"{words}: answered, over the search", over)
    if site.dead():
        raise SystemExit(f"ended: {site.dead()}")


class Flood:
    """A client of the broker that sends a kiosk results that nobody made."""

    def __init__(self, site: Checkpoint, kiosk: str) -> None:
        self._side = Side()
        self._topic = result_topic(kiosk)
        self.sent = 0
        self._over = threading.Event()
        self._link = linked(site, operators_client(MATCHER), [], self._side)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        payload = os.urandom(_RESULT_BYTES)
        while not self._over.is_set() and self._side.link is not None:
            try:
                self._side.link.publish(b"flood", self._topic, payload, 60)
                self.sent += 1
            except NotConnectedError:
                try:
                    self._side.confirmed.get(timeout=1)
                except Empty:
                    continue

    def stop(self) -> None:
        self._over.set()
        self._thread.join(20)
        if self._side.link is not None:
            self._side.link.stop()
        self._link.join(20)


def _say(words: str, times: list[float]) -> None:
    ordered = sorted(times)
    p95 = ordered[round(0.95 * (len(ordered) - 1))]
    print(
        f"| {words} | {len(ordered)} | {ordered[len(ordered) // 2]:.2f} | {p95:.2f} "
        f"| {ordered[-1]:.2f} |",
        flush=True,
    )


def with_flood(count: int) -> None:
    plan = Plan(_PACE, threads=None, direct=True)
    with (
        tempfile.TemporaryDirectory(prefix="latency-") as name,
        checkpoint(Path(name), 1, plan) as site,
    ):
        (kiosk,) = site.kiosks
        kiosk.wait_link(_WAIT_S)
        captures(site, kiosk, count, "a capture")
        flood = Flood(site, kiosk.name)
        began = time.monotonic()
        captures(site, kiosk, count, "under a flood of results")
        rate = flood.sent / (time.monotonic() - began)
        flood.stop()
        print(f"(the flood: {rate:.0f} results a second)")


def with_garbage(count: int) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="latency-") as name,
        checkpoint(Path(name), 1, Plan(_PACE, threads=None)) as site,
    ):
        (kiosk,), (port,) = site.kiosks, site.ports
        kiosk.wait_link(_WAIT_S)
        captures(site, kiosk, count, "through a port")
        tamper = Garbage(0.5, result_topic(kiosk.name), copies=20)
        tamper.on = True
        port.tamper = tamper
        ups = kiosk.ups
        port.cut()
        kiosk.wait_link(_WAIT_S, after=ups)
        captures(site, kiosk, count, "through a port that adds garbage")
        print(f"(garbage {tamper.made} times, 20 messages each)")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--captures", type=int, default=300)
    options = parser.parse_args()
    logging.getLogger().addHandler(logging.NullHandler())  # each refused result is a line
    print("| what, ms | times | median | p95 | longest |\n|---|---|---|---|---|")
    bare(options.captures)
    with_flood(options.captures)
    with_garbage(options.captures)


if __name__ == "__main__":
    main()
