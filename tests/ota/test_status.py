"""status.json: what is told, and that nothing in it can stop who reads it."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenline.ota.errors import CardError, LostError, OtaError, RefusedError
from greenline.ota.reasons import WORDS, Reason
from greenline.ota.status import State, Status, StatusFile, read_status, sentences


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("status") / "status.json"


@given(st.binary(max_size=200) | st.text().map(str.encode))
@settings(deadline=None)
def test_junk_says_that_nothing_is_known(path: Path, junk: bytes) -> None:
    path.write_bytes(junk)
    assert read_status(path) == Status()


def test_deeply_nested_it_says_that_nothing_is_known(path: Path) -> None:
    path.write_bytes(b"[" * 60_000)
    assert read_status(path) == Status()


@given(
    st.builds(
        Status,
        at_s=st.integers(0, 2**40),
        state=st.sampled_from(State),
        release=st.text(max_size=64),
        done=st.integers(0, 2**40),
        total=st.integers(0, 2**40),
        reason=st.none() | st.sampled_from(Reason),
        words=st.text(max_size=100),
    )
)
def test_it_comes_back_and_can_always_be_told(status: Status) -> None:
    assert msgspec.json.decode(msgspec.json.encode(status), type=Status) == status
    assert sentences(status)


@pytest.mark.parametrize(
    ("fault", "state", "reason"),
    [
        (RefusedError(Reason.DOWNGRADE), State.REFUSED, Reason.DOWNGRADE),
        (RefusedError(Reason.NOT_OUR_TURN), State.WAITING, Reason.NOT_OUR_TURN),
        (LostError("the line"), State.INTERRUPTED, None),
        (CardError("full"), State.CARD_FAILED, None),
    ],
)
def test_what_ends_an_update_is_told(
    path: Path, fault: OtaError, state: State, reason: Reason | None
) -> None:
    file = StatusFile(path, lambda: 1234.5)
    file.tell(State.DOWNLOADING, "2.0", done=5, total=10)
    with pytest.raises(type(fault)), file.telling():
        raise fault
    told = Status(
        at_s=1234, state=state, release="2.0", done=5, total=10, reason=reason, words=str(fault)
    )
    assert file.read() == told


def test_a_refusal_at_once_says_nothing_of_the_download_before(path: Path) -> None:
    file = StatusFile(path, lambda: 1.0)
    file.tell(State.READY, "1.9", done=10, total=10)
    with pytest.raises(RefusedError), file.telling():
        raise RefusedError(Reason.DOWNGRADE)
    words = WORDS[Reason.DOWNGRADE]
    assert file.read() == Status(at_s=1, state=State.REFUSED, reason=Reason.DOWNGRADE, words=words)


def test_a_person_reads_share_and_reason() -> None:
    status = Status(
        state=State.INTERRUPTED, release="2.0", done=25, total=100, words="the line was cut"
    )
    assert sentences(status) == [
        "The update could not be fetched to its end; it goes on at the next try.",
        "Release: 2.0",
        "On the card: 25 of 100 bytes (25 %)",
        "Why: the line was cut",
    ]
