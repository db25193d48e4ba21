"""A certificate is renewed from day 30 on by its holder alone, and registers keys only once."""

import datetime

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from greenline.centre.authority.authority import Authority
from greenline.centre.authority.enrolment import allow, approve, enrol
from greenline.centre.authority.errors import CredentialsError, RefusedError, RequestError
from greenline.centre.authority.records import AlarmKind, alarms, find_device
from greenline.centre.authority.renewal import authenticate, register, renew
from greenline.centre.authority.revocation import Reason, revoke
from greenline.centre.certificates import CertificateAuthority, Credential
from greenline.protocol.keys import Identity
from tests.centre.authority.asking import DAY, KIOSK, NOW, SERIAL, DeviceKeys, enrolled


def der_of(credential: Credential) -> bytes:
    return credential.certificate.public_bytes(Encoding.DER)


def kinds(authority: Authority) -> list[AlarmKind]:
    return [alarm.kind for alarm in alarms(authority.database)]


def test_a_certificate_is_renewed_from_day_30_on_and_not_before(authority: Authority) -> None:
    held = enrolled(authority, DeviceKeys())
    second = datetime.timedelta(seconds=1)

    with pytest.raises(RefusedError, match=r"too early: .* from 2026-12-01 on"):
        renew(authority, held.der, DeviceKeys().request(), NOW + 30 * DAY - second)
    renewed = renew(authority, held.der, DeviceKeys().request(), NOW + 30 * DAY)

    assert renewed.name == KIOSK
    assert renewed.certificate.not_valid_after_utc == NOW + 120 * DAY
    assert authenticate(authority, held.der, NOW + 31 * DAY) == held, "the old one holds further"


def test_who_got_no_answer_gets_the_same_renewal_again(authority: Authority) -> None:
    held, keys = enrolled(authority, DeviceKeys()), DeviceKeys()
    first = renew(authority, held.der, keys.request(), NOW + 40 * DAY)

    assert renew(authority, held.der, keys.request(), NOW + 41 * DAY) == first
    assert alarms(authority.database) == []


def test_a_second_renewal_with_another_key_raises_an_alarm(authority: Authority) -> None:
    held = enrolled(authority, DeviceKeys())
    renew(authority, held.der, DeviceKeys().request(), NOW + 40 * DAY)

    with pytest.raises(RefusedError, match="renewed already, with another key"):
        renew(authority, held.der, DeviceKeys().request(), NOW + 40 * DAY)
    assert kinds(authority) == [AlarmKind.SECOND_RENEWAL]


def test_a_renewal_is_for_the_same_name(authority: Authority) -> None:
    held = enrolled(authority, DeviceKeys())

    with pytest.raises(RequestError, match="the same name, kiosk-07"):
        renew(authority, held.der, DeviceKeys().request("kiosk-08"), NOW + 40 * DAY)


def test_an_expired_certificate_is_told_its_way_back(authority: Authority) -> None:
    held = enrolled(authority, DeviceKeys())

    with pytest.raises(CredentialsError, match="time is over: ask the centre for a new code"):
        renew(authority, held.der, DeviceKeys().request(), NOW + 90 * DAY)


def test_a_revoked_certificate_opens_nothing_and_raises_an_alarm(authority: Authority) -> None:
    held, keys = enrolled(authority, DeviceKeys()), DeviceKeys()
    revoke(authority, KIOSK, Reason.STOLEN, NOW)

    with pytest.raises(CredentialsError, match="was revoked"):
        renew(authority, held.der, keys.request(), NOW + 40 * DAY)
    with pytest.raises(CredentialsError, match="was revoked"):
        register(authority, held.der, keys.registration(held.fingerprint), NOW)
    assert kinds(authority) == [AlarmKind.REVOKED_USED]


def test_a_certificate_of_another_authority_opens_nothing(authority: Authority) -> None:
    enrolled(authority, DeviceKeys())
    impostor = CertificateAuthority.create("Test site root 1", NOW).issue_client(KIOSK, NOW)

    with pytest.raises(CredentialsError, match="not issued here"):
        authenticate(authority, der_of(impostor), NOW)
    with pytest.raises(CredentialsError, match="not issued here"):
        authenticate(authority, b"", NOW)


def test_registering_tells_a_kiosk_its_site_and_keeps_its_keys(authority: Authority) -> None:
    keys = DeviceKeys()
    held = enrolled(authority, keys)

    place = register(authority, held.der, keys.registration(held.fingerprint), NOW)

    matcher = authority.matcher()
    assert matcher is not None
    assert (place.kiosk, place.broker_host, place.broker_port) == (KIOSK, "127.0.0.1", 8883)
    assert Identity.from_json(place.matcher) == matcher
    device = find_device(authority.database, serial=SERIAL)
    assert device is not None
    assert device.identity == Identity(KIOSK, keys.signing.public, keys.opening.public).to_json()


def test_registering_again_changes_nothing_and_other_keys_raise_an_alarm(
    authority: Authority,
) -> None:
    """The uplink holds the certificate: if it is taken over, the kiosk's word stays the kiosk's."""
    keys = DeviceKeys()
    held = enrolled(authority, keys)
    place = register(authority, held.der, keys.registration(held.fingerprint), NOW)

    assert register(authority, held.der, keys.registration(held.fingerprint), NOW) == place
    with pytest.raises(RefusedError, match="has registered other keys"):
        register(authority, held.der, DeviceKeys().registration(held.fingerprint), NOW)

    assert kinds(authority) == [AlarmKind.KEYS_CHANGED]
    device = find_device(authority.database, serial=SERIAL)
    assert device is not None
    assert device.identity == Identity(KIOSK, keys.signing.public, keys.opening.public).to_json()


def test_keys_are_registered_only_with_the_certificate_of_the_code(authority: Authority) -> None:
    held, keys = enrolled(authority, DeviceKeys()), DeviceKeys()
    renewed = renew(authority, held.der, keys.request(), NOW + 40 * DAY)

    with pytest.raises(RefusedError, match="has registered other keys"):
        register(authority, renewed.der, keys.registration(renewed.fingerprint), NOW + 40 * DAY)


def test_after_an_approved_enrolment_new_keys_take_the_place_of_the_old(
    authority: Authority,
) -> None:
    old, new = DeviceKeys(), DeviceKeys()
    first = enrolled(authority, old)
    register(authority, first.der, old.registration(first.fingerprint), NOW)
    code = allow(authority, SERIAL, None, NOW + DAY)
    approve(authority, SERIAL, NOW + DAY)
    second = enrol(authority, SERIAL, code, new.request(), NOW + DAY)

    register(authority, second.der, new.registration(second.fingerprint), NOW + DAY)

    device = find_device(authority.database, serial=SERIAL)
    assert device is not None
    assert device.identity is not None
    found = Identity.from_json(device.identity)
    assert (found.verify, found.seal) == (new.signing.public, new.opening.public)


def test_a_proof_for_another_certificate_or_of_another_key_is_refused(authority: Authority) -> None:
    keys, other = DeviceKeys(), DeviceKeys()
    held = enrolled(authority, keys)
    good = keys.registration(held.fingerprint)

    for wrong in (
        keys.registration(bytes(32)),
        msgspec.structs.replace(good, signing_key=other.signing.public.encoded),
        msgspec.structs.replace(good, sealing_key=other.opening.public.encoded),
        msgspec.structs.replace(good, proof=bytes(64)),
        msgspec.structs.replace(good, signing_key=b"junk"),
        msgspec.structs.replace(good, sealing_key=b""),
    ):
        with pytest.raises(RequestError, match="the keys cannot be registered"):
            register(authority, held.der, wrong, NOW)
    assert alarms(authority.database) == []


def test_before_the_matcher_has_keys_nobody_registers(authority: Authority) -> None:
    keys = DeviceKeys()
    held = enrolled(authority, keys)
    authority.database.change("UPDATE site SET matcher_identity = NULL")

    with pytest.raises(RefusedError, match="the centre is not ready"):
        register(authority, held.der, keys.registration(held.fingerprint), NOW)
