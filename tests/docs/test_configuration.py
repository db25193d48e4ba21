"""docs/configuration.md cannot rot: its examples are read, its tables are those of the structs."""

import itertools
import re
from pathlib import Path

import msgspec
import pytest

from greenline.cli import __main__ as command_line
from greenline.cli.configuration import read_configuration
from greenline.drivers.camera_urls import parse_camera
from greenline.drivers.errors import SensorUrlError
from greenline.drivers.urls import check_sensor_url
from greenline.firmware.board import FAULT_CODES
from greenline.firmware.config import (
    DisplayConfig,
    KeysConfig,
    KioskConfig,
    LightConfig,
    OperatorsConfig,
    UpdateFiles,
    UplinkConfig,
)
from greenline.firmware.config_case import PurposeConfig
from greenline.firmware.status import NO_SCREEN_CODE
from greenline.link.settings import LinkSettings
from greenline.matcher.config import EarlierKeys, MatcherConfig
from greenline.protocol.topics import check_name

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"
FILES: dict[str, type[msgspec.Struct]] = {
    "kiosk.toml": KioskConfig,
    "uplink.toml": UplinkConfig,
    "matcher.toml": MatcherConfig,
}
TABLES: dict[str, type[msgspec.Struct]] = {
    **FILES,
    "The table broker": LinkSettings,
    "A table panel.lights": LightConfig,
    "A table case.purposes": PurposeConfig,
    "The table operators": OperatorsConfig,
    "The table update": UpdateFiles,
    "The table panel.keys": KeysConfig,
    "The table panel.display": DisplayConfig,
    "A table keys.earlier": EarlierKeys,
}


def table(title: str, folder: Path) -> dict[str, object]:
    """Return a table of the examples as plain values."""
    if title in FILES:
        return dict(msgspec.to_builtins(example(title, folder), enc_hook=str))
    path = title.rsplit(maxsplit=1)[-1].split(".")
    name = {"broker": "uplink.toml", "keys": "matcher.toml"}.get(path[0], "kiosk.toml")
    found = msgspec.to_builtins(example(name, folder), enc_hook=str)
    for step in path:
        found = found[step]
    return dict(found if isinstance(found, dict) else found[0])


def section(title: str) -> str:
    """Return the text under a heading, up to the next heading of any depth."""
    found = re.search(
        rf"^#+ {re.escape(title)}\n(.*?)(?=^#+ |\Z)", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL
    )
    assert found is not None, title
    return found[1]


def rows(title: str) -> list[list[str]]:
    """Return the cells of a section's table, without its head."""
    lines = section(title).splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("|"))
    # A table ends with its first other line: what comes after a blank one is no part of it.
    lines = list(itertools.takewhile(lambda line: line.startswith("|"), lines[first:]))
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def example(name: str, folder: Path) -> msgspec.Struct:
    """Read an example as the command would."""
    (text,) = re.findall(r"```toml\n(.*?)```", section(name), re.DOTALL)
    path = folder / name
    path.write_text(text)
    return read_configuration(path, FILES[name])


def keys(kind: type[msgspec.Struct], prefix: str = "") -> dict[str, str]:
    """Return each key of a configuration with its default; other tables than broker opened."""
    found: dict[str, str] = {}
    for field in msgspec.structs.fields(kind):
        inner = field.type
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct) and inner != LinkSettings:
            found.update(keys(inner, f"{prefix}{field.name}."))
        elif field.required:
            found[prefix + field.name] = "required"
        else:
            found[prefix + field.name] = f"`{field.default}`"
    return found


@pytest.mark.parametrize("name", FILES)
def test_each_example_is_a_configuration(tmp_path: Path, name: str) -> None:
    assert isinstance(example(name, tmp_path), FILES[name])


@pytest.mark.parametrize("title", TABLES)
def test_each_key_is_described_with_its_default(title: str) -> None:
    described = {row[0].strip("`"): row[2] for row in rows(title)}

    assert described == keys(TABLES[title])


RANGE = re.compile(r"(\d+)(?:-| to )(\d+)")
NUMBERS = [
    (title, row[0].strip("`"), row[1])
    for title in TABLES
    for row in rows(title)
    if re.match(r"\d+-|hours|seconds|number", row[1])
]


@pytest.mark.parametrize(("title", "key", "described"), NUMBERS)
def test_each_range_is_the_one_that_is_enforced(
    tmp_path: Path, title: str, key: str, described: str
) -> None:
    kind = TABLES[title]
    whole = table(title, tmp_path)
    *outer, last = key.split(".")
    between = RANGE.search(described)
    most = re.search(r"at most (\d+)", described)
    if between:
        inside, outside = (
            [int(between[1]), int(between[2])],
            [-1 + int(between[1]), 1 + int(between[2])],
        )
    else:
        assert "above 0" in described
        inside, outside = [0.001, float(most[1]) if most else 1e9], [0.0, -1.0]
        outside += [float(most[1]) * 1.001] if most else []

    def accepted(value: float) -> bool:
        changed = msgspec.json.decode(msgspec.json.encode(whole))
        place = changed
        for step in outer:
            place = place[step]
        place[last] = value
        try:
            msgspec.convert(changed, kind, dec_hook=lambda to, text: to(text))
        except msgspec.ValidationError:
            return False
        return True

    assert [accepted(value) for value in inside] == [True] * len(inside)
    assert [accepted(value) for value in outside] == [False] * len(outside)


def test_the_number_of_lists_is_the_one_that_is_enforced(tmp_path: Path) -> None:
    (described,) = [row[1] for row in rows("kiosk.toml") if row[0] == "`search.lists`"]
    whole = msgspec.to_builtins(example("kiosk.toml", tmp_path), enc_hook=str)

    def accepted(count: int) -> bool:
        search = {"purpose": "p", "lists": ["x"] * count}
        try:
            msgspec.convert(
                {**whole, "search": search}, KioskConfig, dec_hook=lambda to, text: to(text)
            )
        except msgspec.ValidationError:
            return False
        return True

    assert described == "1 to 8 texts"
    assert [accepted(count) for count in (0, 1, 8, 9)] == [False, True, True, False]


def test_names_in_the_examples_are_names_and_fit_together(tmp_path: Path) -> None:
    kiosk, uplink, matcher = (example(name, tmp_path) for name in FILES)
    assert isinstance(kiosk, KioskConfig)
    assert isinstance(uplink, UplinkConfig)
    assert isinstance(matcher, MatcherConfig)

    assert check_name(kiosk.name) == uplink.kiosk == uplink.broker.client_id
    assert kiosk.socket == uplink.socket
    assert check_name(matcher.name) == matcher.broker.client_id


def test_each_address_of_a_sensor_can_be_meant() -> None:
    addresses = [row[0].strip("`") for row in rows("Sensor addresses")]

    assert len(addresses) == 8
    for address in addresses:
        check_sensor_url(address)
    with pytest.raises(SensorUrlError):
        check_sensor_url(addresses[-1] + "9x")


def test_each_address_of_a_camera_can_be_meant() -> None:
    addresses = [row[0].strip("`") for row in rows("Camera addresses")]

    kinds = [parse_camera(address)[0] for address in addresses]
    assert kinds == ["picamera", "v4l2", "v4l2", "picamera", "folder"]


def test_each_fault_code_is_listed_once() -> None:
    listed = [row[0] for row in rows("Fault codes")]

    assert listed == sorted({*FAULT_CODES.values(), NO_SCREEN_CODE})


def test_each_exit_code_is_listed() -> None:
    listed = [int(row[0]) for row in rows("Exit codes")]

    described = {int(code) for code in re.findall(r"\b\d+\b", command_line.__doc__ or "")}
    assert listed == sorted(described)
