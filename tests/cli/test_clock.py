"""`greenline clock`: the clock is raised to what somebody has signed, and never set back."""

import datetime
import errno
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509

from greenline.cli.clock import raised
from greenline.cli.errors import CommandError
from greenline.cli.site import Site
from greenline.cli.software import RELEASED
from greenline.firmware.clock import Kept
from greenline.firmware.clock_file import ClockFile, clock_beside
from greenline.firmware.key_file import KeyFile
from tests.cli.conftest import Told

Greenline = Callable[..., Told]
HOUR = datetime.timedelta(hours=1)


def written(when: datetime.datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ\n")


def certified(site: Site) -> datetime.datetime:
    own = x509.load_pem_x509_certificate((site.folder / "uplink.pem").read_bytes())
    return own.not_valid_before_utc


def keep(folder: Path, floor: datetime.datetime) -> None:
    """Leave what a kiosk has kept of its clock."""
    kept = Kept(int(floor.timestamp() * 1000), 0, bytes(16), 0)
    file = KeyFile(folder / "device.key")
    ClockFile(clock_beside(folder / "kiosk.store"), file.read() or file.make()).write(kept)


def test_the_floor_of_a_new_kiosk_is_its_certificate(greenline: Greenline, site: Site) -> None:
    told = greenline("clock", "floor", "--config", site.folder / "kiosk.toml")

    assert (told.code, told.out) == (0, written(max(RELEASED, certified(site))))


def test_the_floor_is_the_latest_time_that_was_signed(greenline: Greenline, site: Site) -> None:
    later = certified(site) + 30 * 24 * HOUR
    keep(site.folder, later)

    told = greenline("clock", "floor", "--config", site.folder / "kiosk.toml")

    assert told.out == written(later)


@pytest.mark.parametrize("harm", ["kiosk.store-clock", "device.key", "uplink.pem", "uplink.toml"])
def test_whatever_is_damaged_the_rest_still_counts(
    greenline: Greenline, site: Site, harm: str
) -> None:
    latest = max(RELEASED, certified(site))
    keep(site.folder, certified(site) - HOUR)
    (site.folder / harm).write_bytes(b"?")

    told = greenline("clock", "floor", "--config", site.folder / "kiosk.toml")

    assert told.code == 0
    assert written(RELEASED) <= told.out <= written(latest)


@pytest.mark.skipif(
    datetime.datetime.now(datetime.UTC) < RELEASED, reason="this machine's clock is wrong itself"
)
def test_a_clock_that_is_late_enough_is_left_alone(greenline: Greenline, site: Site) -> None:
    told = greenline("clock", "apply", "--config", site.folder / "kiosk.toml")

    assert told.code == 0
    assert "is not too early" in told.out


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC), [RELEASED.timestamp()]),
        (RELEASED - HOUR, [RELEASED.timestamp()]),
        (RELEASED, []),
        (RELEASED + 20 * 365 * 24 * HOUR, []),
    ],
)
def test_it_is_set_when_it_is_too_early_and_never_back(
    now: datetime.datetime, expected: list[float]
) -> None:
    told: list[float] = []

    assert raised(now, RELEASED, told.append) == bool(expected)

    assert told == expected


def test_without_the_right_to_set_it_the_sentence_says_so() -> None:
    def forbidden(_: float) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    with pytest.raises(CommandError, match="run this as root, at boot"):
        raised(RELEASED - HOUR, RELEASED, forbidden)
