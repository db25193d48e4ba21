"""What kiosk and update call the same: the release that runs, and the variables of a start."""

from importlib.metadata import version
from pathlib import Path

import msgspec
import pytest

from greenline.cli import kiosk_health
from greenline.cli.kiosk_health import health_parts, kiosk_software, running_release, update_parts
from greenline.cli.update_config import DirectoryConfig, UpdateConfig, boot_of, keeping_of
from greenline.firmware import health
from greenline.firmware.clock import Clock
from greenline.firmware.config import KioskConfig, KioskKeys, SearchDefaults, UpdateFiles
from greenline.ota import launcher, release_name
from greenline.ota.directories import lay_out
from greenline.ota.slots import Slot
from tests.firmware.audit_logs import Clocks
from tests.ota.machines import make_release


def settings(update: UpdateFiles | None) -> KioskConfig:
    keys = KioskKeys(Path("s.pem"), Path("o.key"), Path("m.json"))
    return KioskConfig(
        "kiosk-01", "serial:/dev/x", Path("/data/kiosk.store"), Path("u.sock"), keys,
        SearchDefaults("border-check", ("watch-list",)), update=update, late_after_s=60,
    )  # fmt: skip


def clock() -> Clock:
    return Clock(Clocks(), None, lambda _: None, 0)


def test_both_sides_name_the_variables_of_a_start_alike() -> None:
    assert kiosk_health.RELEASE_VARIABLE == release_name.RELEASE_VARIABLE
    assert health.START_VARIABLE == launcher.START_VARIABLE


def test_both_sides_look_for_the_files_at_the_same_places(tmp_path: Path) -> None:
    usual = {field.name: field.default for field in msgspec.structs.fields(UpdateConfig)}
    ours = UpdateFiles()

    assert (ours.health, ours.busy) == (usual["health"], usual["busy"])
    assert ours.history == usual["records"] / "history.jsonl"
    assert ours.status == usual["state"] / "status.json"
    config = UpdateConfig(
        device="kiosk-01", hardware="rpi4", root=Path("root.json"), state=tmp_path / "state",
        records=tmp_path / "records", boot=DirectoryConfig(tmp_path / "slots"),
    )  # fmt: skip
    for folder in (config.records, config.state):
        folder.mkdir()
    lay_out(tmp_path / "slots").start()
    keeping_of(config, boot_of(config)).history.add("tried", "b", "2")
    assert (config.records / "history.jsonl").exists()


def test_from_a_slot_the_software_is_the_slots_release(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    slot = Slot("a", tmp_path / "image", tmp_path / "index.json")
    assert release_name.release_variable(slot) == {}
    slot.index.write_bytes(make_release("2.1.0-rc.1").signed)
    for name, value in release_name.release_variable(slot).items():
        monkeypatch.setenv(name, value)

    assert (running_release(), kiosk_software()) == ("2.1.0-rc.1", "greenline 2.1.0-rc.1")


@pytest.mark.parametrize("named", ["", "two words", "x" * 65, "\xe9", "a\nb"])
def test_without_a_name_that_can_be_one_it_is_the_packages(
    monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    monkeypatch.setenv("GREENLINE_RELEASE", named)

    assert (running_release(), kiosk_software()) == ("", f"greenline {version('greenline')}")


def test_the_longest_name_still_fits_into_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GREENLINE_RELEASE", "x" * 64)

    assert len(kiosk_software()) == 64
    assert running_release() == "x" * 64


def test_a_kiosk_that_is_not_updated_by_us_has_neither() -> None:
    assert health_parts(settings(None), clock(), lambda: True) is None
    assert update_parts(settings(None)) is None


def test_the_parts_are_those_of_the_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GREENLINE_RELEASE", "2")
    files = UpdateFiles(Path("/h"), Path("/b"), Path("/hist"), Path("/st"))

    reported = health_parts(settings(files), clock(), lambda: True)
    told = update_parts(settings(files))

    assert reported is not None
    assert (reported.file, reported.busy, reported.software) == (Path("/h"), Path("/b"), "2")
    assert reported.late_after_s == 60
    assert told is not None
    assert (told.history, told.status, told.release) == (Path("/hist"), Path("/st"), "2")
    assert told.noted == Path("/data/kiosk.store-updates")
