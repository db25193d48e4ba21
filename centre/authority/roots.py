"""The roots of trust: made, rotated, retired. Their private keys lie in files of their own.

While there are two, clients' certificates are signed by the newer one, and the servers' by the
older one: that is the one which every kiosk knows already. A kiosk learns of the newer one with
its next renewal. When all have, the older one is retired.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from greenline.centre.authority.errors import FolderError, RefusedError
from greenline.centre.authority.files import destroy_secret, write_secret
from greenline.centre.authority.trail import UNTOLD, Trail
from greenline.centre.certificates import CertificateAuthority, Credential
from greenline.centre.database import Database
from greenline.protocol.errors import KeyFormatError

ROOT_DAYS = 3650


class RootState(StrEnum):
    """What a root is good for."""

    SIGNING = "signing"
    TRUSTED = "trusted"
    RETIRED = "retired"


@dataclass(frozen=True)
class Root:
    """One root. made: Unix seconds."""

    generation: int
    certificate: x509.Certificate
    state: RootState
    made: int


class Roots:
    """All roots of one authority. folder: where their private keys lie as root-1.key and so on."""

    def __init__(self, folder: Path, database: Database, trail: Trail = UNTOLD) -> None:
        self._trail = trail
        self._folder = folder
        self._database = database

    def all(self) -> list[Root]:
        """Return every root there has been, the oldest first."""
        return [
            Root(
                row["generation"],
                x509.load_der_x509_certificate(row["certificate"]),
                RootState(row["state"]),
                row["made"],
            )
            for row in self._database.read("SELECT * FROM root ORDER BY generation")
        ]

    def trusted(self) -> list[Root]:
        """Return the roots whose certificates are accepted, the oldest first."""
        return [root for root in self.all() if root.state is not RootState.RETIRED]

    def signer(self, root: Root) -> CertificateAuthority:
        """Return what signs with this root. Raises FolderError."""
        path = self._key_file(root.generation)
        try:
            pem = path.read_bytes()
            return CertificateAuthority(Credential.from_pem(_pem(root.certificate), pem))
        except (OSError, KeyFormatError) as fault:
            raise FolderError(f"the root's private key {path} cannot be used ({fault})") from fault

    def for_clients(self) -> tuple[Root, CertificateAuthority]:
        """Return the newest root, which signs what kiosks get. Raises FolderError."""
        newest = self._some()[-1]
        return newest, self.signer(newest)

    def for_servers(self) -> tuple[Root, CertificateAuthority]:
        """Return the oldest trusted root, which everybody knows. Raises FolderError."""
        oldest = self._some()[0]
        return oldest, self.signer(oldest)

    def bundle(self) -> bytes:
        """Return the certificates of all trusted roots as PEM."""
        return b"".join(_pem(root.certificate) for root in self.trusted())

    def add(self, site: str, hosts: Sequence[str], now: datetime.datetime) -> Root:
        """Make a root that signs from now on; the one before is trusted further. On the disk.

        Raises RefusedError while an older one has not been retired, FolderError.
        """
        if len(self.trusted()) > 1:
            raise RefusedError("retire the older root first: two at a time are enough")
        generation = max((root.generation for root in self.all()), default=0) + 1
        made = CertificateAuthority.create(f"{site} root {generation}", now, ROOT_DAYS, hosts)
        self._trail.note("root made", root=generation)
        # First the key: a root in the database without its key could sign nothing.
        write_secret(self._key_file(generation), made.credential.key_pem)
        with self._database.write():
            self._database.change(
                "UPDATE root SET state = ? WHERE state = ?", RootState.TRUSTED, RootState.SIGNING
            )
            self._database.change(
                "INSERT INTO root VALUES (?, ?, ?, ?)",
                generation, _der(made.credential.certificate), RootState.SIGNING,
                int(now.timestamp()),
            )  # fmt: skip
        return self.all()[-1]

    def retire(self) -> Root:
        """Stop trusting the older of two roots, and destroy its key.

        Raises RefusedError, FolderError.
        """
        trusted = self.trusted()
        if len(trusted) < 2:
            raise RefusedError("there is one root only: rotate first")
        oldest = trusted[0]
        self._trail.note("root retired", root=oldest.generation)
        # A key that cannot be destroyed leaves the root trusted, and the operator retires it again.
        with self._database.write():
            self._database.change(
                "UPDATE root SET state = ? WHERE generation = ?",
                RootState.RETIRED, oldest.generation,
            )  # fmt: skip
            destroy_secret(self._key_file(oldest.generation))
        return oldest

    def _some(self) -> list[Root]:
        trusted = self.trusted()
        if not trusted:
            raise FolderError(f"there is no authority in {self._folder}: create one first")
        return trusted

    def _key_file(self, generation: int) -> Path:
        return self._folder / f"root-{generation}.key"


def _pem(certificate: x509.Certificate) -> bytes:

    return certificate.public_bytes(Encoding.PEM)


def _der(certificate: x509.Certificate) -> bytes:

    return certificate.public_bytes(Encoding.DER)
