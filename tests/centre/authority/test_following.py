"""What changes at the authority is published by itself, once."""

import datetime
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from greenline.centre.authority.authority import Authority
from greenline.centre.authority.errors import FolderError
from greenline.centre.authority.following import Follower
from greenline.centre.authority.publishing import prepare
from greenline.centre.authority.renewal import register
from greenline.centre.authority.revocation import Reason, revoke
from tests.centre.authority.asking import KIOSK, NOW, SITE, Clock, DeviceKeys, enrolled


@dataclass
class Broker:
    told: list[Path] = field(default_factory=list)

    def __call__(self, pid_file: Path) -> bool:
        self.told.append(pid_file)
        return True


def test_each_change_is_published_once_and_the_broker_told(
    authority: Authority, tmp_path: Path
) -> None:
    folder, clock, broker, keys = tmp_path / "published", Clock(), Broker(), DeviceKeys()
    prepare(authority, folder, "127.0.0.1", "")
    follower = Follower(authority, folder, clock, broker)
    registry = folder / "kiosks" / f"{KIOSK}.json"
    assert [follower.look(), follower.look()] == [True, False], "the first time, all"

    held = enrolled(authority, keys)
    assert follower.look() is False, "without keys a kiosk is nothing to the matcher"
    register(authority, held.der, keys.registration(held.fingerprint), NOW)
    assert [follower.look(), follower.look(), registry.exists()] == [True, False, True]

    revoke(authority, KIOSK, Reason.STOLEN, NOW)
    assert [follower.look(), follower.look(), registry.exists()] == [True, False, False]

    authority.roots.add(SITE.name, SITE.hosts, NOW)
    assert [follower.look(), follower.look()] == [True, False]
    assert (folder / "ca.pem").read_bytes() == authority.roots.bundle()

    clock.now += datetime.timedelta(days=1)
    assert [follower.look(), follower.look()] == [True, False], "lists are new each day"
    assert broker.told == [folder / "run" / "broker.pid"] * 5


def test_what_could_not_be_published_is_tried_again(authority: Authority, tmp_path: Path) -> None:
    folder = tmp_path / "published"
    follower = Follower(authority, folder, Clock(), Broker())
    with pytest.raises(FolderError, match="cannot be written"):
        follower.look()

    prepare(authority, folder, "127.0.0.1", "")

    assert follower.look() is True
