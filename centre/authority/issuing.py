"""A client's certificate: signed by the newest root and entered before anybody gets it."""

import datetime

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from greenline.centre.authority.authority import Authority
from greenline.centre.authority.records import Issued, add_certificate
from greenline.centre.authority.requests import KeyRequest

CERTIFICATE_DAYS = 90


def issue(
    authority: Authority,
    name: str,
    request: KeyRequest,
    now: datetime.datetime,
    renews: bytes | None = None,
) -> Issued:
    """Issue a certificate; call it within a transaction of the database.

    renews: the fingerprint of the certificate that it takes the place of. Raises FolderError.
    """
    root, signer = authority.roots.for_clients()
    certificate = signer.sign_client(request.key, name, now, CERTIFICATE_DAYS)
    issued = Issued(
        fingerprint=certificate.fingerprint(hashes.SHA256()),
        number=certificate.serial_number,
        name=name,
        generation=root.generation,
        public_key=request.encoded,
        der=certificate.public_bytes(Encoding.DER),
        issued=int(now.timestamp()),
        until=int(certificate.not_valid_after_utc.timestamp()),
        revoked=None,
        reason=None,
    )
    add_certificate(authority.database, issued, renews)
    return issued
