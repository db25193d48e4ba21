"""Rotation keeps both roots until the old one is retired; revocation lists cover each of them."""

import datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from greenline.centre.authority.authority import Authority
from greenline.centre.authority.enrolment import allow, approve, enrol
from greenline.centre.authority.errors import CredentialsError, FolderError, RefusedError
from greenline.centre.authority.files import write_secret
from greenline.centre.authority.renewal import authenticate, renew
from greenline.centre.authority.revocation import Reason, revocation_lists, revoke, shut_out
from greenline.centre.authority.roots import RootState
from greenline.centre.certificates import Credential
from tests.centre.authority.asking import DAY, KIOSK, NOW, SERIAL, SITE, DeviceKeys, enrolled


def lists(
    authority: Authority, now: datetime.datetime = NOW
) -> list[x509.CertificateRevocationList]:
    pem = revocation_lists(authority, now)
    end = b"-----END X509 CRL-----\n"
    return [x509.load_pem_x509_crl(part + end) for part in pem.split(end)[:-1]]


def test_during_a_rotation_both_roots_count_and_the_new_one_signs_kiosks(
    authority: Authority,
) -> None:
    old_held = enrolled(authority, DeviceKeys())
    (first,) = authority.roots.trusted()

    second = authority.roots.add(SITE.name, SITE.hosts, NOW + 40 * DAY)

    renewed = renew(authority, old_held.der, DeviceKeys().request(), NOW + 40 * DAY)
    assert [root.state for root in authority.roots.all()] == [
        RootState.TRUSTED, RootState.SIGNING,
    ]  # fmt: skip
    renewed.certificate.verify_directly_issued_by(second.certificate)
    for held in (old_held, renewed):
        assert authenticate(authority, held.der, NOW + 41 * DAY) == held
    assert authority.roots.bundle().count(b"BEGIN CERTIFICATE") == 2
    server = x509.load_pem_x509_certificate(authority.server_file(NOW + 41 * DAY).read_bytes())
    server.verify_directly_issued_by(first.certificate)


def test_a_retired_root_counts_no_more_and_its_key_is_gone(authority: Authority) -> None:
    held = enrolled(authority, DeviceKeys())
    second = authority.roots.add(SITE.name, SITE.hosts, NOW)
    authority.roots.retire()

    with pytest.raises(CredentialsError, match="root was retired"):
        authenticate(authority, held.der, NOW)
    assert authority.roots.trusted() == [second]
    assert not (authority.folder / "root-1.key").exists()
    server = x509.load_pem_x509_certificate(authority.server_file(NOW).read_bytes())
    server.verify_directly_issued_by(second.certificate)


def test_a_retired_roots_key_is_overwritten_where_it_lay(
    authority: Authority, tmp_path: Path
) -> None:
    authority.roots.add(SITE.name, SITE.hosts, NOW)
    lay = tmp_path / "the same place of the disk"
    lay.hardlink_to(authority.folder / "root-1.key")
    size = lay.stat().st_size

    authority.roots.retire()

    assert lay.read_bytes() == bytes(size)


def test_a_root_whose_key_cannot_be_destroyed_is_told_and_tried_again(authority: Authority) -> None:
    authority.roots.add(SITE.name, SITE.hosts, NOW)
    key = authority.folder / "root-1.key"
    key.unlink()
    key.mkdir()

    with pytest.raises(FolderError, match=r"root-1\.key cannot be destroyed"):
        authority.roots.retire()

    key.rmdir()
    assert len(authority.roots.trusted()) == 2, "retire again"
    authority.roots.retire()


def test_there_are_two_roots_at_most_and_the_last_is_not_retired(authority: Authority) -> None:
    with pytest.raises(RefusedError, match="rotate first"):
        authority.roots.retire()
    authority.roots.add(SITE.name, SITE.hosts, NOW)
    with pytest.raises(RefusedError, match="retire the older root first"):
        authority.roots.add(SITE.name, SITE.hosts, NOW)


def test_a_root_whose_key_is_missing_or_anothers_says_so(authority: Authority) -> None:
    code = allow(authority, SERIAL, KIOSK, NOW)
    key = authority.folder / "root-1.key"
    good = key.read_bytes()
    for harm in (key.unlink, lambda: key.write_bytes(DeviceKeys().transport_pem)):
        harm()
        with pytest.raises(FolderError, match=r"root-1\.key cannot be used"):
            enrol(authority, SERIAL, code, DeviceKeys().request(), NOW)

    key.write_bytes(good)
    assert enrol(authority, SERIAL, code, DeviceKeys().request(), NOW).name == KIOSK


def test_the_servers_certificate_is_kept_until_it_is_time_to_renew_it(authority: Authority) -> None:
    first = authority.server_file(NOW).read_bytes()

    assert authority.server_file(NOW + 29 * DAY).read_bytes() == first
    assert authority.server_file(NOW + 30 * DAY).read_bytes() != first
    assert (authority.folder / "server.pem").stat().st_mode & 0o777 == 0o600


def test_a_damaged_server_file_is_made_anew(authority: Authority) -> None:
    authority.server_file(NOW).write_bytes(b"cut")

    made = authority.server_file(NOW).read_bytes()

    assert Credential.from_pem(made, made).key


def test_a_list_names_the_revoked_until_they_expire_and_is_signed_by_its_root(
    authority: Authority,
) -> None:
    held = enrolled(authority, DeviceKeys())
    (before,) = lists(authority)
    revoke(authority, KIOSK, Reason.STOLEN, NOW)

    (after,) = lists(authority)

    root = authority.roots.trusted()[0].certificate
    assert after.is_signature_valid(root.public_key())  # type: ignore[arg-type]  # it is P-256
    assert list(before) == []
    entry = after.get_revoked_certificate_by_serial_number(held.number)
    assert entry is not None
    assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason is (
        x509.ReasonFlags.key_compromise
    )
    assert list(lists(authority, NOW + 91 * DAY)[0]) == []


def test_of_two_lists_in_one_second_the_later_is_newer(authority: Authority) -> None:
    made = [lists(authority)[0] for _ in range(3)]

    times = [one.last_update_utc for one in made]
    numbers = [
        one.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number for one in made
    ]
    assert numbers == [1, 2, 3]
    assert times == sorted(set(times))
    assert all(time < NOW for time in times), "a broker whose clock is late would refuse everybody"


def test_each_root_has_its_list(authority: Authority) -> None:
    old = enrolled(authority, DeviceKeys())
    authority.roots.add(SITE.name, SITE.hosts, NOW)
    new = enrolled(authority, DeviceKeys(), serial="second", kiosk="kiosk-08")
    revoke(authority, KIOSK, Reason.BROKEN, NOW)
    revoke(authority, "kiosk-08", Reason.BROKEN, NOW)

    numbers = [[entry.serial_number for entry in one] for one in lists(authority)]

    assert numbers == [[old.number], [new.number]]


def test_who_has_a_new_certificate_is_not_shut_out(authority: Authority) -> None:
    enrolled(authority, DeviceKeys())
    assert shut_out(authority, NOW) == []
    revoke(authority, KIOSK, Reason.LOST, NOW)
    assert shut_out(authority, NOW) == [KIOSK]
    enrolled(authority, DeviceKeys())
    assert shut_out(authority, NOW) == []


def test_who_was_revoked_stays_shut_out_until_a_new_enrolment(authority: Authority) -> None:
    """A connection that stands outlives the certificate that it was opened with."""
    enrolled(authority, DeviceKeys())
    revoke(authority, KIOSK, Reason.STOLEN, NOW)
    late = NOW + 1000 * DAY
    assert shut_out(authority, late) == [KIOSK]

    enrolled(authority, DeviceKeys(), now=late)
    assert shut_out(authority, late) == []


def test_who_is_revoked_after_its_certificate_has_expired_is_shut_out(authority: Authority) -> None:
    enrolled(authority, DeviceKeys())
    late = NOW + 91 * DAY
    assert shut_out(authority, late) == [], "expired alone: it may still come back by itself"

    assert revoke(authority, KIOSK, Reason.LOST, late) == []

    assert shut_out(authority, late) == [KIOSK]
    assert list(lists(authority, late)[0]) == [], "who checks it sees that it is over"


def test_a_certificate_that_an_approved_enrolment_replaced_lets_nobody_back_in(
    authority: Authority,
) -> None:
    """While the new one holds, its first connection ends the old one's: the same session."""
    enrolled(authority, DeviceKeys())
    code = allow(authority, SERIAL, None, NOW + DAY)
    approve(authority, SERIAL, NOW + DAY)
    enrol(authority, SERIAL, code, DeviceKeys().request(), NOW + DAY)
    assert shut_out(authority, NOW + DAY) == []

    assert shut_out(authority, NOW + 1000 * DAY) == [KIOSK]


def test_revoking_a_name_that_nobody_has_is_told(authority: Authority) -> None:
    with pytest.raises(RefusedError, match="nobody here has the name 'kiosk-99'"):
        revoke(authority, "kiosk-99", Reason.LOST, NOW)


def test_a_root_vouches_for_no_server_but_its_own(authority: Authority) -> None:
    """Name constraints, as cryptography's verifier applies them (OpenSSL: test_server.py)."""
    root, signer = authority.roots.for_servers()
    verifier = PolicyBuilder().store(Store([root.certificate])).time(NOW + DAY)
    for host, trusted in (("localhost", True), ("bank.example", False)):
        issued = signer.issue_server([host], NOW).certificate
        check = verifier.build_server_verifier(x509.DNSName(host))
        if trusted:
            check.verify(issued, [])
        else:
            with pytest.raises(VerificationError):
                check.verify(issued, [])


def test_a_disk_that_takes_nothing_is_told(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match=r"file\.key cannot be written: No such file"):
        write_secret(tmp_path / "nowhere" / "file.key", b"secret")
    assert list(tmp_path.iterdir()) == []
