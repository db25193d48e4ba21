"""A kiosk's own keys: under one device key, in files or in a TPM, and of no use without it."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from greenline.cli.configuration import read_configuration, write_configuration
from greenline.cli.errors import CommandError
from greenline.cli.keyfiles import write_secret
from greenline.cli.own_keys import keep_own_keys, key_place, read_own_keys
from greenline.cli.site import Site
from greenline.firmware.config import KioskConfig, KioskKeys
from greenline.firmware.errors import DeviceKeyError
from greenline.protocol.keys import OpeningKey, SigningKey
from tests.cli.conftest import Told
from tests.firmware import swtpm

Greenline = Callable[..., Told]
Made = tuple[KioskKeys, Path]


@pytest.fixture(params=["file", pytest.param("tpm", marks=swtpm.needed)])
def keys(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[KioskKeys]:
    with contextlib.ExitStack() as ending:
        tpm = ""
        if request.param == "tpm":
            tpm = ending.enter_context(swtpm.running(tmp_path / "state"))
        folder = tmp_path / "kiosk"
        folder.mkdir()
        yield KioskKeys(
            folder / "signing", folder / "opening", folder / "matcher.json",
            kind=request.param, tpm=tpm,
        )  # fmt: skip


def test_what_is_made_is_read_again(keys: KioskKeys) -> None:
    with contextlib.closing(keep_own_keys(keys)) as made:
        wrapped = made.device.wrap(b"secret", b"")

    with contextlib.closing(read_own_keys(keys)) as again:
        assert again.signer.public == made.signer.public
        assert again.opener.to_bytes() == made.opener.to_bytes()
        made.signer.public.verify(again.signer.sign(b"message"), b"message")
        assert again.device.unwrap(wrapped, b"") == b"secret"


def test_keys_are_kept_unless_they_are_to_be_new(keys: KioskKeys) -> None:
    with contextlib.closing(keep_own_keys(keys)) as first:
        pass
    with contextlib.closing(keep_own_keys(keys)) as kept:
        assert kept.signer.public == first.signer.public
    with contextlib.closing(keep_own_keys(keys, anew=True)) as new:
        assert new.signer.public != first.signer.public
        assert new.opener.to_bytes() != first.opener.to_bytes()


def test_without_the_device_key_nothing_opens_and_it_is_said_why(keys: KioskKeys) -> None:
    with contextlib.closing(keep_own_keys(keys)) as made:
        key_place(keys).destroy()

    with pytest.raises(DeviceKeyError, match=r"has been wiped, .*: enrol it again"):
        read_own_keys(keys)

    with contextlib.closing(keep_own_keys(keys)) as new:  # as enrolling does
        assert new.signer.public != made.signer.public
    read_own_keys(keys).close()


def test_another_device_key_opens_nothing(keys: KioskKeys) -> None:
    keep_own_keys(keys).close()
    key_place(keys).make()

    with pytest.raises(DeviceKeyError, match=r"the signing key .* cannot be used .* enrol again"):
        read_own_keys(keys)


def test_no_file_but_the_device_keys_own_holds_a_secret_in_clear(keys: KioskKeys) -> None:
    made = keep_own_keys(keys)
    private = made.opener.to_bytes()
    files = [path for path in keys.signing.parent.iterdir() if path.name != "device.key"]
    written = b"".join(path.read_bytes() for path in files)

    assert len(files) == 2
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)
    assert b"PRIVATE KEY" not in written
    assert all(private[at : at + 16] not in written for at in range(0, len(private), 16))


def test_keys_of_an_earlier_version_are_used_as_they_are(tmp_path: Path) -> None:
    signing, opening = SigningKey.generate(), OpeningKey.generate()
    keys = KioskKeys(tmp_path / "signing.pem", tmp_path / "opening.key", tmp_path / "m.json")
    write_secret(keys.signing, signing.to_pem())
    write_secret(keys.opening, opening.to_bytes())

    for found in (read_own_keys(keys), keep_own_keys(keys)):
        assert found.signer.public == signing.public
        assert found.opener.to_bytes() == opening.to_bytes()


def test_earlier_opening_keys_are_read_too(tmp_path: Path) -> None:
    keys = KioskKeys(tmp_path / "signing", tmp_path / "opening", tmp_path / "m.json")
    old = keep_own_keys(keys).opener
    keys.opening.rename(tmp_path / "old")
    new = keep_own_keys(keys).opener

    found = read_own_keys(msgspec.structs.replace(keys, earlier_opening=(tmp_path / "old",)))

    assert found.opener.to_bytes() == new.to_bytes()
    assert [key.to_bytes() for key in found.earlier_openers] == [old.to_bytes()]


def test_a_tpm_that_is_not_there_is_told(tmp_path: Path) -> None:
    keys = KioskKeys(
        tmp_path / "s", tmp_path / "o", tmp_path / "m", kind="tpm", tpm=f"device:{tmp_path}/none"
    )

    with pytest.raises((DeviceKeyError, CommandError), match=r"cannot be opened|is not installed"):
        read_own_keys(keys)


def test_production_refuses_keys_in_files(greenline: Greenline, site: Site) -> None:
    path = site.folder / "kiosk.toml"
    settings = read_configuration(path, KioskConfig)
    write_configuration(path, msgspec.structs.replace(settings, production=True))

    told = greenline("kiosk", "--config", path)

    assert told.code == 4
    assert "production = true, but the keys lie in files: set keys.kind = 'tpm'" in told.sentence
