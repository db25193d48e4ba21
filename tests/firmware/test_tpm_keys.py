"""Keys in a TPM (swtpm): they sign and open, survive a restart, and are of no use elsewhere."""

import concurrent.futures
import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from greenline.firmware.errors import DeviceKeyError, WrappingError
from greenline.protocol.envelope import EnvelopeKind, Header, Lane, seal
from greenline.protocol.errors import ForgedError
from greenline.protocol.keys import OpeningKey
from tests.firmware import swtpm

tpm_module = pytest.importorskip("greenline.firmware.tpm", reason=swtpm.missing())
keys = pytest.importorskip("greenline.firmware.tpm_keys", reason=swtpm.missing())

pytestmark = swtpm.needed


@contextlib.contextmanager
def opened(state: Path) -> Iterator["tpm_module.Tpm"]:
    with swtpm.running(state) as address, contextlib.closing(tpm_module.Tpm(address)) as tpm:
        yield tpm


@pytest.fixture
def tpm(tmp_path: Path) -> Iterator["tpm_module.Tpm"]:
    with opened(tmp_path / "state") as found:
        yield found


def test_a_key_in_a_tpm_signs_what_everybody_can_check(tpm: "tpm_module.Tpm") -> None:
    signer = keys.read_signer(tpm, keys.make_signing_blob(tpm))

    signature = signer.sign(b"message")

    assert len(signature) == 64
    signer.public.verify(signature, b"message")
    with pytest.raises(ForgedError):
        signer.public.verify(signature, b"massage")


def test_it_seals_envelopes_as_a_key_in_memory_does(tpm: "tpm_module.Tpm") -> None:
    signer = keys.read_signer(tpm, keys.make_signing_blob(tpm))
    recipient = OpeningKey.generate()
    header = Header(EnvelopeKind.REQUEST, Lane.NORMAL, bytes(16), "kiosk-01", 1, 2)

    envelope = seal(header, b"body", recipient.public, signer)

    envelope.verify(signer.public)
    assert envelope.open(recipient) == b"body"


def test_several_threads_may_sign_at_once(tpm: "tpm_module.Tpm") -> None:
    signer = keys.read_signer(tpm, keys.make_signing_blob(tpm))
    messages = [bytes([number]) for number in range(40)]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        signatures = list(pool.map(signer.sign, messages))

    for message, signature in zip(messages, signatures, strict=True):
        signer.public.verify(signature, message)


def test_a_signature_has_64_bytes_also_when_a_number_is_short(tpm: "tpm_module.Tpm") -> None:
    """One number in 256 begins with a zero byte, which a TPM may leave out."""
    signer = keys.read_signer(tpm, keys.make_signing_blob(tpm))
    for number in range(600):
        message = number.to_bytes(2)
        signature = signer.sign(message)
        assert len(signature) == 64
        signer.public.verify(signature, message)


def test_keys_are_the_same_after_a_restart_of_the_tpm(tmp_path: Path) -> None:
    with opened(tmp_path / "state") as tpm:
        blob = keys.make_signing_blob(tpm)
        public = keys.read_signer(tpm, blob).public
        wrapped = keys.TpmPlace(tpm).make().wrap(b"secret", b"what it is")

    with opened(tmp_path / "state") as tpm:
        signer, device = keys.read_signer(tpm, blob), keys.TpmPlace(tpm).read()
        assert signer.public == public
        public.verify(signer.sign(b"again"), b"again")
        assert device is not None
        assert device.unwrap(wrapped, b"what it is") == b"secret"


def test_in_another_tpm_a_copied_card_is_of_no_use(tmp_path: Path) -> None:
    with opened(tmp_path / "state") as tpm:
        blob = keys.make_signing_blob(tpm)
        keys.TpmPlace(tpm).make()

    with opened(tmp_path / "another") as tpm:
        with pytest.raises(DeviceKeyError, match="was it made by another TPM"):
            keys.read_signer(tpm, blob)
        assert keys.TpmPlace(tpm).read() is None


def test_a_destroyed_device_key_is_gone_and_a_new_one_is_another(tpm: "tpm_module.Tpm") -> None:
    place = keys.TpmPlace(tpm)
    assert place.read() is None
    wrapped = place.make().wrap(b"secret", b"")

    place.destroy()
    place.destroy()
    assert place.read() is None
    place.make()

    device = place.read()
    assert device is not None
    with pytest.raises(WrappingError):
        device.unwrap(wrapped, b"")


def test_another_thing_in_its_place_is_told(tpm: "tpm_module.Tpm") -> None:
    tpm.write_memory(b"somebody else's")

    with pytest.raises(DeviceKeyError, match="holds another thing"):
        keys.TpmPlace(tpm).read()


@pytest.mark.parametrize(
    "harm", [b"", b"?", b"{}", b'{"private": "\xff"}', b'{"private": "AAAA", "public": "AAAA"}']
)
def test_a_damaged_signing_key_is_told(tpm: "tpm_module.Tpm", harm: bytes) -> None:
    with pytest.raises(DeviceKeyError):
        keys.read_signer(tpm, harm)
    with pytest.raises(DeviceKeyError):
        keys.read_signer(tpm, keys.make_signing_blob(tpm)[:-9])


def test_a_tpm_that_is_not_there_is_told(tmp_path: Path) -> None:
    for address in (f"device:{tmp_path}/tpmrm0", "nonsense:x"):
        with pytest.raises(DeviceKeyError, match="cannot be opened"):
            tpm_module.Tpm(address)


def test_a_tpm_that_ends_is_told_at_the_next_signature(tmp_path: Path) -> None:
    with swtpm.running(tmp_path / "state") as address:
        tpm = tpm_module.Tpm(address)
        signer = keys.read_signer(tpm, keys.make_signing_blob(tpm))

    with pytest.raises(DeviceKeyError, match="cannot sign"):
        signer.sign(b"message")
