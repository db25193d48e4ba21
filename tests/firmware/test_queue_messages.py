"""The language of the queue's door: every message, cut anywhere, and what is no message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenline.firmware import queue_messages as messages
from greenline.firmware.errors import PipeError
from greenline.firmware.queue_messages import (
    Done,
    Export,
    Item,
    Items,
    List,
    Question,
    Reply,
    Retry,
    Sealed,
    Sorry,
)

ID = bytes(range(16))
ITEM = Item(ID, "request", 0, "queued", 1_000, 9_000, 3.0, 5.0, 1_770, 2, 1.5, "Quota exceeded")
QUESTIONS: list[Question] = [List(), Retry(), Retry(ID), Export()]
REPLIES: list[Reply] = [
    Items((ITEM, ITEM)),
    Sealed(ID, 0, 1_000, 9_000, b"sealed"),
    Done(3),
    Sorry("no"),
]


def test_every_message_comes_out_as_it_went_in_however_it_is_cut() -> None:
    for size in (1, 3, 7, 10_000):
        asked, told = messages.questions(), messages.replies()
        questions = b"".join(messages.encode(each) for each in QUESTIONS)
        replies = b"".join(messages.encode(each) for each in REPLIES)

        assert [
            question
            for at in range(0, len(questions), size)
            for question in asked.feed(questions[at : at + size])
        ] == QUESTIONS
        assert [
            reply
            for at in range(0, len(replies), size)
            for reply in told.feed(replies[at : at + size])
        ] == REPLIES


def test_a_frame_that_announces_too_much_is_refused_before_it_has_come() -> None:
    with pytest.raises(PipeError, match="too large"):
        list(messages.questions().feed((messages.MOST_QUESTION_BYTES + 1).to_bytes(4)))


def test_a_reply_is_no_question() -> None:
    with pytest.raises(PipeError, match="not a message"):
        list(messages.questions().feed(messages.encode(Done(1))))


def test_an_id_has_sixteen_bytes() -> None:
    with pytest.raises(PipeError, match="not a message"):
        list(messages.questions().feed(messages.encode(Retry(b"short"))))


@given(st.binary(max_size=200))
def test_whatever_comes_it_is_a_question_or_refused(data: bytes) -> None:
    try:
        found = list(messages.questions().feed(data))
    except PipeError:
        return
    assert all(isinstance(each, List | Retry | Export) for each in found)


@given(st.binary(max_size=120))
def test_garbage_in_a_whole_frame_is_refused_or_a_question(body: bytes) -> None:
    try:
        found = list(messages.questions().feed(len(body).to_bytes(4) + body))
    except PipeError:
        return
    assert len(found) == 1
