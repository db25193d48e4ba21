"""Wiping: the key first; wherever the power goes, nothing opens any more."""

import contextlib
import subprocess
import sys
import time
from pathlib import Path

import pytest

from greenline.firmware.device_key import DeviceKey, SecretDeviceKey
from greenline.firmware.errors import DeviceKeyError, ShreddedError, WrappingError
from greenline.firmware.key_file import KeyFile
from greenline.firmware.vault import Vault, keys_beside
from greenline.firmware.wipe import Wipe, forget_wipe, is_wiped, mark_beside
from tests.firmware.conftest import Clock
from tests.firmware.stores import PURPOSE, open_store
from tests.firmware.test_store import request

STEPS = 6
CHILD = """
import os, signal, sys
from pathlib import Path
from greenline.firmware.key_file import KeyFile
from greenline.firmware.wipe import Wipe
folder, last = Path(sys.argv[1]), int(sys.argv[2])
done = []
def told(words):
    done.append(words)
    if len(done) == last:
        os.kill(os.getpid(), signal.SIGKILL)
wipe = Wipe(KeyFile(folder / "device.key"), folder / "kiosk.store", (folder / "signing.pem",), told)
wipe.destroy_keys()
wipe.remove_rest()
print(len(done))
"""


def used_kiosk(folder: Path) -> tuple[bytes, bytes]:
    """Leave what a kiosk leaves; return its wrapped signing key, and one case's sealed answer."""
    device = KeyFile(folder / "device.key").make()
    wrapped = device.wrap(b"the signing key", b"signing")
    (folder / "signing.pem").write_bytes(wrapped)
    store = open_store(folder / "kiosk.store", device=device)
    store.add_request(request(1), b"envelope")
    store.add_answer(b"\1" * 16, b"the answer", final=True, arrived_ms=0, expires_ms=10**9)
    sealed = bytes(store._file.db.execute("SELECT sealed FROM answer").fetchone()[0])
    store.close()
    return wrapped, sealed


def opens(vault: Vault, sealed: bytes) -> bool:
    try:
        vault.open(b"\1" * 16, sealed)
    except ShreddedError:
        return False
    return True


def wipe_of(folder: Path) -> Wipe:
    return Wipe(KeyFile(folder / "device.key"), folder / "kiosk.store", (folder / "signing.pem",))


def test_what_a_wiped_kiosk_leaves_is_its_mark(tmp_path: Path) -> None:
    used_kiosk(tmp_path)
    assert not is_wiped(tmp_path / "kiosk.store")

    wipe = wipe_of(tmp_path)
    assert wipe.destroy_keys() + wipe.remove_rest() == []

    assert [each.name for each in tmp_path.iterdir()] == ["kiosk.store-wiped"]
    assert is_wiped(tmp_path / "kiosk.store")
    assert wipe.destroy_keys() + wipe.remove_rest() == []  # once more changes nothing
    forget_wipe(tmp_path / "kiosk.store")
    assert not is_wiped(tmp_path / "kiosk.store")


@pytest.mark.parametrize("last", range(1, STEPS + 1))
def test_killed_after_any_step_nothing_opens_and_a_second_wipe_ends_it(
    tmp_path: Path, last: int
) -> None:
    wrapped, sealed = used_kiosk(tmp_path)
    keys = keys_beside(tmp_path / "kiosk.store").read_bytes()

    ended = subprocess.run([sys.executable, "-c", CHILD, str(tmp_path), str(last)], check=False)

    assert ended.returncode == -9
    assert KeyFile(tmp_path / "device.key").read() is None
    # Whoever has all the rest from before tries every key of these that the card still gives.
    keys_beside(tmp_path / "kiosk.store").write_bytes(keys)
    guess: DeviceKey = SecretDeviceKey(bytes(32))
    with pytest.raises(WrappingError):
        guess.unwrap(wrapped, b"signing")
    with contextlib.closing(Vault(keys_beside(tmp_path / "kiosk.store"), guess, PURPOSE)) as vault:
        assert not opens(vault, sealed)

    wipe = wipe_of(tmp_path)
    assert wipe.destroy_keys() + wipe.remove_rest() == []
    assert [each.name for each in tmp_path.iterdir()] == ["kiosk.store-wiped"]


def test_the_steps_are_as_many_as_are_killed(tmp_path: Path) -> None:
    used_kiosk(tmp_path)

    ended = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path), "0"], check=True, capture_output=True
    )

    assert int(ended.stdout) == STEPS


@pytest.mark.parametrize("left", [bytes(32), b"", bytes(7)])
def test_a_key_file_that_was_overwritten_but_not_removed_is_no_key(
    tmp_path: Path, left: bytes
) -> None:
    file = KeyFile(tmp_path / "device.key")
    file.make()
    file.path.write_bytes(left)

    assert file.read() is None


def test_a_key_that_cannot_be_destroyed_is_told_and_the_rest_goes_all_the_same(
    tmp_path: Path,
) -> None:
    used_kiosk(tmp_path)

    class Stuck(KeyFile):
        def destroy(self) -> None:
            raise DeviceKeyError("the TPM does not answer")

    wipe = Wipe(Stuck(tmp_path / "device.key"), tmp_path / "kiosk.store")
    assert wipe.destroy_keys() + wipe.remove_rest() == ["the TPM does not answer"]

    assert mark_beside(tmp_path / "kiosk.store").exists()
    assert not (tmp_path / "kiosk.store").exists()


def test_a_store_of_a_gigabyte_makes_it_no_slower(tmp_path: Path, clock: Clock) -> None:
    used_kiosk(tmp_path)
    with (tmp_path / "kiosk.store").open("r+b") as store:
        store.truncate(2**30)

    begun = time.monotonic()
    wipe = wipe_of(tmp_path)
    failed = wipe.destroy_keys()
    keys_gone_s = time.monotonic() - begun
    failed += wipe.remove_rest()

    assert failed == []
    assert keys_gone_s < 2.0
    assert not (tmp_path / "kiosk.store").exists()


def test_what_lies_beside_the_store_under_its_name_goes_too_and_nothing_else(
    tmp_path: Path,
) -> None:
    used_kiosk(tmp_path)
    damaged = tmp_path / "kiosk.store.damaged-1"
    damaged.mkdir()
    (damaged / "kiosk.store").write_bytes(b"rows")
    others = tmp_path / "kiosk.stores", tmp_path / "other.store-keys"
    for other in others:
        other.write_bytes(b"of somebody else")

    assert wipe_of(tmp_path).destroy_keys() == []
    assert wipe_of(tmp_path).remove_rest() == []

    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"kiosk.store-wiped", *(other.name for other in others)}
