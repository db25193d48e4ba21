"""What an uplink tells Prometheus of its link: nothing of what goes over it but how much.

Read when it is asked for, in a registry of its own; docs/metrics.md lists it.
"""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from greenline.firmware.metrics_text import MetricsText
from greenline.link.counts import Counts


class UplinkMetrics:
    """An uplink's registry. counts: of its link, as they are now. Safe to share between threads."""

    def __init__(self, counts: Callable[[], Counts]) -> None:
        registry = CollectorRegistry()
        registry.register(_UplinkCollector(counts))
        self.text = MetricsText(registry).text


class _UplinkCollector(Collector):
    def __init__(self, counts: Callable[[], Counts]) -> None:
        self._counts = counts

    def describe(self) -> list[Metric]:
        """Return nothing, so that registering reads nothing yet."""
        return []

    def collect(self) -> Iterator[Metric]:
        counts = self._counts()
        yield GaugeMetricFamily(
            "greenline_link_up", "1: there is a broker.", 1 if counts.broker else 0
        )
        yield GaugeMetricFamily(
            "greenline_link_window", "Messages that may be on their way now.", counts.window
        )
        for name, words, count in (
            ("reconnects", "Connections after the first.", counts.reconnects),
            ("failures", "Tries and connections that ended.", sum(counts.failures.values())),
            ("published", "Messages that the broker took.", counts.published),
            ("unheard", "Of these, where no matcher listened.", counts.unheard),
            ("woken", "Waits that a network ended by coming up.", counts.woken),
            ("received_bytes", "From the broker, TLS included.", counts.bytes_in),
            ("sent_bytes", "To the broker, TLS included.", counts.bytes_out),
        ):
            yield CounterMetricFamily(f"greenline_link_{name}", words, count)
        yield from _round_trips(counts)
        refused = CounterMetricFamily(
            "greenline_link_refused", "Reason codes of MQTT that were no success.", labels=["code"]
        )
        for code, count in sorted(counts.refused.items()):
            refused.add_metric([code], count)
        yield refused


def _round_trips(counts: Counts) -> Iterator[Metric]:
    if counts.rtt_last_s is None or counts.rtt_smoothed_s is None:
        return  # there was none yet
    trips = GaugeMetricFamily(
        "greenline_link_round_trip_seconds",
        "From a message to the broker's word that it has it.",
        labels=["which"],
    )
    trips.add_metric(["last"], counts.rtt_last_s)
    trips.add_metric(["smoothed"], counts.rtt_smoothed_s)
    yield trips
