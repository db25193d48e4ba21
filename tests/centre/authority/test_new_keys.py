"""A kiosk's new keys: what it signed with the old ones is answered until it has expired."""

import datetime
from pathlib import Path

import pytest

from greenline.centre.authority.authority import Authority
from greenline.centre.authority.enrolment import allow, approve, enrol
from greenline.centre.authority.errors import CredentialsError, RefusedError
from greenline.centre.authority.publishing import prepare, publish
from greenline.centre.authority.records import Issued, alarms
from greenline.centre.authority.renewal import place_of, register
from greenline.centre.authority.revocation import Reason, revoke
from greenline.matcher.registry import Registry
from greenline.protocol.keys import MOST_EARLIER, Identity
from greenline.protocol.messages import LONGEST_LIFE_MS
from tests.centre.authority.asking import DAY, KIOSK, NOW, SERIAL, DeviceKeys, enrolled

HOUR_MS = 3_600_000


def ms(when: datetime.datetime) -> int:
    return int(when.timestamp() * 1000)


def registered(authority: Authority, keys: DeviceKeys, now: datetime.datetime) -> Issued:
    """Enrol the kiosk (once more, with an operator's approval), and register its keys."""
    code = allow(authority, SERIAL, KIOSK, now)
    approve(authority, SERIAL, now)
    issued = enrol(authority, SERIAL, code, DeviceKeys(keys.transport).request(), now)
    register(authority, issued.der, keys.registration(issued.fingerprint), now)
    return issued


def at_the_matcher(authority: Authority, folder: Path, now: datetime.datetime) -> Identity:
    """Return what a matcher knows of the kiosk once it has been published."""
    prepare(authority, folder, "127.0.0.1", "")
    publish(authority, folder, now)
    return Registry(folder / "kiosks")[KIOSK]


def test_what_the_old_key_has_signed_counts_until_it_has_expired(
    authority: Authority, tmp_path: Path
) -> None:
    old, new, then = DeviceKeys(), DeviceKeys(), NOW + DAY
    registered(authority, old, NOW)

    registered(authority, new, then)

    known = at_the_matcher(authority, tmp_path / "centre", then)
    assert (known.verify, known.seal) == (new.signing.public, new.opening.public)
    last = ms(then) + LONGEST_LIFE_MS
    assert known.signing_keys(last) == [new.signing.public, old.signing.public]
    assert known.signing_keys(last + HOUR_MS) == [new.signing.public]


def test_a_revoked_kiosks_old_keys_count_no_more(authority: Authority, tmp_path: Path) -> None:
    old, new = DeviceKeys(), DeviceKeys()
    registered(authority, old, NOW)
    revoke(authority, KIOSK, Reason.STOLEN, NOW + DAY)

    second = enrol(
        authority, SERIAL, allow(authority, SERIAL, None, NOW + DAY), new.request(), NOW + DAY
    )
    register(authority, second.der, new.registration(second.fingerprint), NOW + DAY)

    known = at_the_matcher(authority, tmp_path / "centre", NOW + DAY)
    assert known == Identity(KIOSK, new.signing.public, new.opening.public)


def test_who_got_no_answer_registers_the_same_new_keys_again(
    authority: Authority, tmp_path: Path
) -> None:
    old, new = DeviceKeys(), DeviceKeys()
    registered(authority, old, NOW)
    second = registered(authority, new, NOW + DAY)
    before = at_the_matcher(authority, tmp_path / "centre", NOW + DAY)

    later = NOW + 2 * DAY
    register(authority, second.der, new.registration(second.fingerprint), later)

    assert at_the_matcher(authority, tmp_path / "centre", later) == before
    assert alarms(authority.database) == []


def test_the_same_keys_after_another_enrolment_stay_as_they_are(
    authority: Authority, tmp_path: Path
) -> None:
    keys = DeviceKeys()
    registered(authority, keys, NOW)
    anew = DeviceKeys(signing=keys.signing, opening=keys.opening)

    registered(authority, anew, NOW + DAY)

    known = at_the_matcher(authority, tmp_path / "centre", NOW + DAY)
    assert known == Identity(KIOSK, keys.signing.public, keys.opening.public)


def test_keys_that_changed_too_often_lose_the_oldest_and_what_is_over(
    authority: Authority, tmp_path: Path
) -> None:
    several = [DeviceKeys() for _ in range(MOST_EARLIER + 3)]
    for keys in several[:-1]:
        registered(authority, keys, NOW)
    publics = [keys.signing.public for keys in reversed(several)]
    known = at_the_matcher(authority, tmp_path / "centre", NOW)
    assert known.signing_keys(ms(NOW)) == publics[1 : MOST_EARLIER + 2]

    later = NOW + 4 * DAY
    registered(authority, several[-1], later)

    known = at_the_matcher(authority, tmp_path / "centre", later)
    assert [known.verify, *(old.verify for old in known.earlier)] == publics[:2]


def test_a_site_is_told_to_its_kiosks_alone(authority: Authority) -> None:
    keys = DeviceKeys()
    held = enrolled(authority, keys)
    place = register(authority, held.der, keys.registration(held.fingerprint), NOW)
    assert place_of(authority, held.der, NOW) == place

    authority.database.change("DELETE FROM device")
    with pytest.raises(RefusedError, match="kiosk-07 is no kiosk of the allow-list"):
        place_of(authority, held.der, NOW)
    with pytest.raises(CredentialsError, match="time is over"):
        place_of(authority, held.der, NOW + 90 * DAY)
