"""`greenline release`: the signers' half. Keys, signatures, and what becomes of a key."""

import datetime
import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer
from securesystemslib.signer import SSlibKey

from greenline.cli.errors import CommandError
from greenline.cli.release_status import next_step
from greenline.ota.desk import Desk, desk_at
from greenline.ota.drafting import replace_key, replace_online_key
from greenline.ota.errors import KeyFileError
from greenline.ota.keyfile import (
    LEAST_PASSPHRASE,
    check_name,
    make_key,
    name_of,
    read_private,
    read_public,
)
from greenline.ota.repository import ONLINE, Office
from greenline.ota.signing import check_contents, may_sign, newest_root, sign, standings
from greenline.ota.telling import tell_root, tell_targets

Folder = Annotated[Path, typer.Argument(help="The release office's folder.")]
New = Annotated[Path | None, typer.Option(help="The public key that takes over, NAME.pub.")]


def make(
    name: Annotated[str, typer.Argument(help="The key's name, as alice-root: a-z, 0-9, hyphens.")],
    folder: Annotated[Path, typer.Option(help="Where to write NAME.pem and NAME.pub.")] = Path(),
) -> None:
    """Make a signer's key, on the signer's own machine."""
    check_name(name)
    private, public = folder / f"{name}.pem", folder / f"{name}.pub"
    passphrase = ask_new_passphrase()
    shown = make_key(private, public, passphrase)
    print(f"{private} is yours alone: keep it, and a copy of it, where nobody else comes.")
    print(f"{public} goes to the release office. Its fingerprint, to compare by telephone:")
    print(f"    {shown}")


def sign_drafts(
    folder: Annotated[Path, typer.Argument(help="The office's folder, or its desk on a stick.")],
    key: Annotated[Path, typer.Option(help="Your private key, NAME.pem.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: I have read it before.")] = False,
) -> None:
    """Sign what lies on the desk: shows it in words, asks, adds your signature."""
    desk = desk_at(folder)
    check_contents(desk)
    public = key.with_suffix(".pub")
    # Without the public half beside it, both drafts are shown: the key itself is opened last.
    if public.exists():
        may_sign(desk, read_public(public).keyid)
    for line in (*tell_root(desk), *tell_targets(desk)):
        print(line)
    if not yes and _ask("Sign this? Type yes") != "yes":
        raise CommandError("nothing was signed", 1)
    signer = read_private(key, ask_secret(f"Passphrase of {key.name}"))
    for role in sign(desk, signer, _now()):
        print(f"Your signature on {role} is added.")
    tell_standings(desk)


def tell_standings(desk: Desk) -> None:
    """Say how far each draft is."""
    for standing in standings(desk):
        print(f"{standing.words()}.")


def rotate_key(
    folder: Folder,
    old: Annotated[
        str, typer.Argument(help="The key that goes: a signer's, or snapshot or timestamp.")
    ],
    new: New = None,
) -> None:
    """Replace a key as planned: draft the root that names another one."""
    office = Office(folder)
    with office.held():
        _replace(office, old, _public(new), planned=True)
    print(f"Once this root is published, devices count {old} no more.")
    next_step(office)


def add_key(
    folder: Folder,
    role: Annotated[str, typer.Option(help="root or targets.")],
    new: Annotated[Path, typer.Option(help="The public key that joins, NAME.pub.")],
) -> None:
    """Let one more signer sign, as after a key was revoked without another."""
    if role not in {"root", "targets"}:
        raise CommandError(f"--role is root or targets, not {role!r}", 2)
    office = Office(folder)
    with office.held():
        replace_key(office, role, None, read_public(new), _now())
    next_step(office)


def revoke(
    folder: Folder,
    name: Annotated[
        str, typer.Argument(help="The key that was lost or stolen, or snapshot or timestamp.")
    ],
    new: New = None,
) -> None:
    """Let devices no longer count a key that was lost or stolen. Do it the same day."""
    office = Office(folder)
    with office.held():
        _replace(office, name, _public(new), planned=False)
    print(f"Devices count {name} until this root is published: have it signed at once.")
    if new is None and name not in ONLINE:
        print("One key fewer can sign: bring in another with 'greenline release add-key'.")
    next_step(office)


def ask_secret(question: str) -> str:
    """Ask for a passphrase without showing it; from a pipe, read the next line."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    try:
        return getpass.getpass(f"{question}: ")
    except EOFError:
        return ""


def ask_new_passphrase() -> str:
    """Ask for a new passphrase, twice. Raises CommandError."""
    first = ask_secret(f"A new passphrase, {LEAST_PASSPHRASE} characters or more")
    if ask_secret("The passphrase once more") != first:
        raise CommandError("the two passphrases differ: no key was made", 1)
    return first


def _replace(office: Office, old: str, new: SSlibKey | None, *, planned: bool) -> None:
    if old in ONLINE:
        if new is not None:
            raise CommandError(f"the key of {old} is made here: leave out --new", 2)
        replace_online_key(office, old, _now())
        return
    if planned and new is None:
        raise CommandError("--new is missing: the public key that takes over", 2)
    replace_key(office, _role_of(office, old), old, new, _now())


def _role_of(office: Office, name: str) -> str:
    """Return what a signer signs. Raises KeyFileError, OfficeError."""
    office.days()
    root = newest_root(office.desk)
    held = {
        name_of(root.keys[keyid]): role
        for role in ("root", "targets")
        for keyid in root.roles[role].keyids
    }
    if name not in held:
        raise KeyFileError(f"nobody called {name} signs here; those who do: {', '.join(held)}")
    return held[name]


def _public(new: Path | None) -> SSlibKey | None:
    return None if new is None else read_public(new)


def _ask(question: str) -> str:
    print(f"{question}: ", end="", flush=True)
    return sys.stdin.readline().strip()


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
