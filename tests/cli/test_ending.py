"""Each process of a site, told to end, gives back what it holds and says that all went well."""

from pathlib import Path

import pytest

from greenline.cli.children import greenline, started
from greenline.cli.site import Site
from tests.cli.conftest import SET
from tests.cli.processes import Start


@pytest.mark.parametrize("name", ["kiosk", "uplink", "matcher"])
def test_a_process_that_is_told_to_end_ends_well(
    site: Site, start_process: Start, name: str
) -> None:
    child = start_process(name)
    held = {path.name for path in site.folder.iterdir()}

    assert child.stop() == 0

    of_a_running_kiosk = {"uplink.sock", "kiosk.store-wal"}
    assert of_a_running_kiosk & held == (of_a_running_kiosk if name == "kiosk" else set())
    assert of_a_running_kiosk & {path.name for path in site.folder.iterdir()} == set()


def test_a_simulator_that_is_told_to_end_removes_its_link(prints: Path, tmp_path: Path) -> None:
    link = tmp_path / "sensor"
    child = started(
        "sensor simulator",
        greenline("simulate", "--prints", prints / SET, "--link", link, "--port", "0"),
        tmp_path / "simulator.log",
        lambda child: child.wait_for_event("ready"),
    )
    assert link.is_symlink()

    assert child.stop() == 0

    assert not link.is_symlink()
