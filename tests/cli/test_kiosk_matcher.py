"""`greenline kiosk renew` brings a rotated matcher's public keys, from a real authority."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from greenline.centre.authority.enrolment import allow
from greenline.centre.authority.revocation import Reason, revoke
from greenline.cli.keyfiles import read_identity
from greenline.protocol.keys import Identity
from tests.centre.authority.asking import KIOSK, SERIAL, matcher_identity
from tests.centre.authority.serving import Running, running
from tests.cli.conftest import Told

UNTIL_MS = 2_000_000_000_000


@dataclasses.dataclass
class Kiosk:
    """An enrolled kiosk, and its authority."""

    served: Running
    folder: Path
    greenline: Callable[..., Told]

    @property
    def matcher(self) -> Path:
        return self.folder / "matcher.json"

    def renew(self) -> Told:
        return self.greenline("kiosk", "renew", "--config", self.folder / "uplink.toml")

    def refused(self) -> tuple[int, str]:
        """Renew; returns code and sentence, once it is sure that the matcher's keys have stayed."""
        before = self.matcher.read_bytes()
        told = self.renew()
        assert self.matcher.read_bytes() == before
        return told.code, told.sentence


@pytest.fixture
def kiosk(tmp_path: Path, greenline: Callable[..., Told]) -> Iterator[Kiosk]:
    with running(tmp_path / "centre") as served:
        code = allow(served.authority, SERIAL, KIOSK, served.clock.now)
        folder = tmp_path / "kiosk"
        told = greenline(
            "kiosk", "enrol", "--authority", served.url, "--serial", SERIAL, "--code", code,
            "--ca", served.roots, "--folder", folder,
        )  # fmt: skip
        assert told.code == 0
        yield Kiosk(served, folder, greenline)


def rotated(kiosk: Kiosk) -> Identity:
    """Give the matcher new keys, as `greenline rotate` and `authority publish` do."""
    before = read_identity(kiosk.matcher)
    made = matcher_identity().succeeding(before, UNTIL_MS)
    kiosk.served.authority.set_matcher(made)
    return made


def test_while_the_matcher_has_the_keys_that_we_know_nothing_is_written(kiosk: Kiosk) -> None:
    before = kiosk.matcher.stat().st_mtime_ns

    told = kiosk.renew()

    assert (told.code, told.out.endswith("matcher-01 has the keys that we know.\n")) == (0, True)
    assert kiosk.matcher.stat().st_mtime_ns == before


def test_a_rotated_matchers_keys_reach_the_kiosk_with_the_earlier_ones(kiosk: Kiosk) -> None:
    made = rotated(kiosk)

    told = kiosk.renew()

    assert (told.code, told.err) == (0, "")
    assert f"matcher-01 has new keys: {kiosk.matcher} is replaced. Restart the kiosk" in told.out
    assert read_identity(kiosk.matcher) == made
    assert kiosk.matcher.stat().st_mode & 0o777 == 0o644
    assert "has the keys that we know" in kiosk.renew().out


def test_another_matcher_is_refused_and_told(kiosk: Kiosk) -> None:
    kiosk.served.authority.set_matcher(dataclasses.replace(matcher_identity(), name="matcher-02"))

    code, sentence = kiosk.refused()

    assert (code, "names another matcher, matcher-02, than" in sentence) == (4, True)


def test_keys_older_than_ours_are_not_taken_back(kiosk: Kiosk) -> None:
    """They were brought by hand, and the centre has not published them yet."""
    kiosk.matcher.write_bytes(
        matcher_identity().succeeding(read_identity(kiosk.matcher), UNTIL_MS).to_json()
    )
    before = kiosk.matcher.read_bytes()

    told = kiosk.renew()

    assert (told.code, "that are older than ours, which stay" in told.out) == (0, True)
    assert kiosk.matcher.read_bytes() == before


def test_a_revoked_kiosk_hears_nothing_of_them(kiosk: Kiosk) -> None:
    rotated(kiosk)
    revoke(kiosk.served.authority, KIOSK, Reason.STOLEN, kiosk.served.clock.now)

    code, sentence = kiosk.refused()

    assert (code, "this certificate was revoked: ask the centre" in sentence) == (1, True)


def test_the_path_is_closed_without_a_certificate(kiosk: Kiosk) -> None:
    status, body, _ = kiosk.served.ask("GET", "/greenline/place")

    assert (status, b"needs the client certificate" in body) == (401, True)


def test_a_folder_of_another_kiosks_configuration_is_told(kiosk: Kiosk) -> None:
    rotated(kiosk)
    config = kiosk.folder / "kiosk.toml"
    config.write_text(config.read_text().replace(f'name = "{KIOSK}"', 'name = "kiosk-08"'))

    code, sentence = kiosk.refused()

    assert (code, "knows this device as kiosk-07" in sentence) == (4, True)


def test_without_the_kiosks_configuration_the_certificate_alone_is_looked_at(kiosk: Kiosk) -> None:
    rotated(kiosk)
    before = kiosk.matcher.read_bytes()
    (kiosk.folder / "kiosk.toml").unlink()

    told = kiosk.renew()

    assert (told.code, "the matcher's keys were not looked at" in told.out) == (0, True)
    assert kiosk.matcher.read_bytes() == before


def test_a_disk_that_takes_no_more_leaves_the_keys_that_there_are(kiosk: Kiosk) -> None:
    rotated(kiosk)
    (kiosk.folder / "matcher.json.new").mkdir()

    code, sentence = kiosk.refused()

    assert (code, "matcher.json cannot be written: Is a directory" in sentence) == (3, True)
