"""What the kiosk makes of its audit log at a start: torn, cut, damaged, or with new keys."""

from pathlib import Path

import pytest

from greenline.firmware.audit import MEMORY, Sizes
from greenline.protocol.audit import Event, event_record
from greenline.protocol.audit_details import Kind
from greenline.protocol.audit_head import HEAD_BYTES
from greenline.protocol.audit_verify import Walk
from greenline.protocol.keys import SigningKey
from tests.firmware.audit_logs import COLLECTED, Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "audit")


def only_segment(place: Place) -> Path:
    (path,) = place.segments().values()
    return path


def test_a_record_torn_anywhere_is_cut_off_and_told(place: Place) -> None:
    log = place.open()
    log.note(COLLECTED)
    log.checkpoint()
    whole = only_segment(place).read_bytes()
    log.note(COLLECTED)
    longer = only_segment(place).read_bytes()
    memory = (place.folder / MEMORY).read_bytes()
    cuts = {*range(len(whole) + 1, len(longer), 9), len(longer) - 1}  # each byte: tests/protocol
    for length in sorted(cuts):
        only_segment(place).write_bytes(longer[:length])
        (place.folder / MEMORY).write_bytes(memory)

        again = place.open()
        again.note(COLLECTED)
        again.close()

        assert place.walk().fault is None, length
        # The memory had it, so it was whole once: a power cut alone would have told the first only.
        assert place.told() == ["a torn end was cut off", "entries at the end are missing"]
        assert only_segment(place).read_bytes().startswith(whole)
        cut = next(place.folder.glob("*.cut"))
        assert cut.read_bytes() == longer[len(whole) : length]
        for left in place.folder.iterdir():
            if left != only_segment(place):
                left.unlink()


def test_a_record_that_was_never_whole_is_cut_off_without_an_alarm(place: Place) -> None:
    log = place.open()
    log.note(COLLECTED)
    log.close()
    with only_segment(place).open("ab") as file:
        file.write(b"\x00\xc8half an entry")

    again = place.open()
    again.note(COLLECTED)
    again.close()

    assert place.told() == ["a torn end was cut off"]
    assert place.walk().fault is None


def test_entries_cut_off_behind_a_signature_are_noticed_at_the_next_start(place: Place) -> None:
    log = place.open()
    log.note(COLLECTED)
    log.checkpoint()
    whole = only_segment(place).read_bytes()
    log.note(COLLECTED)
    log.close()
    only_segment(place).write_bytes(whole)

    place.open().note(COLLECTED)

    assert place.told() == ["entries at the end are missing"]
    (repair,) = [event for event in place.events() if event.kind is Kind.REPAIR]
    assert repair.details["entries"] == 2


def test_a_changed_byte_in_the_middle_is_left_for_an_auditor_and_a_new_chain_begins(
    place: Place,
) -> None:
    log = place.open()
    log.note(COLLECTED)
    log.note(COLLECTED)
    log.close()
    path = only_segment(place)
    damaged = bytearray(path.read_bytes())
    damaged[HEAD_BYTES + 40] ^= 1
    path.write_bytes(damaged)

    again = place.open()
    again.note(COLLECTED)
    again.close()

    assert path.read_bytes() == damaged
    assert place.told() == ["the last segment is damaged"]
    assert place.walk(chain_from=2).fault is None
    assert again.chain != log.chain
    # And the new chain goes on at the next start.
    last = place.open()
    last.note(COLLECTED)
    last.close()
    assert place.told() == ["the last segment is damaged"]
    assert place.walk(chain_from=2).entries == 5


@pytest.mark.parametrize("gone", ["the memory", "the log", "an old segment"])
def test_whatever_is_missing_at_the_start_is_told(place: Place, gone: str) -> None:
    place.sizes = Sizes(entries=4, segment_bytes=1_000)
    log = place.open()
    for _ in range(10):
        log.note(COLLECTED)
    log.close()
    paths = list(place.segments().values())
    assert len(paths) > 1
    removed, words = {
        "the memory": ([place.folder / MEMORY], "the memory of the log is missing or was changed"),
        "the log": (paths, "all segments are missing"),
        "an old segment": (paths[:1], "old segments are missing"),
    }[gone]
    for path in removed:
        path.unlink()

    place.open().note(COLLECTED)

    assert place.told() == [words]


def test_a_last_entry_that_is_another_one_is_told(place: Place) -> None:
    log = place.open()
    log.note(COLLECTED)
    log.note(COLLECTED)
    path = only_segment(place)
    data = path.read_bytes()
    records = list(Walk(None).segment("", data))
    other = event_record(records[0].end, place.clocks(), Event(Kind.STOP, "somebody"))
    path.write_bytes(data.removesuffix(records[1].data) + other.data)

    place.open().note(COLLECTED)

    assert place.told() == ["the last entry is not the one that is remembered"]


def test_another_chain_in_the_logs_place_is_told(place: Place, tmp_path: Path) -> None:
    log = place.open()
    log.note(COLLECTED)
    log.close()
    another = Place(tmp_path / "another", place.signer)
    other = another.open()
    other.note(COLLECTED)
    other.close()
    only_segment(place).write_bytes(only_segment(another).read_bytes())

    place.open().note(COLLECTED)

    (repair,) = [event for event in place.events() if event.kind is Kind.REPAIR]
    assert repair.details == {
        "what": "the chain is not the one that is remembered",
        "before": log.chain.hex(),
    }


def test_a_memory_without_the_kiosks_key_counts_as_none(place: Place) -> None:
    log = place.open()
    log.note(COLLECTED)
    log.close()
    memory = bytearray((place.folder / MEMORY).read_bytes())
    memory[10] ^= 1
    memory[522] ^= 1
    (place.folder / MEMORY).write_bytes(memory)

    place.open().note(COLLECTED)

    assert place.told() == ["the memory of the log is missing or was changed"]


def test_a_replaced_key_still_vouches_for_what_it_remembered(place: Place) -> None:
    log = place.open()
    log.note(COLLECTED)
    log.close()
    place.earlier, place.secret = (place.key,), b"the next secret"
    for _ in range(2):
        log = place.open()
        log.note(COLLECTED)
        log.close()
        place.earlier = ()

    assert place.told() == []
    assert place.walk().fault is None


def test_one_spoiled_place_of_the_memory_is_no_harm(place: Place) -> None:
    log = place.open()
    log.note(COLLECTED)
    log.note(COLLECTED)
    log.close()
    path = place.folder / MEMORY
    for position in range(path.stat().st_size):
        spoiled = bytearray(path.read_bytes())
        spoiled[position] ^= 1
        copy = Place(place.folder, place.signer, place.clocks)
        (place.folder / MEMORY).write_bytes(spoiled)
        assert copy.walk().fault is None
        spoiled[position] ^= 1
        path.write_bytes(spoiled)


def test_a_log_of_another_kiosk_is_not_gone_on_with(place: Place) -> None:
    log = place.open()
    log.note(COLLECTED)
    log.close()

    Place(place.folder, place.signer, owner="kiosk-02").open().note(COLLECTED)

    assert place.told() == ["the last segment is not of this kiosk"]


def test_a_new_key_begins_a_new_chain(place: Place) -> None:
    log = place.open()
    log.note(COLLECTED)
    log.close()
    place.signer = SigningKey.generate()
    for _ in range(2):
        log = place.open()
        log.note(COLLECTED)
        log.close()

    assert place.told() == ["the kiosk has a new key"]
    walk = place.walk(chain_from=2)
    assert (walk.fault, walk.entries, len(place.segments())) == (None, 5, 2)
