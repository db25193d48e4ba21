"""Configuration files: what is written is read back, and an unknown key is an error by name."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenline.cli.configuration import MOST_BYTES, read_configuration, write_configuration
from greenline.cli.errors import CommandError
from greenline.cli.simulate import ShelfFile
from greenline.drivers.oled import Controller
from greenline.firmware.config import (
    DisplayConfig,
    KeysConfig,
    KioskConfig,
    KioskKeys,
    LightConfig,
    LiveConfig,
    PanelConfig,
    SearchDefaults,
    UplinkConfig,
)
from greenline.link.settings import LinkSettings
from greenline.matcher.config import MatcherConfig, MatcherKeys

PATHS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])).map(Path)
SECONDS = st.floats(min_value=0.001, max_value=1e6)
WORDS = st.text()

LINKS = st.builds(
    LinkSettings,
    host=WORDS,
    client_id=WORDS,
    ca=PATHS,
    certificate=PATHS,
    key=PATHS,
    port=st.integers(1, 65535),
    backoff_longest_s=st.floats(1, 3600),
)
PINS = st.integers(0, 27)
PANELS = st.builds(
    PanelConfig,
    camera=st.none() | WORDS,
    lights=st.lists(st.builds(LightConfig, PINS, PINS, PINS, st.booleans()), max_size=3).map(tuple),
    buzzer=st.none() | PINS,
    keys=st.none() | st.builds(KeysConfig, PINS, PINS),
    display=st.none()
    | st.builds(DisplayConfig, st.sampled_from(Controller), WORDS, st.integers(3, 119)),
)
LIVES = st.builds(
    LiveConfig,
    early_stop=st.booleans(),
    good_quality=st.integers(0, 100),
    settle_s=st.floats(0, 1),
    preview_s=st.floats(1.5, 30),
    rescan_below=st.integers(0, 100),
)
KIOSKS = st.builds(
    KioskConfig,
    name=WORDS,
    sensor=WORDS,
    store=PATHS,
    socket=PATHS,
    keys=st.builds(KioskKeys, signing=PATHS, opening=PATHS, matcher=PATHS),
    search=st.builds(
        SearchDefaults,
        purpose=st.from_regex(r"\A[ -~]{1,64}\Z"),
        lists=st.lists(st.from_regex(r"\A[ -~]{1,64}\Z"), min_size=1, max_size=8).map(tuple),
    ),
    page_port=st.integers(0, 65535),
    minimum_quality=st.integers(0, 100),
    quality=WORDS,
    request_lifetime_h=st.floats(0.001, 72),
    resend_first_s=SECONDS,
    panel=PANELS,
    live=LIVES,
)
UPLINKS = st.builds(UplinkConfig, kiosk=WORDS, socket=PATHS, broker=LINKS)
MATCHERS = st.builds(
    MatcherConfig,
    name=WORDS,
    gallery=PATHS,
    ledger=PATHS,
    keys=st.builds(MatcherKeys, signing=PATHS, opening=PATHS, gallery=PATHS, kiosks=PATHS),
    broker=LINKS,
    threshold=st.floats(0.001, 1000),
    most_candidates=st.integers(1, 10),
)
SHELVES = st.builds(
    ShelfFile,
    groups=st.dictionaries(WORDS, st.lists(WORDS)),
    hidden=st.lists(WORDS),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(config=st.one_of(KIOSKS, UPLINKS, MATCHERS, SHELVES))
def test_what_is_written_is_read_back(
    tmp_path: Path, config: KioskConfig | UplinkConfig | MatcherConfig | ShelfFile
) -> None:
    path = tmp_path / "written.toml"

    write_configuration(path, config)

    assert read_configuration(path, type(config)) == config


def refusal(tmp_path: Path, text: str) -> str:
    path = tmp_path / "uplink.toml"
    path.write_text(text)
    with pytest.raises(CommandError) as refused:
        read_configuration(path, UplinkConfig)
    assert refused.value.exit_code == 4
    return str(refused.value).removeprefix(f"{path}: ")


UPLINK = 'kiosk = "a"\nsocket = "s"\n[broker]\nhost = "h"\nclient_id = "a"\n'
LINK = 'ca = "c"\ncertificate = "c"\nkey = "k"\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (UPLINK + LINK + "prot = 8883\n", "Object contains unknown field `prot` - at `$.broker`"),
        (UPLINK + 'ca = "c"\n', "Object missing required field `certificate` - at `$.broker`"),
        (UPLINK + LINK + 'port = "x"\n', "Expected `int`, got `str` - at `$.broker.port`"),
        (UPLINK + LINK + "backoff_first_s = nan\n", "at `$.broker.backoff_first_s`"),
        (UPLINK + LINK + "window = 0\n", "at `$.broker.window`"),
        ('kiosk = "a"\nkiosk = "b"\n', "Cannot overwrite a value"),
        ("kiosk = " + "9" * 5000, "a number in it is too long"),
        (UPLINK.replace('"s"', "7") + LINK, "a path is a text, and has no NUL in it"),
        (UPLINK.replace('"s"', r'"\u0000"') + LINK, "has no NUL in it - at `$.socket`"),
    ],
)
def test_a_wrong_key_is_named_with_its_table(tmp_path: Path, text: str, words: str) -> None:
    assert words in refusal(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a" + ".a" * 32 + " = 1", "more than 32 parts"),
        ("[a" + " . a" * 32 + "]", "more than 32 parts"),
        ("#" * (MOST_BYTES + 1), "larger than 65536 bytes"),
    ],
)
def test_what_would_take_python_minutes_is_not_even_read(
    tmp_path: Path, text: str, words: str
) -> None:
    path = tmp_path / "kiosk.toml"
    path.write_text(text)

    with pytest.raises(CommandError, match=words):
        read_configuration(path, KioskConfig)


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read: Is a directory"):
        read_configuration(tmp_path, UplinkConfig)


def test_a_preview_must_be_long_enough_for_a_finger_to_settle(tmp_path: Path) -> None:
    path = tmp_path / "kiosk.toml"
    path.write_text(
        'name = "a"\nsensor = "s"\nstore = "s"\nsocket = "s"\n'
        '[keys]\nsigning = "s"\nopening = "o"\nmatcher = "m"\n'
        '[search]\npurpose = "p"\nlists = ["l"]\n'
        "[live]\nsettle_s = 1.5\npreview_s = 1.5\n"
    )
    with pytest.raises(CommandError, match="settle_s must be shorter") as refused:
        read_configuration(path, KioskConfig)
    assert refused.value.exit_code == 4
    path.write_text(path.read_text().replace("settle_s = 1.5", "settle_s = 0.4"))
    assert read_configuration(path, KioskConfig).live == LiveConfig(settle_s=0.4, preview_s=1.5)
