"""A row proves itself by this kiosk's own keys, and by no others."""

from pathlib import Path

from greenline.firmware.store_proofs import not_forged_for, opened_by, signed_by
from greenline.firmware.vault import Vault
from greenline.protocol.envelope import EnvelopeKind, Header, Lane, seal
from greenline.protocol.keys import OpeningKey, SigningKey
from tests.firmware.damaged_stores import signed
from tests.firmware.stores import DEVICE, PURPOSE


def test_an_envelope_is_proven_by_the_key_that_signed_it() -> None:
    ours, earlier, other = SigningKey.generate(), SigningKey.generate(), SigningKey.generate()
    header = Header(EnvelopeKind.REQUEST, Lane.NORMAL, bytes(16), "kiosk-1", 1, 2)
    envelope = seal(header, b"body", OpeningKey.generate().public, earlier).to_bytes()
    verify = signed_by(ours.public, earlier.public)

    assert verify(envelope)
    assert not signed_by(other.public)(envelope)
    for changed in (0, 30, len(envelope) // 2, len(envelope) - 1):
        wrong = bytearray(envelope)
        wrong[changed] ^= 1
        assert not verify(bytes(wrong))
    assert not verify(b"")
    assert not verify(signed(1).to_bytes())


def test_an_answer_is_proven_by_its_cases_key(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "keys", DEVICE, PURPOSE)
    sealed = vault.seal(b"a" * 16, b"body")
    vault.seal(b"b" * 16, b"body")
    opens = opened_by(vault)

    assert opens(b"a" * 16, sealed)
    assert not opens(b"b" * 16, sealed)
    assert not opens(b"a" * 16, sealed[:-1])
    assert not opens(b"a" * 16, b"")
    vault.shred([b"a" * 16])
    assert not opens(b"a" * 16, sealed)
    vault.close()


def test_an_envelope_of_before_the_keys_were_replaced_may_be_as_it_was() -> None:
    ours, earlier = SigningKey.generate(), SigningKey.generate()
    header = Header(EnvelopeKind.REQUEST, Lane.NORMAL, bytes(16), "kiosk-1", 1, 2)
    recipient = OpeningKey.generate().public
    may_be = not_forged_for(ours.public)

    assert may_be(seal(header, b"body", recipient, earlier).to_bytes())
    right = seal(header, b"body", recipient, ours).to_bytes()
    assert may_be(right)
    assert not may_be(right[:-1] + bytes([right[-1] ^ 1]))
    assert not may_be(b"no envelope")
