"""The language of the U.are.U readers: known bytes from recorded conversations."""

import pytest

from greenline.drivers.uru4500_codec import (
    Event,
    answer_challenge,
    event_of,
    key_from,
    seed_message,
)


def test_the_challenge_of_a_recorded_conversation_gets_its_answer() -> None:
    challenge = bytes.fromhex("4dae5a0b1247a86c9fbf29fdcc178a74")
    assert answer_challenge(challenge).hex() == "329351371e4adfb1f35f09f329c6ab46"


def test_the_key_exchange_of_a_recorded_conversation_gives_its_key() -> None:
    assert seed_message(0, 0x51EA2124).hex() == "002421ea51"
    assert key_from(bytes.fromhex("f228ae05"), 0x51EA2124) == 0x544409D6


@pytest.mark.parametrize("seed", [0, 1, 0x51EA2124, 0xFFFFFFFF])
def test_any_seed_leads_to_the_same_key(seed: int) -> None:
    key = 0x9E3779B9
    hidden = (key ^ seed).to_bytes(4, "little")
    assert key_from(hidden, seed) == key


def test_the_number_of_a_key_is_one_byte() -> None:
    assert seed_message(0x1FF, 0xFFFFFFFF).hex() == "ffffffffff"


@pytest.mark.parametrize(
    ("packet", "event"),
    [
        ("56aa03910efe0c5402010dee", Event.SCAN_POWER_ON),
        ("010102000800100020008000", Event.FINGER_ON),
        ("0200080010002000800056aa", Event.FINGER_OFF),
        ("08001000", Event.DEATH),
        ("1234", 0x1234),
        ("", 0),
    ],
)
def test_only_the_first_two_bytes_of_a_report_count(packet: str, event: int) -> None:
    assert event_of(bytes.fromhex(packet)) == event
