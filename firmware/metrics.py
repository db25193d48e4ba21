"""What a kiosk tells Prometheus of itself: how its queue and its store do, never how a check ended.

Read when it is asked for, in a registry of its own. docs/metrics.md lists all of it, and argues why
nothing of it reveals a result.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from greenline.firmware.errors import StoreError
from greenline.firmware.metrics_text import MetricsText
from greenline.firmware.queue_view import LaneReading
from greenline.protocol.envelope import Lane

COMMIT_BUCKETS_S = (
    0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2, 5,
)  # fmt: skip
"""A commit is one flush: a millisecond on a good disk, 15 on a card, seconds on a dying one."""

_WEAR_STEP_BYTES = 1 << 20


@dataclass(frozen=True)
class KioskReadings:
    """Where the numbers come from, each as it is now. Any may raise StoreError: it is left out.

    resends: offers that were not a request's first. repeated: answers that were not needed.
    refused: answers that the matcher did not make for this kiosk. salvaged: messages kept and lost
    when this run found its store damaged. room: what the store still takes, 0-2. written_bytes: on
    the device under the store; None: nobody counts them. cases: how many have ended, by how.
    leads: how many people have decided, by how.
    """

    lanes: Callable[[], dict[Lane, LaneReading]]
    resends: Callable[[], int]
    repeated: Callable[[], int]
    refused: Callable[[], int]
    salvaged: Callable[[], tuple[int, int]]
    room: Callable[[], int]
    written_bytes: Callable[[], int | None]
    cases: Callable[[], dict[str, int]]
    leads: Callable[[], dict[str, int]] = dict


class KioskMetrics:
    """A kiosk's registry. Safe to share between threads. clock: monotonic seconds."""

    def __init__(
        self, readings: KioskReadings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        registry = CollectorRegistry()
        registry.register(_KioskCollector(readings))
        self.text = MetricsText(registry, clock).text
        self._commits = Histogram(
            "greenline_store_commit_seconds",
            "Time until a request was safe on the card.",
            registry=registry,
            buckets=COMMIT_BUCKETS_S,
        )

    def committed(self, seconds: float) -> None:
        """Count how long a request's commit took."""
        self._commits.observe(seconds)


class _KioskCollector(Collector):
    def __init__(self, readings: KioskReadings) -> None:
        self._readings = readings

    def describe(self) -> list[Metric]:
        """Return nothing, so that registering reads nothing yet."""
        return []

    def collect(self) -> Iterator[Metric]:
        for family in (self._lanes, self._counts, self._store):
            try:
                yield from family()
            except StoreError:
                continue  # what cannot be read now is left out, and read the next time

    def _lanes(self) -> Iterator[Metric]:
        depth = GaugeMetricFamily(
            "greenline_queue_requests",
            "Requests that the matcher has not answered.",
            labels=["lane"],
        )
        size = GaugeMetricFamily(
            "greenline_queue_bytes", "Bytes of their envelopes.", labels=["lane"]
        )
        oldest = GaugeMetricFamily(
            "greenline_queue_oldest_seconds",
            "Age of the oldest; 0: there is none.",
            labels=["lane"],
        )
        for lane, reading in self._readings.lanes().items():
            label = [lane.name.lower()]
            depth.add_metric(label, reading.depth)
            size.add_metric(label, reading.size)
            oldest.add_metric(label, reading.oldest_s)
        yield from (depth, size, oldest)

    def _counts(self) -> Iterator[Metric]:
        readings = self._readings
        yield CounterMetricFamily(
            "greenline_resends", "Offers that were not a request's first.", readings.resends()
        )
        yield CounterMetricFamily(
            "greenline_results_repeated", "Answers that came again.", readings.repeated()
        )
        yield CounterMetricFamily(
            "greenline_answers_refused",
            "Answers that the matcher did not make, or not for this kiosk.",
            readings.refused(),
        )
        cases = CounterMetricFamily("greenline_cases", "Cases that have ended.", labels=["end"])
        for end, count in readings.cases().items():
            cases.add_metric([end], count)
        leads = CounterMetricFamily(
            "greenline_leads", "Possible matches that people have decided.", labels=["decision"]
        )
        for decision, count in readings.leads().items():
            leads.add_metric([decision], count)
        yield from (cases, leads)

    def _store(self) -> Iterator[Metric]:
        readings = self._readings
        salvaged = GaugeMetricFamily(
            "greenline_store_salvaged_messages",
            "What became of a damaged store's messages when this run began.",
            labels=["fate"],
        )
        for fate, count in zip(("kept", "lost"), readings.salvaged(), strict=True):
            salvaged.add_metric([fate], count)
        yield salvaged
        written = readings.written_bytes()
        if written is not None:
            # In steps: a few bytes more or less in a log line must not show.
            yield CounterMetricFamily(
                "greenline_store_device_written_bytes",
                "Bytes written to the block device under the store, whole MiB.",
                written // _WEAR_STEP_BYTES * _WEAR_STEP_BYTES,
            )
        yield GaugeMetricFamily(
            "greenline_store_room",
            "0: it takes all; 1: nothing in the background; 2: no capture.",
            readings.room(),
        )
