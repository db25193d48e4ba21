"""What a device does with the certificate that it has: renew it, and register its other keys.

The certificate comes from the TLS handshake, which has proved the key. Here it is looked up: only
what we issued, that is neither revoked nor over, and whose root is still trusted, counts.
"""

import dataclasses
import datetime
import hashlib

import msgspec
from cryptography.exceptions import InvalidSignature

from greenline.centre.authority.authority import Authority
from greenline.centre.authority.errors import (
    AuthorityError,
    CredentialsError,
    RefusedError,
    RequestError,
)
from greenline.centre.authority.issuing import issue
from greenline.centre.authority.records import (
    AlarmKind,
    Device,
    Issued,
    add_alarm,
    find_certificate,
    find_device,
    find_renewal,
)
from greenline.centre.authority.requests import KeyRequest
from greenline.protocol.enrolment import CLOCK_SKEW, Place, Registration, renewable_from
from greenline.protocol.errors import ProtocolError
from greenline.protocol.keys import MOST_EARLIER, Identity
from greenline.protocol.messages import LONGEST_LIFE_MS

_WAY_BACK = "ask the centre for a new code and enrol again"
_WAITING = datetime.timedelta(milliseconds=LONGEST_LIFE_MS) + CLOCK_SKEW
"""So long what a kiosk has signed may still wait in its store."""


def authenticate(authority: Authority, der: bytes, now: datetime.datetime) -> Issued:
    """Return the certificate if it counts. der: as the client presented it.

    Raises CredentialsError, with the way back.
    """
    found = find_certificate(authority.database, hashlib.sha256(der).digest())
    if found is None:
        raise CredentialsError(f"this certificate was not issued here: {_WAY_BACK}")
    if found.revoked is not None:
        words = "it tried to use a certificate that is revoked"
        add_alarm(authority.database, now, AlarmKind.REVOKED_USED, found.name, words)
        raise CredentialsError("this certificate was revoked: ask the centre")
    if not found.holds(now):
        raise CredentialsError(f"this certificate's time is over: {_WAY_BACK}")
    if not _chains(authority, found):
        raise CredentialsError(f"this certificate's root was retired: {_WAY_BACK}")
    return found


def renew(authority: Authority, der: bytes, request: KeyRequest, now: datetime.datetime) -> Issued:
    """Return the certificate that follows the presented one, for the key of the request.

    Asking again with the same key gives the same certificate: the answer may have been lost.
    Raises CredentialsError, RequestError, RefusedError.
    """
    held = authenticate(authority, der, now)
    if request.name != held.name:
        raise RequestError(f"a renewal must be asked for under the same name, {held.name}")
    certificate = held.certificate
    due = renewable_from(certificate.not_valid_before_utc, certificate.not_valid_after_utc)
    if now < due:
        raise RefusedError(f"it is too early: this certificate is renewed from {due:%Y-%m-%d} on")
    with authority.database.write():
        answer = _renew(authority, held, request, now)
    if isinstance(answer, AuthorityError):
        raise answer
    return answer


def register(
    authority: Authority, der: bytes, registration: Registration, now: datetime.datetime
) -> Place:
    """Keep a device's signing and sealing keys; return what it must know of the site.

    Once after each enrolment: from then on the certificate alone, which the uplink holds, cannot
    change them. What the keys before have signed counts until it has expired; a revoked kiosk has
    none before. Raises CredentialsError, RequestError, RefusedError.
    """
    held = authenticate(authority, der, now)
    try:
        identity = registration.identity(held.name, held.fingerprint)
    except ProtocolError as fault:
        raise RequestError(f"the keys cannot be registered: {fault}") from fault
    place = _place(authority, held.name)
    with authority.database.write():
        device = find_device(authority.database, kiosk=held.name)
        refusal = _keep(authority, device, identity, held, now)
    if refusal is not None:
        raise refusal
    return place


def place_of(authority: Authority, der: bytes, now: datetime.datetime) -> Place:
    """Return what a kiosk must know of its site as it is now. Raises as register() does."""
    held = authenticate(authority, der, now)
    if find_device(authority.database, kiosk=held.name) is None:
        raise _no_kiosk(held.name)
    return _place(authority, held.name)


def _renew(
    authority: Authority, held: Issued, request: KeyRequest, now: datetime.datetime
) -> Issued | RefusedError:
    before = find_renewal(authority.database, held.fingerprint)
    if before is None:
        return issue(authority, held.name, request, now, renews=held.fingerprint)
    if before.public_key == request.encoded:
        return before
    words = "one certificate was renewed twice, with two keys: there may be a copy of it"
    add_alarm(authority.database, now, AlarmKind.SECOND_RENEWAL, held.name, words)
    return RefusedError(f"this certificate was renewed already, with another key: {_WAY_BACK}")


def _keep(
    authority: Authority,
    device: Device | None,
    identity: Identity,
    held: Issued,
    now: datetime.datetime,
) -> RefusedError | None:
    if device is None:
        return _no_kiosk(held.name)
    before = Identity.from_json(device.identity) if device.identity is not None else None
    if before is not None and _same_keys(identity, before) and not device.keys_open:
        return None  # the answer was lost
    if not device.keys_open or device.code_used != held.fingerprint:
        words = "other signing or sealing keys were offered with its certificate"
        add_alarm(authority.database, now, AlarmKind.KEYS_CHANGED, held.name, words)
        return RefusedError(f"{held.name} has registered other keys: {_WAY_BACK}")
    kept = identity if before is None else _succeeding(identity, before, now)
    authority.database.change(
        "UPDATE device SET identity = ?, keys_open = 0 WHERE serial = ?",
        kept.to_json(), device.serial,
    )  # fmt: skip
    return None


def _no_kiosk(name: str) -> RefusedError:
    return RefusedError(f"{name} is no kiosk of the allow-list")


def _same_keys(identity: Identity, before: Identity) -> bool:
    return (identity.verify, identity.seal) == (before.verify, before.seal)


def _succeeding(identity: Identity, before: Identity, now: datetime.datetime) -> Identity:
    """Return the new identity with the keys of the one before that still count."""
    now_ms, until = int(now.timestamp() * 1000), now + _WAITING
    serving = [old for old in before.earlier if now_ms < old.until_ms]
    # Who makes new keys five times within three days loses the oldest, not the new enrolment.
    known = dataclasses.replace(before, earlier=tuple(serving[: MOST_EARLIER - 1]))
    return identity.succeeding(known, int(until.timestamp() * 1000))


def _place(authority: Authority, kiosk: str) -> Place:
    site, matcher = authority.site(), authority.matcher()
    if matcher is None:
        raise RefusedError("the centre is not ready: its matcher has no keys yet; try again later")
    return msgspec.convert(
        {
            "kiosk": kiosk,
            "broker_host": site.broker_host,
            "broker_port": site.broker_port,
            "matcher": matcher.to_json(),
            "purpose": site.purpose,
            "lists": site.lists,
        },
        Place,
    )


def _chains(authority: Authority, held: Issued) -> bool:
    """Say whether a root that is still trusted has signed it."""
    for root in authority.roots.trusted():
        if root.generation == held.generation:
            try:
                held.certificate.verify_directly_issued_by(root.certificate)
            except (InvalidSignature, ValueError, TypeError):
                return False
            return True
    return False
