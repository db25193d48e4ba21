"""PINs: only fit ones are given out, and what is kept of one knows it from all others."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenline.protocol.pins import DECOY, PinVerifier, generate_pin, why_unfit

CHEAP = PinVerifier(bytes(16), bytes(32), memory_kib=8192, iterations=1)
PINS = st.from_regex(r"[0-9]{6,8}", fullmatch=True)


def cheaply(pin: str, operator: str) -> PinVerifier:
    """A verifier that costs less, so that many can be tried."""
    digest = CHEAP._derive(pin, operator)
    return msgspec.structs.replace(CHEAP, digest=digest)


@pytest.mark.parametrize(
    ("pin", "words"),
    [
        ("", "A PIN has 6 to 8 digits."),
        ("82915", "A PIN has 6 to 8 digits."),
        ("829157304", "A PIN has 6 to 8 digits."),
        ("82a157", "A PIN has 6 to 8 digits."),
        ("８２９１５７", "A PIN has 6 to 8 digits."),
        ("²29157", "A PIN has 6 to 8 digits."),
        ("111111", "A PIN has at least 4 different digits."),
        ("112233", "A PIN has at least 4 different digits."),
        ("123456", "A PIN has no 4 digits in a row, upwards or downwards."),
        ("943218", "A PIN has no 4 digits in a row, upwards or downwards."),
        ("82918291", "A PIN does not repeat itself."),
        ("829157", ""),
        ("123091", ""),
        ("90210377", ""),
    ],
)
def test_a_pin_is_fit_or_the_reason_is_told(pin: str, words: str) -> None:
    assert why_unfit(pin) == words


def test_generated_pins_are_fit_and_differ() -> None:
    pins = [generate_pin() for _ in range(200)]

    assert [why_unfit(pin) for pin in pins] == [""] * 200
    assert len(set(pins)) > 190


@settings(max_examples=25, deadline=None)
@given(pin=PINS, other=PINS)
def test_a_verifier_takes_its_pin_and_no_other(pin: str, other: str) -> None:
    kept = cheaply(pin, "4711")

    assert kept.matches(pin, "4711")
    assert kept.matches(other, "4711") == (pin == other)


@settings(max_examples=10, deadline=None)
@given(pin=PINS)
def test_a_verifier_is_of_one_operator_and_survives_its_bytes(pin: str) -> None:
    kept = msgspec.msgpack.decode(msgspec.msgpack.encode(cheaply(pin, "4711")), type=PinVerifier)

    assert kept.matches(pin, "4711")
    assert not kept.matches(pin, "4712")


def test_two_verifiers_of_one_pin_are_not_alike() -> None:
    one, other = PinVerifier.of("829157", "4711"), PinVerifier.of("829157", "4711")

    assert one.digest != other.digest
    assert one.matches("829157", "4711")
    assert other.matches("829157", "4711")


def test_nothing_fits_the_decoy() -> None:
    assert [DECOY.matches(pin, "4711") for pin in ("", "000000", "829157")] == [False] * 3


def test_a_text_of_any_length_is_only_a_wrong_pin() -> None:
    assert not PinVerifier.of("829157", "4711").matches("829157" * 100_000, "4711")


@pytest.mark.parametrize(
    "change", [{"memory_kib": 2**20}, {"memory_kib": 8}, {"iterations": 99}, {"lanes": 64}]
)
def test_a_verifier_that_would_cost_a_kiosk_too_much_or_nothing_is_refused(
    change: dict[str, int],
) -> None:
    encoded = msgspec.msgpack.encode(msgspec.structs.replace(CHEAP, **change))

    with pytest.raises(msgspec.ValidationError):
        msgspec.msgpack.decode(encoded, type=PinVerifier)
