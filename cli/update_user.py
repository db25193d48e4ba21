"""Becomes the update client's user: a technician who types the command as root must not have to."""

import os
import pwd
from pathlib import Path

from greenline.cli.errors import CommandError
from greenline.cli.update_config import UpdateConfig
from greenline.ota.durable import make_folder, on_card


def become_client(settings: UpdateConfig, config: Path) -> None:
    """Give up root's rights where the installer has a door: what is fetched is the client's.

    Else root's files would lie in the client's folder, and its next run could not go on. Raises
    CommandError, CardError.
    """
    if settings.door is None or os.geteuid() != 0:
        return
    user = client_user(settings, config)
    with on_card(settings.state):
        make_folder(settings.state)
        os.chown(settings.state, user.pw_uid, user.pw_gid)
    os.initgroups(user.pw_name, user.pw_gid)
    os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
    os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)


def client_user(settings: UpdateConfig, config: Path) -> pwd.struct_passwd:
    """Return the client's user. Raises CommandError."""
    try:
        return pwd.getpwnam(settings.client)
    except KeyError as fault:
        words = f"{config}: client: there is no user {settings.client!r} here: make it, or name "
        raise CommandError(words + "another", 4) from fault
