"""What broker and matcher need of the authority, in one folder: made, renewed and kept up to date.

`greenline authority publish` does it when a site is set up, each day, and after each change: roots,
revocation lists, the kiosks' public keys, and the certificates of broker and matcher themselves.
Every file is replaced as a whole, and only when it is another.
"""

import datetime
import os
import pwd
import signal
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from greenline.centre.authority.authority import Authority, is_current
from greenline.centre.authority.errors import FolderError
from greenline.centre.authority.files import PUBLIC, SECRET, write_file
from greenline.centre.authority.issuing import issue
from greenline.centre.authority.records import devices
from greenline.centre.authority.requests import KeyRequest
from greenline.centre.authority.revocation import revocation_lists, shut_out
from greenline.centre.broker import (
    BROKER_PID,
    DEFAULT_USER,
    MOST_MATCHERS,
    matcher_client,
    operators_client,
    with_shut_out,
    write_configuration,
)
from greenline.centre.certificates import Credential

REGISTRY = "kiosks"
MATCHER_LINK = "matcher-link.pem"
ACCESS = "access.conf"
OPERATORS_LINK = "operators-link.pem"
_BROKER = "broker.pem"
_PID_SETTING = "pid_file "


def prepare(authority: Authority, folder: Path, address: str, user: str) -> None:
    """Make a folder and the broker's configuration in it, unless they are there.

    address: where the broker listens. user: the account it runs as, empty: Mosquitto's own.
    Root gives that account the folder of the pid file, and with it broker.pem. Raises FolderError.
    """
    site = authority.site()
    try:
        (folder / REGISTRY).mkdir(parents=True, exist_ok=True)
        if not (folder / "mosquitto.conf").exists():
            _make_run(folder / BROKER_PID, user)
            write_configuration(
                folder, site.broker_port, site.matcher, address, user, of_authority=True
            )
    except OSError as fault:
        raise FolderError(f"{folder} cannot be used: {fault.strerror}") from fault


def publish(authority: Authority, folder: Path, now: datetime.datetime) -> list[str]:
    """Bring a prepared folder up to date; returns the names of the files that changed.

    The revocation lists are new each time. Raises FolderError.
    """
    site = authority.site()
    return [
        *put(folder / "ca.pem", authority.roots.bundle()),
        *_broker_certificate(authority, folder / _BROKER, now),
        *client_certificate(authority, folder / MATCHER_LINK, site.matcher, now),
        *_matcher_certificates(authority, folder, site.matcher, now),
        *client_certificate(
            authority, folder / OPERATORS_LINK, operators_client(site.matcher), now
        ),
        *_registry(authority, folder / REGISTRY),
        *_access(authority, folder / ACCESS, now),
        *put(folder / "crl.pem", revocation_lists(authority, now)),
    ]


def _make_run(pid_file: Path, user: str) -> None:
    """Make the folder that the broker writes to. Raises FolderError, OSError."""
    run = pid_file.parent
    run.mkdir(exist_ok=True)
    if os.geteuid() != 0:
        return  # whoever starts the broker is its account
    try:
        known = pwd.getpwnam(user or DEFAULT_USER)
    except KeyError:
        if user:
            run.rmdir()
            raise FolderError(f"there is no account {user!r}: install the broker first") from None
        return  # the broker is on another machine, or not installed yet
    os.chown(run, known.pw_uid, known.pw_gid)


def broker_pid(folder: Path) -> Path:
    """Return where the broker of a prepared folder writes its process id. Raises FolderError."""
    path = folder / "mosquitto.conf"
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        raise FolderError(f"{path} cannot be read: {fault}") from fault
    found = [line.removeprefix(_PID_SETTING) for line in lines if line.startswith(_PID_SETTING)]
    return Path(found[-1].strip()) if found else folder / BROKER_PID


def matcher_link(part: int) -> str:
    """Return the name of the file with key and certificate of one of several matchers."""
    return f"matcher-link-{part}.pem"


def matchers_in(folder: Path) -> list[int]:
    """Return which parts of a split have been published to a folder; none: one matcher alone."""
    parts = range(1, MOST_MATCHERS + 1)
    return [part for part in parts if (folder / matcher_link(part)).exists()]


def tell_broker(pid_file: Path, send: Callable[[int, int], None] = os.kill) -> bool:
    """Have a broker read its files anew (SIGHUP); False when none is running.

    Raises FolderError when its process id cannot be read or it may not be told.
    """
    try:
        text = pid_file.read_text()
    except FileNotFoundError:
        return False
    except OSError as fault:
        raise FolderError(f"{pid_file} cannot be read: {fault.strerror}") from fault
    if not text.strip().isdigit() or int(text) < 2:
        raise FolderError(f"{pid_file} holds no process id")
    if not _is_broker(int(text)):
        return False
    try:
        send(int(text), signal.SIGHUP)
    except OSError as fault:
        raise FolderError(
            f"the broker (process {int(text)}) cannot be told: {fault.strerror}; run this as root"
        ) from fault
    return True


def _is_broker(pid: int) -> bool:
    """Say whether a process is a broker: after a crash its number may be another program's."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip() == "mosquitto"
    except OSError:
        return False


def _registry(authority: Authority, folder: Path) -> list[str]:
    """Write each registered kiosk's identity, and remove those that are no longer."""
    wanted = {
        f"{device.kiosk}.json": device.identity
        for device in devices(authority.database)
        if device.identity is not None
    }
    changed = []
    for name, identity in wanted.items():
        changed += put(folder / name, identity)
    for path in folder.glob("*.json"):
        if path.name not in wanted:
            path.unlink(missing_ok=True)
            changed.append(f"{REGISTRY}/{path.name}")
    return changed


def _access(authority: Authority, path: Path, now: datetime.datetime) -> list[str]:
    """Shut out who was revoked; what else stands in the file is not ours to change."""
    try:
        before = path.read_text()
    except (OSError, UnicodeDecodeError) as fault:
        raise FolderError(f"{path} cannot be read: {fault}") from fault
    return put(path, with_shut_out(before, shut_out(authority, now)).encode())


def _broker_certificate(authority: Authority, path: Path, now: datetime.datetime) -> list[str]:
    root, signer = authority.roots.for_servers()
    if is_current(path, root, now):
        return []
    made = signer.issue_server(list(authority.site().hosts), now)
    new = not path.exists()
    changed = put(path, made.key_pem + made.certificate_pem, SECRET)
    if new:  # from then on it keeps its owner
        _give_broker(path)
    return changed


def _give_broker(path: Path) -> None:
    """Let the account that owns the pid file's folder read a secret. Raises FolderError."""
    run = (path.parent / BROKER_PID).parent
    if os.geteuid() != 0 or not run.is_dir():
        return
    try:
        owner = run.stat()
        os.chown(path, owner.st_uid, owner.st_gid)
    except OSError as fault:
        raise FolderError(f"{path} cannot be given to the broker: {fault.strerror}") from fault


def _matcher_certificates(
    authority: Authority, folder: Path, matcher: str, now: datetime.datetime
) -> list[str]:
    changed = []
    for part in matchers_in(folder):
        name = matcher_client(matcher, part)
        changed += client_certificate(authority, folder / matcher_link(part), name, now)
    return changed


def client_certificate(
    authority: Authority, path: Path, name: str, now: datetime.datetime
) -> list[str]:
    """Write a key and a certificate under a name, if it is time; return the file's name then."""
    root, _ = authority.roots.for_clients()
    if is_current(path, root, now):
        return []
    key = ec.generate_private_key(ec.SECP256R1())
    with authority.database.write():
        issued = issue(authority, name, KeyRequest(key.public_key(), name), now)
    made = Credential(issued.certificate, key)
    return put(path, made.key_pem + made.certificate_pem, SECRET)


def put(path: Path, data: bytes, mode: int = PUBLIC) -> list[str]:
    """Write a file if it is another than it was; return its name then."""
    try:
        if path.read_bytes() == data:
            return []
    except FileNotFoundError:
        pass
    except OSError as fault:
        raise FolderError(f"{path} cannot be read: {fault.strerror}") from fault
    write_file(path, data, mode)
    return [path.name]
