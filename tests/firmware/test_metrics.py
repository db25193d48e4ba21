"""What Prometheus reads of a kiosk and of an uplink, in its own parser's eyes."""

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from greenline.firmware.block_device import written_bytes
from greenline.firmware.errors import StoreError
from greenline.firmware.metrics import COMMIT_BUCKETS_S, KioskMetrics, KioskReadings
from greenline.firmware.metrics_uplink import UplinkMetrics
from greenline.firmware.queue_view import LaneReading
from greenline.link.counts import Counts
from greenline.protocol.envelope import Lane

Samples = dict[tuple[str, str], float]

MIB = 1 << 20


def samples(text: bytes) -> Samples:
    """Return each value by its name and its only label."""
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def lanes() -> dict[Lane, LaneReading]:
    return {
        Lane.PERSON_WAITING: LaneReading(3, 5_310, 61.5),
        Lane.NORMAL: LaneReading(),
        Lane.BACKGROUND: LaneReading(1, 900, 2.0),
    }


def readings(room: int = 0, written: int | None = 7 * MIB + 5) -> KioskReadings:
    return KioskReadings(
        lanes=lanes,
        resends=lambda: 4,
        repeated=lambda: 2,
        refused=lambda: 1,
        salvaged=lambda: (9, 1),
        room=lambda: room,
        written_bytes=lambda: written,
        cases=lambda: {"sent": 12, "minor": 1},
        leads=lambda: {"confirmed": 2, "rejected": 5},
    )


def failing() -> int:
    raise StoreError("the store failed")


def test_a_kiosk_tells_how_its_queue_and_its_store_do() -> None:
    told = samples(KioskMetrics(readings(room=1)).text())

    without_commits = {key: value for key, value in told.items() if "commit" not in key[0]}
    assert without_commits == {
        ("greenline_queue_requests", "person_waiting"): 3,
        ("greenline_queue_requests", "normal"): 0,
        ("greenline_queue_requests", "background"): 1,
        ("greenline_queue_bytes", "person_waiting"): 5_310,
        ("greenline_queue_bytes", "normal"): 0,
        ("greenline_queue_bytes", "background"): 900,
        ("greenline_queue_oldest_seconds", "person_waiting"): 61.5,
        ("greenline_queue_oldest_seconds", "normal"): 0,
        ("greenline_queue_oldest_seconds", "background"): 2,
        ("greenline_resends_total", ""): 4,
        ("greenline_results_repeated_total", ""): 2,
        ("greenline_answers_refused_total", ""): 1,
        ("greenline_cases_total", "sent"): 12,
        ("greenline_cases_total", "minor"): 1,
        ("greenline_leads_total", "confirmed"): 2,
        ("greenline_leads_total", "rejected"): 5,
        ("greenline_store_salvaged_messages", "kept"): 9,
        ("greenline_store_salvaged_messages", "lost"): 1,
        ("greenline_store_room", ""): 1,
        ("greenline_store_device_written_bytes_total", ""): 7 * MIB,
    }


def test_the_quantiles_of_a_commit_can_be_read_from_its_buckets() -> None:
    metrics = KioskMetrics(readings())
    for milliseconds in range(1, 101):
        metrics.committed(milliseconds / 1000 - 0.0005)

    told = samples(metrics.text())

    name = "greenline_store_commit_seconds_bucket"
    counts = [told[name, str(float(bound))] for bound in COMMIT_BUCKETS_S]
    assert counts[:10] == [1, 2, 5, 10, 15, 20, 30, 50, 75, 100]
    assert told["greenline_store_commit_seconds_count", ""] == 100
    assert told["greenline_store_commit_seconds_sum", ""] == pytest.approx(5.0)


def test_what_cannot_be_read_now_is_left_out_and_the_rest_is_told() -> None:
    metrics = KioskMetrics(
        KioskReadings(lanes, failing, failing, failing, lambda: (0, 0), failing, lambda: None, dict)
    )

    told = samples(metrics.text())

    assert ("greenline_queue_requests", "normal") in told
    assert {name for name, _ in told if "resends" in name or "room" in name} == set()


def test_it_is_read_anew_once_a_second_at_most() -> None:
    now, waiting = [50.0], [1]
    counting = KioskReadings(
        lanes,
        lambda: waiting[0],
        lambda: 0,
        lambda: 0,
        lambda: (0, 0),
        lambda: 0,
        lambda: None,
        dict,
    )
    metrics = KioskMetrics(counting, clock=lambda: now[0])

    def resends() -> float:
        return samples(metrics.text())["greenline_resends_total", ""]

    assert resends() == 1
    waiting[0] = 2
    now[0] += 0.99
    assert resends() == 1
    now[0] += 0.01
    assert resends() == 2


def test_two_kiosks_in_one_process_share_nothing() -> None:
    first, second = KioskMetrics(readings()), KioskMetrics(readings())

    first.committed(1)

    assert samples(second.text())["greenline_store_commit_seconds_count", ""] == 0


def test_what_is_written_to_a_device_is_read_from_the_kernels_own_count(tmp_path: Path) -> None:
    device = tmp_path.stat().st_dev
    folder = tmp_path / f"{device >> 8 & 0xFFF}:{device & 0xFF | device >> 12 & 0xFFF00}"
    folder.mkdir()
    (folder / "stat").write_text("  1 2 3 4 5 6 1000 8 9 10 11\n")

    assert written_bytes(tmp_path, devices=tmp_path) == 512_000


@pytest.mark.parametrize("stat", ["", "1 2 3", "a b c d e f g h", None])
def test_where_nobody_counts_nothing_is_told(tmp_path: Path, stat: str | None) -> None:
    device = tmp_path.stat().st_dev
    folder = tmp_path / f"{device >> 8 & 0xFFF}:{device & 0xFF | device >> 12 & 0xFFF00}"
    if stat is not None:
        folder.mkdir()
        (folder / "stat").write_text(stat)

    assert written_bytes(tmp_path, devices=tmp_path) is None
    assert "device_written" not in KioskMetrics(readings(written=None)).text().decode()


def test_an_uplink_tells_how_its_link_does() -> None:
    counts = Counts(
        broker="broker.example.org:8883",
        window=16,
        connections=3,
        reconnects=2,
        published=7,
        unheard=1,
        refused={"CONNACK 0x87": 2, "PUBACK 0x97": 1},
        failures={"connection refused": 4, "the name is not known": 1},
        bytes_in=5_000,
        bytes_out=9_000,
        rtt_last_s=0.25,
        rtt_smoothed_s=0.2,
        woken=1,
    )

    text = UplinkMetrics(lambda: counts).text()

    assert samples(text) == {
        ("greenline_link_up", ""): 1,
        ("greenline_link_window", ""): 16,
        ("greenline_link_reconnects_total", ""): 2,
        ("greenline_link_failures_total", ""): 5,
        ("greenline_link_published_total", ""): 7,
        ("greenline_link_unheard_total", ""): 1,
        ("greenline_link_woken_total", ""): 1,
        ("greenline_link_received_bytes_total", ""): 5_000,
        ("greenline_link_sent_bytes_total", ""): 9_000,
        ("greenline_link_round_trip_seconds", "last"): 0.25,
        ("greenline_link_round_trip_seconds", "smoothed"): 0.2,
        ("greenline_link_refused_total", "CONNACK 0x87"): 2,
        ("greenline_link_refused_total", "PUBACK 0x97"): 1,
    }
    assert b"broker.example.org" not in text


def test_an_uplink_without_a_link_has_no_round_trip_to_tell() -> None:
    told = samples(UplinkMetrics(Counts).text())

    assert told["greenline_link_up", ""] == 0
    assert [name for name, _ in told if "round_trip" in name] == []
