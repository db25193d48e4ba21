"""The vault: who deletes a case's key has deleted what lies under it, on the card too."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from greenline.firmware.device_key import SecretDeviceKey
from greenline.firmware.errors import ShreddedError, StoreError, StoreFullError, WrappingError
from greenline.firmware.key_file import KeyFile
from greenline.firmware.vault import PLACE_BYTES, Vault
from tests.firmware.conftest import Clock
from tests.firmware.stores import DEVICE, PURPOSE, open_store
from tests.firmware.test_store import request

ONE, OTHER = b"1" * 16, b"2" * 16
BODY = b"what the officer reads again"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def vault(path: Path) -> Iterator[Vault]:
    with contextlib.closing(Vault(path, DEVICE, PURPOSE)) as opened:
        yield opened


def test_what_was_sealed_comes_back_also_after_a_restart(vault: Vault, path: Path) -> None:
    sealed = vault.seal(ONE, BODY)
    vault.close()

    with contextlib.closing(Vault(path, DEVICE, "another purpose")) as again:
        assert again.open(ONE, sealed) == BODY
        assert again.cases() == {ONE}


def test_sealing_twice_uses_one_key_and_gives_other_bytes(vault: Vault) -> None:
    first, second = vault.seal(ONE, BODY), vault.seal(ONE, BODY)

    assert first != second
    assert vault.cases() == {ONE}


def test_a_shredded_case_cannot_be_opened_and_its_neighbour_can(vault: Vault) -> None:
    mine, theirs = vault.seal(ONE, BODY), vault.seal(OTHER, BODY)

    vault.shred([ONE, b"3" * 16])

    with pytest.raises(ShreddedError, match="deleted"):
        vault.open(ONE, mine)
    assert vault.open(OTHER, theirs) == BODY


def test_an_image_of_the_card_after_shredding_holds_no_wrapped_key(
    vault: Vault, path: Path
) -> None:
    vault.seal(ONE, BODY)
    before = path.read_bytes()
    assert before[:4] == b"GLK1"

    vault.shred([ONE])

    after = path.read_bytes()
    assert after == bytes(PLACE_BYTES)
    assert len(before) == len(after)  # overwritten where it lay, not written elsewhere


def test_a_free_place_is_used_again(vault: Vault, path: Path) -> None:
    for number in range(5):
        vault.seal(bytes([number]) * 16, BODY)
    vault.shred([b"\1" * 16])

    vault.seal(b"\7" * 16, BODY)

    assert path.stat().st_size == 5 * PLACE_BYTES
    assert len(vault.cases()) == 5


def test_after_shredding_a_case_may_begin_anew_and_the_old_bytes_stay_shut(vault: Vault) -> None:
    old = vault.seal(ONE, BODY)
    vault.shred([ONE])
    new = vault.seal(ONE, BODY)

    assert vault.open(ONE, new) == BODY
    with pytest.raises(ShreddedError):
        vault.open(ONE, old)


def test_what_is_sealed_is_bound_to_its_case(vault: Vault, path: Path) -> None:
    sealed = vault.seal(ONE, BODY)
    vault.seal(OTHER, BODY)
    with pytest.raises(ShreddedError):
        vault.open(OTHER, sealed)

    # A wrapped key that is put in another case's place.
    data = bytearray(path.read_bytes())
    data[4:20], data[PLACE_BYTES + 4 : PLACE_BYTES + 20] = OTHER, ONE
    path.write_bytes(data)
    vault.close()
    again = Vault(path, DEVICE, PURPOSE)
    with pytest.raises(ShreddedError, match="unreadable"):
        again.open(ONE, sealed)
    again.close()


def test_with_another_device_key_nothing_opens(vault: Vault, path: Path) -> None:
    sealed = vault.seal(ONE, BODY)
    vault.close()

    stolen = Vault(path, SecretDeviceKey.generate(), PURPOSE)
    with pytest.raises(ShreddedError, match="another device key"):
        stolen.open(ONE, sealed)
    stolen.close()


@pytest.mark.parametrize("harm", [b"", b"?" * 700, b"GLK1", b"GLK1" + bytes(300)])
def test_a_damaged_file_opens_and_holds_no_usable_key(path: Path, harm: bytes) -> None:
    path.write_bytes(harm)

    with contextlib.closing(Vault(path, DEVICE, PURPOSE)) as vault:
        sealed = vault.seal(ONE, BODY)
        assert vault.open(ONE, sealed) == BODY
        with pytest.raises(ShreddedError):
            vault.open(bytes(16), sealed)


def test_a_second_process_is_told_that_it_is_in_use(vault: Vault, path: Path) -> None:
    with pytest.raises(StoreError, match="in use by another process"):
        Vault(path, DEVICE, PURPOSE)


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No such file"):
        Vault(tmp_path / "nowhere" / "keys", DEVICE, PURPOSE)


def test_a_full_disk_seals_nothing() -> None:
    with contextlib.closing(Vault(Path("/dev/full"), DEVICE, PURPOSE)) as vault:
        with pytest.raises(StoreFullError, match="disk is full"):
            vault.seal(ONE, BODY)
        assert vault.cases() == frozenset()


def test_after_a_deletion_no_byte_of_store_log_or_keys_tells_of_the_case(
    tmp_path: Path, clock: Clock
) -> None:
    path = tmp_path / "kiosk.store"
    store = open_store(path, clock)
    envelope, body = os.urandom(3_000), os.urandom(2_000)
    store.add_request(request(1), envelope)
    store.add_answer(request(1).request_id, body, final=True, arrived_ms=0, expires_ms=1_000)
    sealed = bytes(store._file.db.execute("SELECT sealed FROM answer").fetchone()[0])
    wrapped = path.with_name("kiosk.store-keys").read_bytes()[20:144]

    def written() -> bytes:
        return b"".join(each.read_bytes() for each in sorted(tmp_path.glob("kiosk.store*")))

    assert sealed[100:132] in written()  # the search does find what is there
    assert wrapped[:32] in written()
    assert body[:16] not in written()

    clock.now_ms += 1_000
    assert store.expire().answers == (request(1).request_id,)

    traces = [
        piece
        for secret in (sealed, wrapped, envelope, body)
        for start in range(0, len(secret) - 16, 16)
        if (piece := secret[start : start + 16]) in written()
    ]
    assert traces == []
    store.close()


def test_a_power_cut_after_the_key_leaves_an_answer_that_nobody_reads(
    tmp_path: Path, clock: Clock
) -> None:
    path = tmp_path / "kiosk.store"
    store = open_store(path, clock)
    store.add_request(request(1), b"envelope")
    store.add_answer(request(1).request_id, BODY, final=True, arrived_ms=0, expires_ms=1_000)
    store._vault.shred([request(1).request_id])

    assert store.answers(10) == []
    store.close()


def test_a_key_without_its_answer_is_shredded_at_the_start(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "kiosk.store"
    store = open_store(path, clock)
    store._vault.seal(ONE, BODY)
    store.close()

    store = open_store(path, clock)
    assert store._vault.cases() == frozenset()
    store.close()


def test_a_device_key_unwraps_only_its_own_in_their_context() -> None:
    key = SecretDeviceKey.generate()
    wrapped = key.wrap(b"secret", b"context")

    assert key.unwrap(wrapped, b"context") == b"secret"
    for other, data, context in (
        (key, wrapped, b"another"),
        (SecretDeviceKey.generate(), wrapped, b"context"),
        (key, wrapped[:-1], b"context"),
        (key, b"", b"context"),
    ):
        with pytest.raises(WrappingError):
            other.unwrap(data, context)


def test_a_key_file_keeps_its_key_until_it_is_destroyed(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "device.key")
    assert file.read() is None
    wrapped = file.make().wrap(b"secret", b"")

    found = file.read()
    assert found is not None
    assert found.unwrap(wrapped, b"") == b"secret"
    assert file.path.stat().st_mode & 0o777 == 0o600

    file.destroy()
    file.destroy()
    assert file.read() is None
    assert list(tmp_path.iterdir()) == []
