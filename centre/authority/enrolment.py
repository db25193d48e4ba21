"""Who may enrol, and enrolling: serial, one-time code, certificate request.

allow -> code -> enrol -> certificate. A code opens once; whoever got no answer may send the same
request again. A device that has a certificate already is not enrolled a second time before an
operator has looked at it: somebody may hold a copy of its code, or pose as it.
"""

import datetime
import re

from greenline.centre.authority.authority import Authority
from greenline.centre.authority.codes import NO_CODE, Digest, new_code
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
    certificates_of,
    find_certificate,
    find_device,
)
from greenline.centre.authority.requests import KeyRequest
from greenline.protocol.topics import check_name

CODE_DAYS = 7
MOST_WRONG_CODES = 10

_SERIAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_UNKNOWN = "this serial and code open nothing here: ask the centre for a code"


def allow(
    authority: Authority,
    serial: str,
    kiosk: str | None,
    now: datetime.datetime,
    days: int = CODE_DAYS,
) -> str:
    """Put a serial on the allow-list, or give it a new code; returns the code.

    kiosk: the name it gets; None: the one it has. An earlier code, a lock and an approval end.
    Raises RequestError, RefusedError, MalformedError.
    """
    if not _SERIAL.fullmatch(serial):
        raise RequestError(f"{serial!r} is no serial: 1 to 64 letters, digits, '.', '_', '-'")
    code = new_code()
    digest = Digest.of(code)
    with authority.database.write():
        name = _name_for(authority, serial, kiosk)
        authority.trail.note("device allowed", kiosk=name, serial=serial)
        authority.database.change(
            "INSERT INTO device (serial, kiosk) VALUES (?, ?) ON CONFLICT DO NOTHING", serial, name
        )
        authority.database.change(
            "UPDATE device SET code_salt = ?, code_digest = ?, code_until = ?, code_used = NULL,"
            " wrong_codes = 0, approved = 0 WHERE serial = ?",
            digest.salt, digest.value, int((now + datetime.timedelta(days=days)).timestamp()),
            serial,
        )  # fmt: skip
    return code


def approve(authority: Authority, serial: str, now: datetime.datetime) -> Device:
    """Let the holder of the serial's present code enrol though a certificate still holds.

    That certificate is revoked then. Raises RefusedError when there is no such code.
    """
    with authority.database.write():
        device = find_device(authority.database, serial=serial)
        if device is None:
            raise RefusedError(f"the serial {serial!r} is not on the allow-list")
        if device.digest is None or device.code_used or now.timestamp() >= device.code_until:
            raise RefusedError(
                f"{serial} has no code that could still be used: give it one with 'greenline "
                "authority allow', then approve"
            )
        authority.trail.note("second enrolment approved", kiosk=device.kiosk, serial=serial)
        authority.database.change("UPDATE device SET approved = 1 WHERE serial = ?", serial)
    return device


def enrol(
    authority: Authority, serial: str, code: str, request: KeyRequest, now: datetime.datetime
) -> Issued:
    """Return a certificate for the key of the request. Raises CredentialsError, RefusedError."""
    device = find_device(authority.database, serial=serial)
    salt = device.digest.salt if device and device.digest else NO_CODE.salt
    given = Digest.of(code, salt)
    # What was counted or alarmed stays so when the answer is no: the fault is raised afterwards.
    with authority.database.write():
        answer = _judge(authority, serial, given, request, now)
    if isinstance(answer, AuthorityError):
        raise answer
    return answer


def _judge(
    authority: Authority, serial: str, given: Digest, request: KeyRequest, now: datetime.datetime
) -> Issued | AuthorityError:
    device = find_device(authority.database, serial=serial)
    if device is None or device.digest is None:
        return CredentialsError(_UNKNOWN)
    if device.wrong_codes >= MOST_WRONG_CODES:
        return RefusedError(
            f"this serial is locked after {MOST_WRONG_CODES} wrong codes: ask the centre for a "
            "new code"
        )
    if not device.digest.matches(given):
        return _count_wrong(authority, device, now)
    if now.timestamp() >= device.code_until:
        return CredentialsError("the time of this code is over: ask the centre for a new one")
    if device.code_used is not None:
        return _used_again(authority, device, request, now)
    return _enrol(authority, device, request, now)


def _count_wrong(authority: Authority, device: Device, now: datetime.datetime) -> CredentialsError:
    authority.database.change(
        "UPDATE device SET wrong_codes = wrong_codes + 1 WHERE serial = ?", device.serial
    )
    if device.wrong_codes + 1 >= MOST_WRONG_CODES:
        words = f"{MOST_WRONG_CODES} wrong codes were tried"
        add_alarm(authority.database, now, AlarmKind.LOCKED, device.serial, words)
    return CredentialsError(_UNKNOWN)


def _used_again(
    authority: Authority, device: Device, request: KeyRequest, now: datetime.datetime
) -> Issued | RefusedError:
    """Answer a code that was used: with the same certificate to the same key, else not at all."""
    before = find_certificate(authority.database, device.code_used or b"")
    if before is not None and before.holds(now) and before.public_key == request.encoded:
        return before
    words = "its used code was tried again with another key"
    add_alarm(authority.database, now, AlarmKind.SECOND_ENROLMENT, device.serial, words)
    return RefusedError("this code was used already: ask the centre for a new one")


def _enrol(
    authority: Authority, device: Device, request: KeyRequest, now: datetime.datetime
) -> Issued | RefusedError:
    earlier = certificates_of(authority.database, device.kiosk)
    if any(old.revoked and old.public_key == request.encoded for old in earlier):
        return RefusedError("this key was revoked: make a new one and send its request")
    holding = [old for old in earlier if old.holds(now)]
    if holding and not device.approved:
        words = f"{device.kiosk} has a certificate, and its new code was used"
        add_alarm(authority.database, now, AlarmKind.SECOND_ENROLMENT, device.serial, words)
        return RefusedError(
            f"{device.kiosk} is enrolled already: an operator at the centre must approve it "
            "first; then send the same again"
        )
    for old in holding:
        authority.database.change(
            "UPDATE certificate SET revoked = ?, reason = 'superseded' WHERE fingerprint = ?",
            int(now.timestamp()), old.fingerprint,
        )  # fmt: skip
    issued = issue(authority, device.kiosk, request, now)
    authority.database.change(
        "UPDATE device SET code_used = ?, wrong_codes = 0, approved = 0, keys_open = 1"
        " WHERE serial = ?",
        issued.fingerprint, device.serial,
    )  # fmt: skip
    return issued


def _name_for(authority: Authority, serial: str, kiosk: str | None) -> str:
    """Return the name of a serial, the one it has or the new one that it may have."""
    device = find_device(authority.database, serial=serial)
    if device is not None:
        if kiosk not in {None, device.kiosk}:
            raise RefusedError(f"{serial} is {device.kiosk} already, and keeps that name")
        return device.kiosk
    if kiosk is None:
        raise RequestError(f"{serial} is new: say its name with --kiosk")
    matcher = authority.site().matcher
    if check_name(kiosk) == matcher or kiosk.startswith(f"{matcher}-"):
        raise RefusedError(f"{kiosk!r} is a name of the matcher: a kiosk may not have it")
    other = find_device(authority.database, kiosk=kiosk)
    if other is not None:
        raise RefusedError(f"{kiosk!r} is the name of the serial {other.serial}: choose another")
    return kiosk
