"""`greenline rotate`: new keys for the matcher, and whoever uses the old ones is still served."""

import datetime
from collections.abc import Callable
from pathlib import Path

import pytest

from greenline.cli.configuration import read_configuration
from greenline.cli.keyfiles import read_identity, read_opening_key, read_signing_key
from greenline.cli.site import MATCHER, Site
from greenline.matcher.config import MatcherConfig
from greenline.protocol.keys import Identity
from tests.cli.conftest import Told
from tests.line.conftest import ENROLLED, UNKNOWN, Checkpoint, checkpoint, extractor, prints

__all__ = ["checkpoint", "extractor", "prints"]

Greenline = Callable[..., Told]


def day(days: int) -> str:
    when = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)
    return f"{when:%Y-%m-%d}"


def known(site: Site) -> Identity:
    return read_identity(site.folder / f"{MATCHER}.json")


def test_the_new_identity_names_the_old_key_and_the_configuration_keeps_the_old_pair(
    site: Site, greenline: Greenline
) -> None:
    before, config = known(site), site.matcher_config

    told = greenline("rotate", "--config", config, "--until", day(30))

    assert (told.code, told.err) == (0, "")
    after, keys = known(site), read_configuration(config, MatcherConfig).keys
    assert after.verify == read_signing_key(keys.signing).public != before.verify
    assert after.seal == read_opening_key(keys.opening).public != before.seal
    (old,) = keys.earlier
    assert read_signing_key(old.signing).public == before.verify
    assert read_opening_key(old.opening).public == before.seal
    until_ms = int(old.until.timestamp() * 1000)
    assert [(each.verify, each.until_ms) for each in after.earlier] == [(before.verify, until_ms)]
    assert "matcher-01.json to every kiosk" in told.out
    assert "greenline authority publish" in told.out
    assert old.signing.stat().st_mode & 0o777 == old.opening.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("leftover", ["opening alone", "both", "after the opening key"])
def test_an_interrupted_rotation_goes_on_where_it_was(
    site: Site, greenline: Greenline, tmp_path: Path, leftover: str
) -> None:
    """The files as they lie after a power cut at each step that changes something."""
    config, before = site.matcher_config, known(site)
    keys = read_configuration(config, MatcherConfig).keys
    files = {path: path.read_bytes() for path in (keys.signing, keys.opening)}
    greenline("rotate", "--config", config, "--until", day(30))
    wanted, new = known(site), {path: path.read_bytes() for path in files}
    made = {path: path.with_name(f"{path.name}.next") for path in files}
    if leftover == "opening alone":  # the next signing key was not made yet
        config.write_bytes(config.with_name(f"{config.name}.before").read_bytes())
        put_back(files, keys.signing, keys.opening)
        put_next(made[keys.opening], new[keys.opening])
    elif leftover == "both":
        put_back(files, keys.signing, keys.opening)
        for path, data in new.items():
            put_next(made[path], data)
    else:
        put_back(files, keys.signing)
        put_next(made[keys.signing], new[keys.signing])

    told = greenline("rotate", "--config", config, "--until", day(30))

    assert (told.code, told.err) == (0, "")
    after = known(site)
    assert after.seal == wanted.seal
    assert [each.verify for each in after.earlier] == [before.verify]
    assert after.verify == read_signing_key(keys.signing).public
    assert leftover == "opening alone" or after == wanted
    assert not any(path.exists() for path in made.values())


def put_back(files: dict[Path, bytes], *paths: Path) -> None:
    for path in paths:
        path.write_bytes(files[path])


def put_next(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    path.chmod(0o600)


def test_several_rotations_keep_each_pair_until_its_time(site: Site, greenline: Greenline) -> None:
    seen = [known(site).verify]
    for number in range(4):
        assert (
            greenline("rotate", "--config", site.matcher_config, "--until", day(30 + number)).code
            == 0
        )
        seen.insert(0, known(site).verify)

    now = known(site)
    assert [now.verify, *(each.verify for each in now.earlier)] == seen
    refused = greenline("rotate", "--config", site.matcher_config, "--until", day(40))
    assert refused.code == 4
    assert known(site) == now


def test_too_short_a_time_is_refused_and_nothing_changed(site: Site, greenline: Greenline) -> None:
    before = {path: path.read_bytes() for path in site.folder.glob("*") if path.is_file()}

    told = greenline("rotate", "--config", site.matcher_config, "--until", day(2))

    assert told.code == 2
    assert "72 hours" in told.sentence
    assert {path: path.read_bytes() for path in site.folder.glob("*") if path.is_file()} == before


def test_a_request_that_waits_in_a_kiosk_is_answered_after_the_matcher_has_new_keys(
    checkpoint: Checkpoint, greenline: Greenline
) -> None:
    """Taken before the rotation, answered after it; then the kiosk is told and asks the new key."""
    site = checkpoint.site
    checkpoint.start("kiosk")
    waiting = checkpoint.take(ENROLLED)
    old_identity = (site.folder / f"{MATCHER}.json").read_bytes()
    assert greenline("rotate", "--config", site.matcher_config, "--until", day(30)).code == 0
    new_identity = (site.folder / f"{MATCHER}.json").read_bytes()

    (site.folder / f"{MATCHER}.json").write_bytes(old_identity)  # this kiosk has not heard of it
    checkpoint.start("broker", "matcher", "uplink")
    answer = checkpoint.answer(waiting)
    assert [each["reference"] for each in answer["candidates"]] == [f"entry-{ENROLLED}"]
    checkpoint.kill("kiosk")
    (site.folder / f"{MATCHER}.json").write_bytes(new_identity)
    checkpoint.start("kiosk")

    assert checkpoint.answer(waiting)["candidates"] == answer["candidates"]
    assert checkpoint.answer(checkpoint.take(UNKNOWN))["outcome"] == "none"
