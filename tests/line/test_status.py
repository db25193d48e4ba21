"""A kiosk's status over all processes: from the kiosk through uplink and broker to the matcher."""

from tests.line.conftest import Checkpoint


def test_the_matcher_hears_how_a_kiosk_is_soon_after_its_start(checkpoint: Checkpoint) -> None:
    checkpoint.start("broker", "matcher", "kiosk", "uplink")

    told = checkpoint.children["matcher"].wait_for_event("kiosk status")

    assert told["kiosk"] == "kiosk-01"
    assert (told["pending"], told["oldest_ms"], told["refused"]) == (0, 0, 0)
    assert told["running_ms"] > 0
    assert told["software"].startswith("greenline ")
