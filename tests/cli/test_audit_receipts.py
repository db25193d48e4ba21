"""`greenline audit receipt`: anybody can check that a case was deleted, and by whose word."""

import contextlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from greenline.cli.audit_receipts import NOT_EVERYWHERE_CODE
from greenline.firmware.audit_events import deleted, purged
from greenline.matcher.audit import AuditLog as CentreLog
from greenline.matcher.audit_database import open_audit
from greenline.matcher.audit_events import erased
from greenline.protocol.audit import pseudonym
from greenline.protocol.keys import Identity, OpeningKey, SigningKey
from tests.cli.conftest import Told
from tests.cli.test_audit import Kiosk
from tests.firmware.audit_logs import COLLECTED, Clocks

Greenline = Callable[..., Told]
CASE = bytes(range(16))
EVERYWHERE = "deleted everywhere: kiosk and matcher both prove it"
NOT_EVERYWHERE = "not proved for both kiosk and matcher: not 'deleted everywhere'"


@pytest.fixture
def kiosk(tmp_path: Path) -> Kiosk:
    """A kiosk that deleted the case, among other things that it did."""
    kiosk = Kiosk(tmp_path)
    log = kiosk.open()
    for _ in range(5):
        log.note(COLLECTED)
    log.note_signed(purged(CASE, "minor", "officer-7"))
    for _ in range(5):
        log.note(COLLECTED)
    log.close()
    return kiosk


class Centre:
    """A matcher that erased its copy."""

    def __init__(
        self, folder: Path, name: str = "matcher-01", signer: SigningKey | None = None
    ) -> None:
        self.path, self.identity = folder / f"{name}.db", folder / f"{name}.json"
        signer = signer or SigningKey.generate()
        with contextlib.closing(open_audit(self.path)) as database:
            log = CentreLog(database, name, signer, Clocks())
            log.note(COLLECTED)
            log.note_signed(erased(CASE, "copy of the answer", "minor"))
        identity = Identity(name, signer.public, OpeningKey.generate().public)
        self.identity.write_bytes(identity.to_json())


@pytest.fixture
def centre(tmp_path: Path) -> Centre:
    return Centre(tmp_path)


def test_a_kiosks_receipt_says_what_when_why_who_and_where(
    greenline: Greenline, kiosk: Kiosk, tmp_path: Path
) -> None:
    out = tmp_path / "receipt.json"
    told = greenline("audit", "receipt", CASE.hex(), kiosk.log, "--out", out)
    assert told.code == 0

    told = greenline("audit", "verify-receipt", out, "--identity", kiosk.identity)

    assert told.code == NOT_EVERYWHERE_CODE
    assert f"case {pseudonym(CASE).hex()}" in told.out
    assert "kiosk-01: case deleted 2027-01-15" in told.out
    assert "why: minor, by: officer-7; entry 6 of chain" in told.out
    assert f"signed by key {kiosk.signer.public.id.hex()}" in told.out
    assert told.out.splitlines()[-1] == NOT_EVERYWHERE


def test_it_is_everywhere_only_with_both_proofs(
    greenline: Greenline, kiosk: Kiosk, centre: Centre, tmp_path: Path
) -> None:
    identities = ("--identity", kiosk.identity, "--matcher", centre.identity)
    out = tmp_path / "both.json"
    greenline("audit", "receipt", pseudonym(CASE).hex(), kiosk.log, centre.path, "--out", out)
    told = greenline("audit", "verify-receipt", out, *identities)
    assert (told.code, told.out.splitlines()[-1]) == (0, EVERYWHERE)
    assert "matcher-01: copy of the answer deleted" in told.out

    alone = tmp_path / "centre.json"
    greenline("audit", "receipt", CASE.hex(), centre.path, "--out", alone)
    told = greenline("audit", "verify-receipt", alone, *identities)
    assert (told.code, told.out.splitlines()[-1]) == (NOT_EVERYWHERE_CODE, NOT_EVERYWHERE)
    told = greenline("audit", "verify-receipt", alone)
    assert (told.code, "say who signed" in told.err) == (2, True)


def test_it_is_not_everywhere_when_nobody_says_whose_key_is_the_matchers(
    greenline: Greenline, kiosk: Kiosk, centre: Centre, tmp_path: Path
) -> None:
    out = tmp_path / "both.json"
    greenline("audit", "receipt", CASE.hex(), kiosk.log, centre.path, "--out", out)

    told = greenline(
        "audit", "verify-receipt", out, "--identity", kiosk.identity, "--identity", centre.identity
    )

    assert (told.code, told.out.splitlines()[-1]) == (NOT_EVERYWHERE_CODE, NOT_EVERYWHERE)


@pytest.mark.parametrize("named_as", ["--identity", "--matcher"])
def test_one_signer_alone_does_not_prove_both(
    greenline: Greenline, tmp_path: Path, named_as: str
) -> None:
    kiosk = Kiosk(tmp_path)
    log = kiosk.open()
    log.note_signed(purged(CASE, "minor", "officer-7"))
    log.note_signed(erased(CASE, "no copy left", "minor"))
    log.close()
    out = tmp_path / "own.json"
    greenline("audit", "receipt", CASE.hex(), kiosk.log, "--out", out)

    told = greenline("audit", "verify-receipt", out, named_as, kiosk.identity)

    assert "kiosk-01: case deleted" in told.out
    assert "kiosk-01: no copy left deleted" in told.out
    assert (told.code, told.out.splitlines()[-1]) == (NOT_EVERYWHERE_CODE, NOT_EVERYWHERE)


def test_two_kiosks_do_not_prove_what_a_matcher_must(
    greenline: Greenline, kiosk: Kiosk, centre: Centre, tmp_path: Path
) -> None:
    second = Centre(tmp_path, "kiosk-02")  # a kiosk that notes what a matcher would
    out = tmp_path / "kiosks.json"
    greenline("audit", "receipt", CASE.hex(), kiosk.log, second.path, "--out", out)

    told = greenline(
        "audit", "verify-receipt", out, "--identity", kiosk.identity,
        "--identity", second.identity, "--matcher", centre.identity,
    )  # fmt: skip

    assert "kiosk-02: copy of the answer deleted" in told.out
    assert (told.code, told.out.splitlines()[-1]) == (NOT_EVERYWHERE_CODE, NOT_EVERYWHERE)


def test_one_key_under_two_names_does_not_prove_both(
    greenline: Greenline, kiosk: Kiosk, tmp_path: Path
) -> None:
    copied = Centre(tmp_path, signer=kiosk.signer)
    out = tmp_path / "names.json"
    greenline("audit", "receipt", CASE.hex(), kiosk.log, copied.path, "--out", out)

    told = greenline(
        "audit", "verify-receipt", out, "--identity", kiosk.identity, "--matcher", copied.identity
    )

    assert (told.code, told.out.splitlines()[-1]) == (NOT_EVERYWHERE_CODE, NOT_EVERYWHERE)


def test_that_a_request_was_answered_does_not_make_its_case_gone(
    greenline: Greenline, centre: Centre, tmp_path: Path
) -> None:
    kiosk = Kiosk(tmp_path)
    log = kiosk.open()
    log.note_signed(deleted(CASE, "request", "answered"))
    log.close()
    out = tmp_path / "both.json"
    greenline("audit", "receipt", CASE.hex(), kiosk.log, centre.path, "--out", out)

    told = greenline(
        "audit", "verify-receipt", out, "--identity", kiosk.identity, "--matcher", centre.identity
    )

    assert (told.code, told.out.splitlines()[-1]) == (NOT_EVERYWHERE_CODE, NOT_EVERYWHERE)


def test_a_receipt_without_the_signers_key_or_changed_anywhere_proves_nothing(
    greenline: Greenline, kiosk: Kiosk, centre: Centre, tmp_path: Path
) -> None:
    out = tmp_path / "receipt.json"
    greenline("audit", "receipt", CASE.hex(), kiosk.log, "--out", out)
    told = greenline("audit", "verify-receipt", out, "--identity", centre.identity)
    assert (told.code, "proves nothing" in told.err) == (1, True)

    read = json.loads(out.read_text())
    changed = tmp_path / "changed.json"
    for at in range(0, len(read["proofs"][0]) - 4, 29):
        letter = read["proofs"][0][at]
        other = "A" if letter != "A" else "B"
        proof = read["proofs"][0][:at] + other + read["proofs"][0][at + 1 :]
        changed.write_text(json.dumps(read | {"proofs": [proof]}))
        told = greenline("audit", "verify-receipt", changed, "--identity", kiosk.identity)
        assert told.code == 1, at
        assert "Traceback" not in told.err
    changed.write_text(json.dumps(read | {"case": "AAAAAAAAAAAAAAAAAAAAAA=="}))
    told = greenline("audit", "verify-receipt", changed, "--identity", kiosk.identity)
    assert (told.code, "another case" in told.err) == (1, True)


@pytest.mark.parametrize("case", ["", "12", "g" * 32])
def test_what_is_no_case_is_told(greenline: Greenline, kiosk: Kiosk, case: str) -> None:
    told = greenline("audit", "receipt", case, kiosk.log)
    assert (told.code, "32 hex digits" in told.err) == (2, True)


def test_a_case_that_is_not_deleted_has_no_receipt(greenline: Greenline, kiosk: Kiosk) -> None:
    told = greenline("audit", "receipt", "ab" * 16, kiosk.log)
    assert (told.code, "no signed deletion" in told.err) == (1, True)
