"""The keys of examiners: made by themselves, entered by a supervisor, told to the review."""

import contextlib
from pathlib import Path

import msgspec

from greenline.centre.examinations import Examinations
from greenline.centre.examinations_rows import Examiner
from greenline.centre.examinations_tables import open_examinations
from greenline.centre.operators import Register
from greenline.cli.errors import CommandError
from greenline.cli.keyfiles import write_public, write_secret
from greenline.protocol.errors import ProtocolError
from greenline.protocol.keys import SigningKey, VerifyKey
from greenline.protocol.operators import EXAMINING

EXAMINATIONS = "examinations.db"


def make_key(path: Path) -> Path:
    """Make an examiner's key in a new file; return that of its public half. Raises CommandError."""
    if path.exists():
        raise CommandError(f"{path} is there already: give another name", 3)
    key = SigningKey.generate()
    write_secret(path, key.to_pem())
    public = path.with_name(f"{path.name}.pub")
    write_public(public, key.public.encoded.hex().encode() + b"\n")
    return public


def read_public_key(path: Path) -> VerifyKey:
    """Read the public half. Raises CommandError."""
    try:
        return VerifyKey(bytes.fromhex(path.read_text("ascii").strip()))
    except OSError as fault:
        raise CommandError(f"the key {path} cannot be read: {fault.strerror}", 3) from fault
    except (ValueError, ProtocolError) as fault:
        raise CommandError(f"{path} is not what 'greenline review key' made: {fault}", 3) from fault


def tell_examiners(folder: Path, register: Register) -> None:
    """Tell the review who may examine now. Raises ExaminationsError."""
    examiners = [
        Examiner(account.entry.id, account.entry.verdict_key)
        for account in register.accounts()
        if account.entry.role in EXAMINING
        and not account.entry.revoked
        and account.entry.verdict_key is not msgspec.UNSET
    ]
    with contextlib.closing(open_examinations(folder / EXAMINATIONS)) as database:
        Examinations(database).replace_examiners(examiners)
    print(f"{folder}: {len(examiners)} may examine leads.")
