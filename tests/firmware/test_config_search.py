"""What is searched for: a list that nobody keeps says no "no match", unless a site wants it."""

from pathlib import Path

import msgspec

from greenline.cli.configuration import read_configuration, toml_of
from greenline.cli.site import SiteOptions, build_site
from greenline.firmware.config import KioskConfig, SearchDefaults

MONTH_MS = 30 * 24 * 3_600_000


def test_a_list_has_an_age_at_which_it_is_too_old_though_nobody_says_one() -> None:
    assert SearchDefaults("border-check", ("watch",)).list_age_ms == MONTH_MS
    written = toml_of(SearchDefaults("border-check", ("watch",)))
    assert "list_age_h = 720.0" in written.splitlines()
    assert msgspec.toml.decode(written, type=SearchDefaults).list_age_ms == MONTH_MS


def test_the_demo_names_the_age_of_its_list_and_on_what_ground_it_takes_fingers(
    tmp_path: Path,
) -> None:
    build_site(tmp_path / "demo", SiteOptions())
    path = tmp_path / "demo" / "kiosk.toml"
    kiosk = read_configuration(path, KioskConfig)

    assert "list_age_h = 720.0" in path.read_text().splitlines()
    assert [each.code for each in kiosk.case.purposes] == [kiosk.search.purpose]
    assert [each.legal_basis for each in kiosk.case.purposes] == ["demonstration"]
