"""`greenline wipe` when something is in its way: all else goes, and it is said what."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from greenline.cli.site import Site
from tests.cli.conftest import Told
from tests.cli.processes import Start
from tests.cli.test_wipe import WIPED, config, left

__all__ = ["config"]

Greenline = Callable[..., Told]
DESTROYED = "The keys are destroyed"


@pytest.fixture
def without_tpm(site: Site, config: Path) -> Path:
    """A kiosk that was used and whose TPM has gone."""
    site.start("kiosk").stop()
    text = config.read_text()
    assert text.count("[keys]\n") == 1
    told = '[keys]\nkind = "tpm"\ntpm = "device:/dev/no-tpm"\n'
    config.write_text(text.replace("[keys]\n", told))
    return config


def test_without_its_tpm_all_else_is_wiped(
    greenline: Greenline, site: Site, without_tpm: Path
) -> None:
    told = greenline("wipe", "--config", without_tpm, "--yes")

    assert told.code == 5
    assert told.sentence.startswith("not all of it was wiped: ")
    assert "tpm" in told.sentence.casefold()
    assert DESTROYED not in told.out
    assert left(site.folder) == {"kiosk.store-wiped", "device.key"}  # that no configuration names


def test_without_its_tpm_a_wipe_that_was_cut_short_is_ended(
    greenline: Greenline, site: Site, without_tpm: Path
) -> None:
    (site.folder / "kiosk.store-wiped").touch()

    assert greenline("kiosk", "--config", without_tpm).sentence == WIPED

    assert left(site.folder) == {"kiosk.store-wiped", "device.key"}


def test_a_kiosk_that_does_not_end_is_killed_before_the_keys_are_called_destroyed(
    greenline: Greenline, site: Site, start_process: Start, config: Path
) -> None:
    kiosk = start_process("kiosk")
    os.kill(kiosk.pid, signal.SIGSTOP)

    told = greenline("wipe", "--config", config, "--yes")

    assert (told.code, told.err) == (0, "")
    assert not kiosk.running
    assert kiosk.stop() == -signal.SIGKILL
    assert DESTROYED in told.out
    assert left(site.folder) == {"kiosk.store-wiped"}


@pytest.mark.parametrize("text", [None, "kiosk =\n"])
def test_a_link_key_beside_the_configuration_goes_whatever_the_uplinks_says(
    greenline: Greenline, site: Site, config: Path, text: str | None
) -> None:
    uplink = site.folder / "uplink.toml"
    own = [site.folder / "uplink.pem", site.folder / "uplink.pem.next-key"]
    for path in own:
        path.write_text("a key")
    if text is None:
        uplink.unlink()
    else:
        uplink.write_text(text)

    told = greenline("wipe", "--config", config, "--yes")

    assert not any(path.exists() for path in own)
    assert told.code == (0 if text is None else 5)
    assert (str(uplink) in told.err) == (text is not None)
    assert (DESTROYED in told.out) == (text is None)


def test_the_link_key_that_the_uplinks_configuration_names_goes_with_its_next(
    greenline: Greenline, site: Site, config: Path
) -> None:
    key = site.folder / "uplink.key"
    next_key = site.folder / "uplink.key.next-key"
    next_key.write_text("a key")

    assert greenline("wipe", "--config", config, "--yes").code == 0

    assert not key.exists()
    assert not next_key.exists()
