"""Who is answered follows the folder of identities, file by file, without a restart."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from greenline.matcher.registry import Registry
from greenline.protocol.keys import Identity, OpeningKey, SigningKey


@dataclass
class Watch:
    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


def identity(name: str) -> Identity:
    return Identity(name, SigningKey.generate().public, OpeningKey.generate().public)


def put(folder: Path, who: Identity) -> None:
    (folder / f"{who.name}.json").write_bytes(who.to_json())


def test_a_kiosk_is_known_once_its_file_is_there_and_until_it_goes(tmp_path: Path) -> None:
    watch, first, second = Watch(), identity("kiosk-01"), identity("kiosk-02")
    registry = Registry(tmp_path, watch)
    put(tmp_path, first)
    assert dict(registry) == {"kiosk-01": first}

    put(tmp_path, second)
    assert "kiosk-02" not in registry, "it looks once a second"
    watch.seconds = 1.0
    assert dict(registry) == {"kiosk-01": first, "kiosk-02": second}

    (tmp_path / "kiosk-01.json").unlink()
    watch.seconds = 2.0
    assert dict(registry) == {"kiosk-02": second}
    assert len(registry) == 1


def test_a_kiosks_new_keys_take_the_place_of_the_old(tmp_path: Path) -> None:
    watch, old, new = Watch(), identity("kiosk-01"), identity("kiosk-01")
    registry = Registry(tmp_path, watch)
    put(tmp_path, old)
    assert registry["kiosk-01"] == old

    put(tmp_path, new)
    watch.seconds = 1.0

    assert registry["kiosk-01"] == new


def test_a_file_that_cannot_be_read_makes_its_kiosk_unknown_and_nobody_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    watch = Watch()
    registry = Registry(tmp_path, watch)
    for name in ("kiosk-01", "kiosk-02"):
        put(tmp_path, identity(name))
    assert len(registry) == 2

    (tmp_path / "kiosk-01.json").write_bytes(b"{")
    watch.seconds = 1.0

    assert list(registry) == ["kiosk-02"]
    assert "kiosk not read" in caplog.messages


def test_a_folder_that_is_gone_knows_nobody(tmp_path: Path) -> None:
    watch = Watch()
    folder = tmp_path / "kiosks"
    folder.mkdir()
    put(folder, identity("kiosk-01"))
    registry = Registry(folder, watch)
    assert len(registry) == 1

    folder.rename(tmp_path / "elsewhere")
    watch.seconds = 1.0

    assert dict(registry) == {}
