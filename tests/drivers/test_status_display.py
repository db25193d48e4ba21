"""The status display against its golden pictures.

Drawn anew by: python -m greenline.drivers.simulation.display_gallery tests/drivers/golden
"""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from greenline.drivers.simulation.display_gallery import EXAMPLES, contact_sheet, write
from greenline.drivers.status_display import (
    SIZE,
    DisplayState,
    KioskState,
    Link,
    age_words,
    draw,
)

GOLDEN = Path(__file__).parent / "golden"
NOON = datetime(2026, 5, 4, 12, 5, tzinfo=UTC)
STATE = DisplayState(KioskState.READY, Link.UP, 7, 60.0, "E21", "sensor", NOON)


def differ(one: Image.Image, two: Image.Image) -> bool:
    return ImageChops.logical_xor(one, two).getbbox() is not None


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_state_is_its_golden_picture(name: str) -> None:
    with Image.open(GOLDEN / f"{name}.png") as golden:
        assert golden.mode == "1"
        drawn = draw(EXAMPLES[name])
        assert (drawn.mode, drawn.size, golden.size) == ("1", SIZE, SIZE)
        assert not differ(drawn, golden)


def test_there_is_a_golden_picture_of_every_example_and_an_example_of_every_state() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(EXAMPLES)
    assert {state.state for state in EXAMPLES.values()} == set(KioskState)
    assert {state.link for state in EXAMPLES.values()} == set(Link)


@pytest.mark.parametrize(
    "change",
    [
        {"state": KioskState.BUSY},
        {"link": Link.DOWN},
        {"pending": 8},
        {"oldest_age_s": 120.0},
        {"fault_code": "E22"},
        {"fault_words": "camera"},
        {"clock": NOON + timedelta(minutes=1)},
        {"beat": False},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_changes_is_seen(change: dict[str, object]) -> None:
    assert set(change) <= {field.name for field in fields(DisplayState)}
    assert differ(draw(STATE), draw(replace(STATE, **change)))


@pytest.mark.parametrize("state", KioskState)
def test_every_state_has_a_word_of_its_own_and_a_beat_that_is_seen(state: KioskState) -> None:
    here = replace(STATE, state=state)
    assert len(state.value) <= 10
    others = [draw(replace(STATE, state=other)) for other in KioskState if other is not state]
    assert all(differ(draw(here), other) for other in others)
    assert differ(draw(here), draw(replace(here, beat=False)))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3.0, "0 s"),
        (0.0, "0 s"),
        (59.9, "59 s"),
        (60.0, "1 min"),
        (3599.0, "59 min"),
        (3600.0, "1 h 00 min"),
        (2 * 86400.0 - 1, "47 h 59 min"),
        (2 * 86400.0, "2 days"),
        (71 * 3600.0, "2 days"),
    ],
)
def test_an_age_is_said_in_units(seconds: float, words: str) -> None:
    assert age_words(seconds) == words


def test_the_clock_is_shown_in_utc_whatever_zone_it_came_in() -> None:
    there = NOON.astimezone(timezone(timedelta(hours=2)))
    assert not differ(draw(STATE), draw(replace(STATE, clock=there)))


def test_letters_that_the_font_lacks_are_question_marks() -> None:
    assert not differ(
        draw(replace(STATE, fault_words="датчик")), draw(replace(STATE, fault_words="??????"))
    )


def test_the_command_draws_the_golden_pictures(tmp_path: Path) -> None:
    write(tmp_path / "new")
    names = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert names == sorted(path.name for path in GOLDEN.iterdir())
    for name in names:
        with Image.open(tmp_path / "new" / name) as new, Image.open(GOLDEN / name) as old:
            assert not differ(new, old)


def test_the_contact_sheet_shows_every_example_enlarged() -> None:
    sheet = contact_sheet()
    first = draw(next(iter(EXAMPLES.values()))).resize((SIZE[0] * 3, SIZE[1] * 3)).convert("L")
    assert not ImageChops.difference(
        sheet.crop((8, 8, 8 + first.width, 8 + first.height)), first
    ).getbbox()
