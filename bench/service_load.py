"""How long a kiosk waits for its result, and the load at which the matcher saturates.

    python bench/service_load.py --folder DIR [--entries 10000 | --gallery FILE] [--matchers 1]
        [--threads T] [--kiosks 8] [--fingers 1] [--rates 1 2 4 8] [--seconds 20]

A real Mosquitto with TLS, real matcher processes, and kiosks that each have keys, a certificate and
a connection of their own. Requests hold minutiae of strangers (strangers.py), no picture, and are
sealed beforehand. They are sent at random moments (Poisson) at one rate after the other; the time
runs from the moment at which a request is due to the arrival of its result, so that a queue on our
side counts as well. Every request must be answered, with "none" or candidates of the whole list.
It ends at the first rate at which the service saturates: the 95th percentile is above 2 s, or at
the end of the sending more than 2 s of requests are unanswered. One line for each rate.

--gallery: what `gallery_loading.py --keep` made. Otherwise a gallery of so many entries is made in
DIR, and used again by the next run. DIR/site is made anew. Broker, matchers and kiosks run on one
machine.
"""

import argparse
import os
import shutil
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from service_site import (
    Kiosk,
    drained,
    gallery_of,
    kiosks_of,
    probes,
    site_of,
)

from greenline.cli.children import Child, greenline, started
from greenline.cli.site import Site
from greenline.protocol.messages import Outcome, Result

SATURATED_S = 2.0
_LOADING_S = 600.0
_PATIENCE_S = 300.0
_CHECK_S = 0.02


@dataclass
class Line:
    """What one rate gave. left: unanswered when the last was sent. Times in seconds.

    cpu: processor time of all matchers together, which other programs hardly change.
    """

    rate: float
    times: list[float]
    left: int
    took: float
    search_ms: list[float]
    cpu: float = 0.0

    @property
    def saturated(self) -> bool:
        return self.p(95) > SATURATED_S or self.left > SATURATED_S * self.rate

    def p(self, percent: float) -> float:
        return float(np.percentile(self.times, percent))

    def text(self) -> str:
        return (
            f"{self.rate:g} | {len(self.times)} | {self.p(50):.3f} | {self.p(95):.3f} "
            f"| {max(self.times):.3f} | {np.median(self.search_ms):.0f} | {self.left} "
            f"| {len(self.times) / self.took:.2f} | {1e3 * self.cpu / len(self.times):.0f}"
        )


def start_matchers(site: Site, ending: ExitStack) -> list[Child]:
    """Start the broker and the matchers; a large gallery takes longer than site.start() waits."""
    site.start("broker", ending)
    matchers = []
    for name in site.matcher_names:
        command = greenline("matcher", "--config", site.folder / f"{name}.toml")
        log = site.folder / "logs" / f"{name}.log"
        matchers.append(started(name, command, log, connected, ending))
    return matchers


def processor_time(processes: list[Child]) -> float:
    """Return the seconds that processes have computed so far."""
    ticks = 0
    for process in processes:
        words = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(words[11]) + int(words[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def connect_all(site: Site, kiosks: list[Kiosk], ending: ExitStack) -> None:
    for kiosk in kiosks:
        link = kiosk.connect(site)
        thread = threading.Thread(target=link.run, daemon=True)
        thread.start()
        ending.callback(thread.join, 20)
        ending.callback(link.stop)
    for kiosk in kiosks:
        kiosk.ups.get(timeout=60)


def connected(matcher: Child) -> None:
    matcher.wait_for_event("connected", _LOADING_S)


def measure(kiosks: list[Kiosk], fingers: int, rate: float, seconds: float, seed: int) -> Line:
    rng = np.random.default_rng(seed)
    at = np.cumsum(rng.exponential(1 / rate, max(20, round(rate * seconds))))
    each = probes(fingers)
    asking = [kiosks[number % len(kiosks)] for number in range(len(at))]
    sealed = [kiosk.seal(next(each)) for kiosk in asking]
    due: dict[bytes, float] = {}
    began = time.monotonic() + 0.5
    for kiosk, envelope, moment in zip(asking, sealed, at.tolist(), strict=True):
        due[envelope.header.request_id] = began + moment
        data = envelope.to_bytes()
        time.sleep(max(0.0, began + moment - time.monotonic()))
        kiosk.send(data)
    left = len(at) - sum(kiosk.answers.qsize() for kiosk in kiosks)
    arrived = gather(kiosks, len(at))
    times, search_ms = [], []
    for moment, request_id, result in arrived:
        times.append(moment - due.pop(request_id))
        search_ms.append(result.search_ms)
        if result.outcome not in {Outcome.NONE, Outcome.CANDIDATES} or result.coverage < 1:
            raise SystemExit(f"an answer says {result.outcome} ({result.reason})")
    if due:
        raise SystemExit(f"{len(due)} requests were not answered")
    return Line(rate, times, left, max(each[0] for each in arrived) - began, search_ms)


def gather(kiosks: list[Kiosk], count: int) -> list[tuple[float, bytes, Result]]:
    """Wait for so many answers; they are opened only when all are there."""
    until = time.monotonic() + _PATIENCE_S
    while sum(kiosk.answers.qsize() for kiosk in kiosks) < count:
        if time.monotonic() > until:
            raise SystemExit("not every request was answered in time")
        time.sleep(_CHECK_S)
    return [
        (moment, *kiosk.read(data)) for kiosk in kiosks for moment, data in drained(kiosk.answers)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--entries", type=int, default=10_000)
    parser.add_argument("--gallery", type=Path)
    parser.add_argument("--matchers", type=int, default=1)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--kiosks", type=int, default=8)
    parser.add_argument("--fingers", type=int, default=1)
    parser.add_argument("--rates", type=float, nargs="+", default=[1, 2, 4, 8, 12, 16, 24, 32, 48])
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    gallery = options.gallery or gallery_of(options.folder, options.entries)
    folder = options.folder / "site"
    shutil.rmtree(folder, ignore_errors=True)
    site = site_of(folder, gallery, options.kiosks, options.matchers, options.threads)
    kiosks = kiosks_of(site, options.kiosks)
    print(
        "| requests a second | requests | p50 s | p95 s | longest s | search, median ms "
        "| unanswered at the last | answered a second | processor ms a request |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    with ExitStack() as ending:
        matchers = start_matchers(site, ending)
        connect_all(site, kiosks, ending)
        measure(kiosks, options.fingers, 1.0, 5.0, seed=0)
        for seed, rate in enumerate(options.rates, 1):
            before = processor_time(matchers)
            line = measure(kiosks, options.fingers, rate, options.seconds, seed)
            line.cpu = processor_time(matchers) - before
            print(f"| {line.text()} |{' saturated' * line.saturated}", flush=True)
            if line.saturated:
                break


if __name__ == "__main__":
    main()
