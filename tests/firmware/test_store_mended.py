"""A store that is damaged is mended as it is opened, and what that has cost is told once."""

from pathlib import Path

from greenline.firmware.store_log import log_of, reserve_of
from greenline.firmware.store_rows import Pending
from tests.firmware.damaged_stores import signed
from tests.firmware.stores import open_store


def spoil(path: Path, envelope: bytes, count: int) -> None:
    """Change so many bytes of an envelope where it lies."""
    data = bytearray(path.read_bytes())
    at = data.index(envelope)
    for number in range(count):
        data[at + 7 * number] ^= 0xFF
    path.write_bytes(data)


def filled(path: Path) -> dict[int, bytes]:
    """Leave a store with five requests; return their envelopes."""
    store = open_store(path)
    for number in range(1, 6):
        store.add_request(request(number), signed(number, 1_500).to_bytes())
    store.close()
    return {number: signed(number, 1_500).to_bytes() for number in range(1, 6)}


def request(number: int) -> Pending:
    header = signed(number).header
    return Pending(header.request_id, header.lane, header.created_ms, header.expires_ms)


def test_a_row_that_is_spoilt_is_lost_alone_and_that_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "kiosk.store"
    envelopes = filled(path)
    spoil(path, envelopes[3], 20)

    store = open_store(path)

    kept = {number: store.envelope(request(number).request_id) for number in envelopes}
    assert kept == {**envelopes, 3: None}
    (told,) = store.salvaged()
    assert (told.requests, told.lost, told.unknown) == (4, (request(3).request_id.hex(),), False)
    assert (tmp_path / told.folder / "store").exists()
    assert store.usage()[0] == 4
    store.note_told(told)
    assert store.salvaged() == []
    store.close()

    again = open_store(path)
    assert again.salvaged() == []
    assert len(again.pending()) == 4
    again.close()


def test_a_single_flipped_bit_costs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "kiosk.store"
    envelopes = filled(path)
    data = bytearray(path.read_bytes())
    data[data.index(envelopes[2]) + 700] ^= 0x10
    path.write_bytes(data)

    store = open_store(path)

    assert {n: store.envelope(request(n).request_id) for n in envelopes} == envelopes
    (told,) = store.salvaged()
    assert told.lost == ()
    store.close()


def test_a_store_that_is_gone_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "kiosk.store"
    filled(path)
    path.write_bytes(b"")

    store = open_store(path)

    (told,) = store.salvaged()
    assert (told.requests, told.unknown) == (0, True)
    store.add_request(request(9), b"sealed")
    store.close()


def test_a_log_that_was_erased_while_the_kiosk_was_killed_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "kiosk.store"
    store = open_store(path)
    store.add_request(request(1), b"sealed")
    held = {each: each.read_bytes() for each in tmp_path.iterdir()}
    store.close()
    for each, data in held.items():  # as the card was while it ran
        each.write_bytes(data)
    log_of(path).write_bytes(bytes(log_of(path).stat().st_size))

    again = open_store(path)

    (told,) = again.salvaged()
    assert told.unknown
    again.close()


def test_a_new_store_has_nothing_to_tell(tmp_path: Path) -> None:
    store = open_store(tmp_path / "kiosk.store")

    assert store.salvaged() == []
    assert reserve_of(tmp_path / "kiosk.store").exists()
    store.close()
