"""The steps of one enrolment, at the authority and in the device's folder.

Everything secret is made here, on the device, and never leaves it. Each step may be interrupted:
done again from the first on, they come to the same.
"""

import contextlib
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from greenline.cli.errors import CommandError
from greenline.cli.keyfiles import write_public, write_secret
from greenline.cli.own_keys import OwnKeys, keep_own_keys, key_place
from greenline.firmware.config import KioskConfig, KioskKeys
from greenline.firmware.est import AuthorityClient, pem_of
from greenline.firmware.renewal import Pair, check_issued, key_pem, pending_key, request_for
from greenline.firmware.wipe import Wipe, forget_wipe, is_wiped
from greenline.link.files import remove_file
from greenline.protocol.enrolment import Place, Registration


@dataclass(frozen=True)
class Enrolment:
    """What one enrolment is about. before: the configuration of a device that is enrolled again."""

    authority: str
    folder: Path
    before: KioskConfig | None
    own_keys: KioskKeys

    @property
    def files(self) -> Pair:
        """Where the link's key and certificate lie, and the site's roots."""
        return Pair(self.folder / "uplink.pem", self.folder / "ca.pem")

    def certify(self, serial: str, code: str, ca: Path) -> x509.Certificate:
        """Get a certificate for the one-time code and write it with its key, and the roots.

        Raises CommandError when it is another kiosk's than the folder's.
        """
        key = pending_key(self.files.next_key)
        client = AuthorityClient(self.authority, ca)
        made = client.enrol(serial, code, request_for(key, serial))
        _refuse_another(self.before, _name(made), self.folder)
        roots = client.trusted_roots()
        check_issued(made, key, roots)
        write_public(self.files.roots, pem_of(roots))
        write_secret(self.files.pair, key_pem(key) + pem_of([made]))
        return made

    def register(self, made: x509.Certificate, *, anew: bool) -> Place:
        """Tell the authority our keys, by that certificate; keep the matcher's."""
        files, fingerprint = self.files, made.fingerprint(hashes.SHA256())
        with contextlib.closing(_keep_keys(self.own_keys, files, fingerprint, anew=anew)) as own:
            registration = Registration.make(own.signer, own.opener.public, fingerprint)
        client = AuthorityClient(self.authority, files.roots, files.pair)
        place = client.register(registration)
        write_public(self.own_keys.matcher, place.matcher)
        return place

    def finish(self) -> None:
        """Remove what only an enrolment that is not done needs."""
        _forget_wipe(self.before, self.folder)
        remove_file(_renewed_for(self.files))
        # Last: until here the same command again gets the same certificate.
        remove_file(self.files.next_key)


def _keep_keys(keys: KioskKeys, files: Pair, fingerprint: bytes, *, anew: bool) -> OwnKeys:
    """Return the kiosk's keys, made anew once for a certificate however often this is repeated.

    The authority takes keys once: others, made by the same command again, would be an alarm.
    """
    note = _renewed_for(files)
    anew = anew and not (note.exists() and note.read_bytes() == fingerprint)
    own = keep_own_keys(keys, anew=anew)
    if anew:
        write_public(note, fingerprint)
    return own


def _renewed_for(files: Pair) -> Path:
    """Where it is noted for which certificate the keys were made anew."""
    return files.pair.with_name(f"{files.pair.name}.new-keys")


def _forget_wipe(before: KioskConfig | None, folder: Path) -> None:
    """Let a kiosk that was wiped start again, without what may be left of what it had."""
    store = before.store if before else folder / "kiosk.store"
    if before is not None and is_wiped(store):
        Wipe(key_place(before.keys), store).remove_rest()
    forget_wipe(store)


def _refuse_another(before: KioskConfig | None, name: str, folder: Path) -> None:
    """Refuse a folder of another kiosk before anything of it is replaced."""
    if before is not None and before.name != name:
        raise CommandError(
            f"{folder}/kiosk.toml belongs to another kiosk than {name}: name another --folder", 4
        )


def _name(certificate: x509.Certificate) -> str:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""
