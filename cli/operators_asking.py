"""The register of operators, opened for a command; and PINs, asked for without showing them."""

import contextlib
import getpass
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from greenline.centre.operators import Register
from greenline.centre.operators_accounts import check_pin
from greenline.centre.operators_tables import open_database
from greenline.cli.auditing import who
from greenline.cli.clocks import moment
from greenline.cli.errors import CommandError
from greenline.cli.keyfiles import (
    read_identity,
    read_signing_key,
    write_public,
    write_secret,
)
from greenline.matcher.audit import AuditLog
from greenline.matcher.audit_database import open_audit
from greenline.matcher.errors import DatabaseError
from greenline.protocol.keys import Identity, OpeningKey, SigningKey
from greenline.protocol.pins import generate_pin
from greenline.protocol.topics import check_name

REGISTER = "operators.db"
IDENTITY = "operators.json"
SIGNING = "operators.signing.pem"
_OPENING = "operators.opening.key"
_AUDIT = "audit.db"


@dataclass(frozen=True)
class Opened:
    """A register with its keys."""

    register: Register
    identity: Identity
    signer: SigningKey


def create_register(folder: Path, name: str) -> None:
    """Make an empty register and its keys in a folder of its own. Raises CommandError."""
    check_name(name)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as fault:
        raise CommandError(f"{folder} cannot be made: {fault.strerror}", 5) from fault
    open_database(folder / REGISTER, create=True).close()
    signer, opener = SigningKey.generate(), OpeningKey.generate()
    write_secret(folder / SIGNING, signer.to_pem())
    # Nothing is sealed to it yet; an identity has a place for it.
    write_secret(folder / _OPENING, opener.to_bytes())
    write_public(folder / IDENTITY, Identity(name, signer.public, opener.public).to_json())


@contextlib.contextmanager
def opened_register(folder: Path) -> Iterator[Opened]:
    """Open a register; what is noted is signed at the end. Raises CommandError, RegisterError."""
    with contextlib.closing(open_database(folder / REGISTER)) as database:
        identity = read_identity(folder / IDENTITY)
        signer = read_signing_key(folder / SIGNING)
        with contextlib.closing(open_audit(folder / _AUDIT)) as noted:
            log = AuditLog(noted, identity.name, signer, moment)
            try:
                yield Opened(Register(database, log, who()), identity, signer)
            finally:
                with contextlib.suppress(DatabaseError):  # what ended the command is what is told
                    log.checkpoint()


def ask_pin(question: str) -> str:
    """Ask for a PIN without showing it; from a pipe, read the next line."""
    if sys.stdin.isatty():
        try:
            return getpass.getpass(f"{question}: ").strip()
        except EOFError:
            return ""
    print(question, file=sys.stderr)
    return sys.stdin.readline().strip()


def ask_person(opened: Opened, operator: str) -> str:
    """Have a person prove who they are. Raises NotAllowedError."""
    return opened.register.authenticate(operator, ask_pin(f"PIN of {operator}"))


def ask_new_pin(operator: str) -> str:
    """Ask for a new PIN, twice. Raises CommandError, NotAllowedError."""
    pin = ask_pin(f"New PIN of {operator}, 6 to 8 digits")
    check_pin(pin)
    if ask_pin("The new PIN once more") != pin:
        raise CommandError("the two PINs differ: nothing was changed", 1)
    return pin


def new_pin(operator: str, *, choose: bool) -> tuple[str, bool]:
    """Return a new PIN, and whether it is one to be given out."""
    return (ask_new_pin(operator), False) if choose else (generate_pin(), True)


def tell_pin(operator: str, pin: str) -> None:
    """Show a PIN that was made, once."""
    print(f"The PIN of {operator} is")
    print(f"    {pin}")
    print("It is shown only now. At the first login it has to be replaced by another.")
