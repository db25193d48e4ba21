"""Key files: secret ones belong to their owner alone, and say so when they do not."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from greenline.cli.errors import CommandError
from greenline.link.files import replace_file
from greenline.link.settings import LinkSettings, tls_context
from greenline.protocol.errors import ProtocolError
from greenline.protocol.keys import Identity, OpeningKey, SigningKey

_OTHERS = 0o077
_OUTSIDE_THE_GROUP = 0o027

_Key = TypeVar("_Key")


def read_signing_key(path: Path, *, by_group: bool = False) -> SigningKey:
    """Read a signing key; by_group: its group may read it too. Raises CommandError naming it."""
    data = read_secret(path, "signing key", by_group=by_group)
    return _named(path, SigningKey.from_pem, data)


def read_opening_key(path: Path) -> OpeningKey:
    """Read the private half of a sealing key. Raises CommandError naming the file."""
    return _named(path, OpeningKey.from_bytes, read_secret(path, "opening key"))


def read_identity(path: Path) -> Identity:
    """Read a public identity file. Raises CommandError naming the file."""
    return _named(path, Identity.from_json, _read(path, "identity"))


def read_identities(folder: Path) -> dict[str, Identity]:
    """Read all *.json identities of a folder, by name. Raises CommandError."""
    if not folder.is_dir():
        raise CommandError(f"the folder of kiosk identities {folder} is missing", 4)
    found = [read_identity(path) for path in sorted(folder.glob("*.json"))]
    by_name = {identity.name: identity for identity in found}
    if len(by_name) != len(found):
        raise CommandError(f"two identities in {folder} have the same name: remove one", 4)
    return by_name


def check_link(settings: LinkSettings) -> None:
    """Refuse a link that could never come up. Raises CommandError, LinkError with what to do."""
    tls_context(settings)
    _refuse_exposed(settings.key, "link key")


def keep_signing_key(path: Path, *, anew: bool = False) -> SigningKey:
    """Return the signing key of a file; made the first time, or anew. Raises CommandError."""
    if path.exists() and not anew:
        return read_signing_key(path)
    key = SigningKey.generate()
    write_secret(path, key.to_pem())
    return key


def keep_opening_key(path: Path, *, anew: bool = False) -> OpeningKey:
    """Return the opening key of a file; made the first time, or anew. Raises CommandError."""
    if path.exists() and not anew:
        return read_opening_key(path)
    key = OpeningKey.generate()
    write_secret(path, key.to_bytes())
    return key


def write_secret(path: Path, data: bytes) -> None:
    """Write a secret that only its owner may read, whole or not at all. Raises CommandError."""
    _write(path, data, 0o600)


def write_public(path: Path, data: bytes) -> None:
    """Write a file that everybody may read, whole or not at all. Raises CommandError."""
    _write(path, data, 0o644)


def _write(path: Path, data: bytes, mode: int) -> None:
    try:
        replace_file(path, data, mode)
    except OSError as fault:
        raise CommandError(f"{path} cannot be written: {fault.strerror}", 3) from fault


def _named(path: Path, read: Callable[[bytes], _Key], data: bytes) -> _Key:
    """Read a key; a fault gets the file's name."""
    try:
        return read(data)
    except ProtocolError as fault:
        raise CommandError(f"{path}: {fault}", 4) from fault


def read_secret(path: Path, what: str, *, by_group: bool = False) -> bytes:
    """Read a file that only its owner may read; by_group: its group too. Raises CommandError."""
    data = _read(path, what)
    _refuse_exposed(path, what, by_group=by_group)
    return data


def _refuse_exposed(path: Path, what: str, *, by_group: bool = False) -> None:
    if path.stat().st_mode & (_OUTSIDE_THE_GROUP if by_group else _OTHERS):
        mode = "640" if by_group else "600"
        raise CommandError(
            f"the {what} {path} can be read by others: run 'chmod {mode} {path}', and replace the "
            "key if somebody may have copied it",
            4,
        )


def _read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        raise CommandError(f"the {what} {path} cannot be read: {fault.strerror}", 4) from fault
