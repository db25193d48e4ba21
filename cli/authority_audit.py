"""An authority, opened for a command that decides something: each decision is noted first."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from greenline.centre.authority.authority import Authority, opened
from greenline.centre.authority.trail import Trail
from greenline.cli.auditing import who
from greenline.cli.clocks import moment
from greenline.cli.keyfiles import read_signing_key, write_public, write_secret
from greenline.matcher.audit import AuditLog
from greenline.matcher.audit_database import open_audit
from greenline.matcher.errors import DatabaseError
from greenline.protocol.keys import Identity, OpeningKey, SigningKey

_AUDIT = "audit.db"
_SIGNING = "audit.signing.pem"
_IDENTITY = "audit-identity.json"
_OWNER = "authority"


@contextlib.contextmanager
def audited(folder: Path) -> Iterator[Authority]:
    """Open an authority and its audit log, which is signed at the end.

    Raises FolderError, DatabaseError, CommandError.
    """
    with opened(folder) as authority:
        signer = _signer(folder)
        with contextlib.closing(open_audit(folder / _AUDIT)) as noted:
            log = AuditLog(noted, _OWNER, signer, moment)
            try:
                yield authority.told_to(Trail(log, who()))
            finally:
                with contextlib.suppress(DatabaseError):  # what ended the command is what is told
                    log.checkpoint()


def _signer(folder: Path) -> SigningKey:
    """Return the key that signs the log, made with the first decision."""
    path, identity = folder / _SIGNING, folder / _IDENTITY
    if not path.exists():
        write_secret(path, SigningKey.generate().to_pem())
    signer = read_signing_key(path)
    if not identity.exists():
        # An identity has a place for an opening key; nothing is ever sealed to this one.
        unused = OpeningKey.generate().public
        write_public(identity, Identity(_OWNER, signer.public, unused).to_json())
    return signer
