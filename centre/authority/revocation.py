"""Ending a device's membership, and the lists that tell brokers of it (RFC 5280, 5).

One list for each trusted root. A list holds as long as a certificate does: it is made anew each
day, but a broker that gets no new one for weeks must go on serving those who are not on it.
"""

import datetime
from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from greenline.centre.authority.authority import Authority
from greenline.centre.authority.errors import RefusedError
from greenline.centre.authority.issuing import CERTIFICATE_DAYS
from greenline.centre.authority.records import (
    Issued,
    certificates_at,
    certificates_of,
    find_device,
    names_without_standing,
)
from greenline.protocol.enrolment import CLOCK_SKEW


class Reason(StrEnum):
    """Why a device is no longer trusted."""

    STOLEN = "stolen"
    LOST = "lost"
    BROKEN = "broken"
    RETIRED = "retired"
    SUPERSEDED = "superseded"


_FLAGS = {
    Reason.STOLEN: x509.ReasonFlags.key_compromise,
    Reason.LOST: x509.ReasonFlags.key_compromise,
    Reason.BROKEN: x509.ReasonFlags.cessation_of_operation,
    Reason.RETIRED: x509.ReasonFlags.cessation_of_operation,
    Reason.SUPERSEDED: x509.ReasonFlags.superseded,
}


def revoke(authority: Authority, name: str, reason: Reason, now: datetime.datetime) -> list[Issued]:
    """Revoke all certificates of a name; its keys and its code end with them.

    Those that are over too: a connection opened with one may still stand, and is shut out by it.
    Returns those that still held. Raises RefusedError when nobody has the name.
    """
    with authority.database.write():
        known = certificates_of(authority.database, name)
        device = find_device(authority.database, kiosk=name)
        if device is None and not known:
            raise RefusedError(f"nobody here has the name {name!r}: see 'greenline authority list'")
        authority.trail.note("revoked", kiosk=name, reason=reason.value)
        holding = [issued for issued in known if issued.holds(now)]
        authority.database.change(
            "UPDATE certificate SET revoked = ?, reason = ? WHERE name = ? AND revoked IS NULL",
            int(now.timestamp()), reason, name,
        )  # fmt: skip
        authority.database.change(
            "UPDATE device SET identity = NULL, keys_open = 0, code_salt = NULL,"
            " code_digest = NULL, code_used = NULL, approved = 0 WHERE kiosk = ?",
            name,
        )
    return holding


def revocation_lists(authority: Authority, now: datetime.datetime) -> bytes:
    """Return the revocation lists of all trusted roots, as PEM. Raises FolderError."""
    number, made = _next_number(authority, now)
    revoked = [one for one in certificates_at(authority.database, now) if one.revoked]
    lists = []
    for root in authority.roots.trusted():
        signer = authority.roots.signer(root).credential.key
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(root.certificate.subject)
            .last_update(made - CLOCK_SKEW)
            .next_update(made + datetime.timedelta(days=CERTIFICATE_DAYS))
            .add_extension(x509.CRLNumber(number), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
                critical=False,
            )
        )
        for one in revoked:
            if one.generation == root.generation:
                builder = builder.add_revoked_certificate(_entry(one))
        lists.append(builder.sign(signer, hashes.SHA256()).public_bytes(Encoding.PEM))
    return b"".join(lists)


def shut_out(authority: Authority, now: datetime.datetime) -> list[str]:
    """Return the names that have a revoked certificate and none that holds.

    They stay so until a new enrolment: a connection that stands outlives its certificate.
    """
    return names_without_standing(authority.database, now)


def _entry(one: Issued) -> x509.RevokedCertificate:
    when = datetime.datetime.fromtimestamp(one.revoked or 0, datetime.UTC)
    return (
        x509.RevokedCertificateBuilder()
        .serial_number(one.number)
        .revocation_date(when)
        .add_extension(x509.CRLReason(_FLAGS[Reason(one.reason or "")]), critical=False)
        .build()
    )


def _next_number(authority: Authority, now: datetime.datetime) -> tuple[int, datetime.datetime]:
    """Return the next list's number, and its time: later than the last one's by a second.

    Of two lists of the same second OpenSSL goes on using the one that it had.
    """
    with authority.database.write():
        row = authority.database.read("SELECT * FROM revocation_list")[0]
        number, made = row["number"] + 1, max(int(now.timestamp()), row["made"] + 1)
        authority.database.change("UPDATE revocation_list SET number = ?, made = ?", number, made)
    return number, datetime.datetime.fromtimestamp(made, datetime.UTC)
