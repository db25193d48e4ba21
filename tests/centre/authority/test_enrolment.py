"""One code opens once, to one key; a second enrolment waits for an operator and raises an alarm."""

import base64
import concurrent.futures
import contextlib
import datetime
import sqlite3
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from greenline.centre.authority.authority import Authority, create, opened
from greenline.centre.authority.codes import Digest, new_code
from greenline.centre.authority.enrolment import MOST_WRONG_CODES, allow, approve, enrol
from greenline.centre.authority.errors import (
    CredentialsError,
    FolderError,
    RefusedError,
    RequestError,
)
from greenline.centre.authority.records import (
    AlarmKind,
    alarms,
    certificates_of,
    find_certificate,
)
from greenline.centre.authority.requests import read_request
from greenline.centre.authority.revocation import Reason, revoke
from greenline.protocol.errors import MalformedError
from tests.centre.authority.asking import (
    DAY,
    KIOSK,
    NOW,
    SERIAL,
    SITE,
    DeviceKeys,
    enrolled,
    make_request,
)


def kinds(authority: Authority) -> list[AlarmKind]:
    return [alarm.kind for alarm in alarms(authority.database)]


def test_a_code_gives_a_certificate_for_90_days_under_the_name_of_the_allow_list(
    authority: Authority,
) -> None:
    keys = DeviceKeys()
    code = allow(authority, SERIAL, KIOSK, NOW)

    issued = enrol(authority, SERIAL, code, keys.request("anything-else"), NOW)

    certificate = issued.certificate
    (name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert name.value == KIOSK
    assert certificate.not_valid_after_utc == NOW + 90 * DAY
    assert certificate.public_key() == keys.transport.public_key()
    certificate.verify_directly_issued_by(authority.roots.trusted()[0].certificate)
    assert find_certificate(authority.database, issued.fingerprint) == issued
    assert alarms(authority.database) == []


def test_a_code_is_read_as_people_type_it(authority: Authority) -> None:
    code = allow(authority, SERIAL, KIOSK, NOW)
    typed = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")

    assert enrol(authority, SERIAL, typed, DeviceKeys().request(), NOW).name == KIOSK


def test_who_got_no_answer_gets_the_same_certificate_again_with_the_same_key(
    authority: Authority,
) -> None:
    keys = DeviceKeys()
    code = allow(authority, SERIAL, KIOSK, NOW)
    first = enrol(authority, SERIAL, code, keys.request(), NOW)

    assert enrol(authority, SERIAL, code, keys.request(), NOW + DAY) == first
    assert certificates_of(authority.database, KIOSK) == [first]
    assert alarms(authority.database) == []


def test_of_many_at_once_with_one_code_one_gets_a_certificate(
    authority: Authority, tmp_path: Path
) -> None:
    """In threads of the server, and in a second process's connection to the same file."""
    code = allow(authority, SERIAL, KIOSK, NOW)

    def attempt(through: Authority) -> bool:
        try:
            enrol(through, SERIAL, code, DeviceKeys().request(), NOW)
        except RefusedError:
            return False
        return True

    with (
        opened(authority.folder) as second,
        concurrent.futures.ThreadPoolExecutor(8) as pool,
    ):
        got = list(pool.map(attempt, [authority, second] * 6))

    assert got.count(True) == 1
    assert len(certificates_of(authority.database, KIOSK)) == 1
    assert kinds(authority) == [AlarmKind.SECOND_ENROLMENT]


def test_a_used_code_with_another_key_is_refused_and_raises_an_alarm(authority: Authority) -> None:
    code = allow(authority, SERIAL, KIOSK, NOW)
    enrol(authority, SERIAL, code, DeviceKeys().request(), NOW)

    with pytest.raises(RefusedError, match="used already"):
        enrol(authority, SERIAL, code, DeviceKeys().request(), NOW)

    assert kinds(authority) == [AlarmKind.SECOND_ENROLMENT]
    assert len(certificates_of(authority.database, KIOSK)) == 1


def test_an_enrolled_serial_is_enrolled_again_only_once_an_operator_has_approved(
    authority: Authority,
) -> None:
    old = enrolled(authority, DeviceKeys())
    code, keys = allow(authority, SERIAL, None, NOW + DAY), DeviceKeys()

    for _ in range(2):
        with pytest.raises(RefusedError, match="an operator at the centre must approve"):
            enrol(authority, SERIAL, code, keys.request(), NOW + DAY)
    assert kinds(authority) == [AlarmKind.SECOND_ENROLMENT]

    approve(authority, SERIAL, NOW + DAY)
    new = enrol(authority, SERIAL, code, keys.request(), NOW + DAY)

    found = find_certificate(authority.database, old.fingerprint)
    assert found is not None
    assert (found.revoked, found.reason) == (int((NOW + DAY).timestamp()), "superseded")
    assert new.holds(NOW + DAY)


def test_an_approval_ends_with_its_code(authority: Authority) -> None:
    enrolled(authority, DeviceKeys())
    allow(authority, SERIAL, None, NOW)
    approve(authority, SERIAL, NOW)
    code = allow(authority, SERIAL, None, NOW)

    with pytest.raises(RefusedError, match="must approve"):
        enrol(authority, SERIAL, code, DeviceKeys().request(), NOW)


def test_nothing_can_be_approved_without_a_code_that_could_be_used(authority: Authority) -> None:
    with pytest.raises(RefusedError, match="not on the allow-list"):
        approve(authority, SERIAL, NOW)
    enrolled(authority, DeviceKeys())
    with pytest.raises(RefusedError, match="no code that could still be used"):
        approve(authority, SERIAL, NOW)
    allow(authority, SERIAL, None, NOW)
    with pytest.raises(RefusedError, match="no code that could still be used"):
        approve(authority, SERIAL, NOW + 8 * DAY)


def test_an_expired_kiosk_comes_back_with_a_new_code_and_no_approval(authority: Authority) -> None:
    keys = DeviceKeys()
    enrolled(authority, keys)
    later = NOW + 91 * DAY

    code = allow(authority, SERIAL, None, later)
    new = enrol(authority, SERIAL, code, keys.request(), later)

    assert new.holds(later)
    assert alarms(authority.database) == []


def test_a_revoked_kiosk_comes_back_with_a_new_key_alone(authority: Authority) -> None:
    keys = DeviceKeys()
    enrolled(authority, keys)
    revoke(authority, KIOSK, Reason.LOST, NOW)
    code = allow(authority, SERIAL, None, NOW + DAY)

    with pytest.raises(RefusedError, match="this key was revoked"):
        enrol(authority, SERIAL, code, keys.request(), NOW + DAY)
    assert enrol(authority, SERIAL, code, DeviceKeys().request(), NOW + DAY).holds(NOW + DAY)


def test_ten_wrong_codes_lock_a_serial_until_it_gets_a_new_one(authority: Authority) -> None:
    code = allow(authority, SERIAL, KIOSK, NOW)
    for _ in range(MOST_WRONG_CODES):
        with pytest.raises(CredentialsError, match="open nothing here"):
            enrol(authority, SERIAL, new_code(), DeviceKeys().request(), NOW)

    with pytest.raises(RefusedError, match="locked after 10 wrong codes"):
        enrol(authority, SERIAL, code, DeviceKeys().request(), NOW)
    assert kinds(authority) == [AlarmKind.LOCKED]
    again = allow(authority, SERIAL, None, NOW)
    assert enrol(authority, SERIAL, again, DeviceKeys().request(), NOW).name == KIOSK


def test_nine_wrong_codes_lock_nothing(authority: Authority) -> None:
    code = allow(authority, SERIAL, KIOSK, NOW)
    for _ in range(MOST_WRONG_CODES - 1):
        with pytest.raises(CredentialsError):
            enrol(authority, SERIAL, "", DeviceKeys().request(), NOW)

    assert enrol(authority, SERIAL, code, DeviceKeys().request(), NOW).name == KIOSK


def test_a_stranger_is_told_the_same_as_who_has_a_wrong_code(authority: Authority) -> None:
    allow(authority, SERIAL, KIOSK, NOW)
    told = []
    for serial in (SERIAL, "unknown", "", "' OR 1=1 --"):
        with pytest.raises(CredentialsError) as fault:
            enrol(authority, serial, new_code(), DeviceKeys().request(), NOW)
        told.append(str(fault.value))
    assert len(set(told)) == 1


def test_a_code_lasts_for_its_days(authority: Authority) -> None:
    code = allow(authority, SERIAL, KIOSK, NOW, days=2)

    with pytest.raises(CredentialsError, match="time of this code is over"):
        enrol(authority, SERIAL, code, DeviceKeys().request(), NOW + 2 * DAY)
    almost = NOW + 2 * DAY - datetime.timedelta(seconds=1)
    assert enrol(authority, SERIAL, code, DeviceKeys().request(), almost).name == KIOSK


def test_no_code_lies_in_the_authoritys_folder(authority: Authority) -> None:
    code = allow(authority, SERIAL, KIOSK, NOW)

    written = b"".join(path.read_bytes() for path in authority.folder.iterdir())

    assert code.encode() not in written
    assert code.replace("-", "").encode() not in written
    assert SERIAL.encode() in written, "or this test looks at the wrong place"


def test_each_code_is_another_and_its_digest_tells_it() -> None:
    codes = {new_code() for _ in range(200)}

    assert len(codes) == 200
    one, other = list(codes)[:2]
    kept = Digest.of(one)
    assert kept.matches(Digest.of(one, kept.salt))
    assert not kept.matches(Digest.of(other, kept.salt))
    assert not kept.matches(Digest.of(one))


@pytest.mark.parametrize("serial", ["", "a:b", "a b", "-a", "a/b", "x" * 65, "a\n", "ä"])
def test_a_serial_that_could_be_misread_is_refused(authority: Authority, serial: str) -> None:
    with pytest.raises(RequestError, match="is no serial"):
        allow(authority, serial, KIOSK, NOW)


@pytest.mark.parametrize("name", ["matcher-01", "matcher-01-2"])
def test_a_kiosk_may_not_have_a_name_of_the_matcher(authority: Authority, name: str) -> None:
    with pytest.raises(RefusedError, match="name of the matcher"):
        allow(authority, SERIAL, name, NOW)


def test_a_name_belongs_to_one_serial_and_a_serial_to_one_name(authority: Authority) -> None:
    allow(authority, SERIAL, KIOSK, NOW)

    with pytest.raises(RefusedError, match="is the name of the serial 10000000abcd1234"):
        allow(authority, "another", KIOSK, NOW)
    with pytest.raises(RefusedError, match="is kiosk-07 already"):
        allow(authority, SERIAL, "kiosk-08", NOW)
    with pytest.raises(RequestError, match="say its name"):
        allow(authority, "another", None, NOW)
    with pytest.raises(MalformedError, match="is not a name"):
        allow(authority, "another", "Kiosk #", NOW)


def test_what_is_no_request_for_a_p_256_key_is_refused() -> None:
    good = DeviceKeys().body()
    other_curve = make_request(ec.generate_private_key(ec.SECP384R1()))
    broken = bytearray(make_request(DeviceKeys().transport))
    broken[-1] ^= 1
    version = bytes.fromhex("020100")  # the INTEGER 0 that every request begins with
    assert other_curve.count(version) >= 1
    unknown_version = other_curve.replace(version, bytes.fromhex("020107"), 1)
    for body, words in (
        (b"", "not a certificate request"),
        (base64.b64encode(unknown_version), "not a certificate request"),
        (b"?" * 100, "not a certificate request"),
        (good[:-8], "not a certificate request"),
        (b"A" * 9000, "at most 8192 bytes"),
        (base64.b64encode(other_curve), "must be on the curve P-256"),
        (base64.b64encode(bytes(broken)), "not signed with its own key|not a certificate request"),
    ):
        with pytest.raises(RequestError, match=words):
            read_request(body)
    assert read_request(b"\r\n".join([good[:64], good[64:]])).name == KIOSK


def test_what_was_enrolled_is_there_after_a_restart(tmp_path: Path) -> None:
    create(tmp_path / "new", SITE, NOW)
    with opened(tmp_path / "new") as first:
        issued = enrolled(first, DeviceKeys())

    with opened(tmp_path / "new") as second:
        assert certificates_of(second.database, KIOSK) == [issued]
        assert second.site() == SITE


def test_an_authority_is_made_in_a_new_folder_alone_and_for_its_owner(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    create(folder, SITE, NOW)

    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "root-1.key").stat().st_mode & 0o777 == 0o600
    with pytest.raises(RefusedError, match="is not empty"):
        create(folder, SITE, NOW)
    with pytest.raises(FolderError, match="there is no authority"), opened(tmp_path):
        pass


def test_another_database_is_not_taken_for_an_authoritys(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "authority.db")) as other:
        other.execute("CREATE TABLE x (y)")

    with pytest.raises(FolderError, match="not one of an authority"), opened(tmp_path):
        pass
    (tmp_path / "authority.db").write_bytes(b"junk" * 1000)
    with pytest.raises(FolderError, match="it was left as it is"), opened(tmp_path):
        pass
