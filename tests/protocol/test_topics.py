"""Topics: a name can never reach outside its own topic."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenline.protocol.errors import MalformedError
from greenline.protocol.topics import check_name, kiosk_of, request_topic, result_topic


def test_topics_are_those_of_the_documentation() -> None:
    assert request_topic("kiosk-01") == "greenline/1/request/kiosk-01"
    assert result_topic("kiosk-01") == "greenline/1/result/kiosk-01"


def test_the_kiosk_is_found_in_its_topic() -> None:
    assert kiosk_of(request_topic("kiosk-01")) == "kiosk-01"


@pytest.mark.parametrize(
    "name", ["", "-a", "A", "a" * 33, "a/b", "+", "#", "a b", "$sys", "é", "a\n"]
)
def test_a_name_with_a_meaning_to_mqtt_is_refused(name: str) -> None:
    with pytest.raises(MalformedError):
        check_name(name)


@given(st.text(max_size=40))
def test_any_other_topic_is_refused(topic: str) -> None:
    with pytest.raises(MalformedError):
        kiosk_of(topic)
