"""How a sentence is looked up: forms by number, what the kiosk has filled in, what is missing."""

import pytest
from playwright.sync_api import Page

from tests.firmware.page.catalogues import sentences
from tests.firmware.page.checkpoint import Desk

WORDS = """async ([language, how, ...rest]) =>
  (await (await import("/words.js")).wordsIn(language))[how](...rest)"""
WAITING = "{n} not checked yet, oldest {age}"


def ask(page: Page, language: str, how: str, *rest: object) -> str:
    found: str = page.evaluate(WORDS, [language, how, *rest])
    return found.replace("\u2068", "").replace("\u2069", "")


@pytest.mark.parametrize(
    ("language", "numbers"),
    [
        ("en", {1: "one", 2: "other", 0: "other"}),
        ("fr", {0: "one", 1: "one", 2: "other"}),
        ("sr-Cyrl", {1: "one", 3: "few", 5: "other", 21: "one", 11: "other", 22: "few"}),
        ("sr-Latn", {1: "one", 3: "few", 5: "other", 21: "one", 11: "other", 22: "few"}),
        ("mk", {1: "one", 2: "other", 21: "one", 11: "other"}),
        ("ar", {1: "one", 2: "two", 3: "few", 11: "many", 100: "other", 103: "few"}),
    ],
)
def test_the_form_follows_the_number(page: Page, language: str, numbers: dict[int, str]) -> None:
    sentence = "{list} ({n} entries, changed {date})"
    forms = sentences(language)[sentence]
    assert isinstance(forms, dict)

    for number, category in numbers.items():
        told = ask(page, language, "t", sentence, {"n": number, "list": "L", "date": "D"})
        filled = forms[category].replace("{list}", "L").replace("{date}", "D")
        assert told == filled.replace("{n}", str(number))


def test_digits_are_western_and_grouped_as_the_language_has_it(page: Page) -> None:
    assert ask(page, "en", "number", 12345) == "12,345"
    assert ask(page, "fr", "number", 12345) == "12\u202f345"
    assert ask(page, "ar", "number", 12345) == "12,345"


WIPE = "Wipe the sensor, then place a finger"
FULL = "the memory card is full"


@pytest.mark.parametrize(
    ("said", "parts"),
    [
        ("Ready", ["Ready"]),
        (f"{WIPE}. Lift the finger", [WIPE]),
        ("Nobody can log in: Too many wrong tries.", ["Too many wrong tries."]),
        (f"The update to release 2.1 was undone: {FULL} [no-space]", [FULL]),
    ],
)
def test_what_the_kiosk_has_put_together_is_translated_in_its_parts(
    page: Page, said: str, parts: list[str]
) -> None:
    told = ask(page, "mk", "said", said)

    assert [part for part in parts if str(sentences("mk")[part]) not in told] == []
    assert [word for word in said.split() if len(word) > 3 and word in told] == []


def test_what_a_device_says_of_itself_stays_as_it_is(page: Page) -> None:
    words = "The camera said something of its own"

    assert ask(page, "mk", "said", words) == words


def test_a_sentence_that_is_missing_stands_in_english_and_is_counted(
    desk: Desk, page: Page
) -> None:
    lacking = {**sentences("fr")}
    del lacking["Menu"]
    page.route("**/words/fr.json", lambda route: route.fulfill(json={"sentences": lacking}))
    page.evaluate("localStorage.setItem('greenline-language', 'fr')")
    page.reload()
    page.locator('html[lang="fr"] #menu').wait_for()

    assert page.locator("#menu").inner_text() == "Menu"
    assert page.locator("html").get_attribute("data-untranslated") == "1"
