"""The matcher's configuration refuses what would make every search come to nothing."""

from typing import Any

import msgspec
import pytest

from greenline.matcher.config import MatcherConfig

GOOD: dict[str, Any] = {
    "name": "matcher-01",
    "gallery": "gallery.db",
    "ledger": "ledger.db",
    "keys": {"signing": "s", "opening": "o", "gallery": "g", "kiosks": "k"},
    "broker": {"host": "h", "client_id": "c", "ca": "ca", "certificate": "cert", "key": "key"},
    "threshold": 4.0,
}


def read(**changed: object) -> MatcherConfig:
    return msgspec.convert(
        {**GOOD, **changed}, MatcherConfig, dec_hook=lambda kind, value: kind(value)
    )


def test_a_sound_configuration_is_read() -> None:
    assert (read().threshold, read().most_candidates) == (4.0, 5)


@pytest.mark.parametrize("threshold", [float("nan"), float("inf"), 0.0, -1.0, 1e9])
def test_a_threshold_that_all_or_nothing_passes_is_refused(threshold: float) -> None:
    with pytest.raises(msgspec.ValidationError, match="threshold"):
        read(threshold=threshold)


@pytest.mark.parametrize("count", [0, 11])
def test_a_number_of_candidates_that_no_result_holds_is_refused(count: int) -> None:
    with pytest.raises(msgspec.ValidationError, match="most_candidates"):
        read(most_candidates=count)


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="tresh"):
        read(treshold=3.0)
