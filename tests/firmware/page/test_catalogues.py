"""What is read in each language: nothing is missing, nothing is left over, every hole is filled."""

import json
import re

import pytest

from greenline.firmware.case_rules import LANGUAGES as OF_NOTICES
from greenline.protocol.wording import FORBIDDEN
from tests.firmware.page.catalogues import LANGUAGES, NOTICES, catalogue, forms, sentences
from tests.firmware.page.sentences import of_the_kiosk, of_the_page, shape
from tests.firmware.page.serbian import latin, latin_catalogue

_CYRILLIC = ("идентификован", "терор", "криминал", "злочин", "кривац", "криви су", "је крив")
VERDICTS = {
    "en": FORBIDDEN,
    "fr": ("identifié", "terroris", "coupable", "criminel"),
    "sq": ("identifikua", "terroris", "fajtor", "kriminel", "kriminal"),
    "sr-Cyrl": _CYRILLIC,
    "sr-Latn": tuple(map(latin, _CYRILLIC)),
    "mk": ("идентификуван", "терор", "криминал", "злосторник", "виновн", "виновен"),
    "ar": ("إرهاب", "مجرم", "مذنب", "تحديد هوية", "تم التعرف"),
}
"""What no language may call a person, as it begins or stands in it."""

_HOLE = re.compile(r"\{(\w+)\}")
# CLDR's cardinal categories that a whole number may be in, but those for none and for millions.
CATEGORIES = {
    "en": {"one", "other"},
    "fr": {"one", "other"},
    "sq": {"one", "other"},
    "sr-Cyrl": {"one", "few", "other"},
    "sr-Latn": {"one", "few", "other"},
    "mk": {"one", "other"},
    "ar": {"one", "two", "few", "many", "other"},
}
TRANSLATED = [language for language in LANGUAGES if language != "en"]
# What may read the same in English and elsewhere: names, units, words that both have.
SAME_LENGTH = 12


def eastern_digits(text: str) -> list[str]:
    return re.findall(r"[\u0660-\u0669\u06f0-\u06f9]", text)


def verdicts(language: str, text: str) -> list[str]:
    return [word for word in VERDICTS[language] if word in text.lower()]


def test_the_english_catalogue_has_each_sentence_of_page_and_kiosk_and_no_other() -> None:
    page, kiosk, there = of_the_page(), of_the_kiosk(), set(sentences("en"))

    assert page - there == set()
    assert kiosk - {shape(sentence) for sentence in there} == set()
    assert {each for each in there - page if shape(each) not in kiosk} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_catalogue_lacks_a_sentence(language: str) -> None:
    assert set(sentences(language)) == set(sentences("en"))
    assert all(form.strip() for found in sentences(language).values() for form in forms(found))


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_form_has_the_holes_of_its_sentence(language: str) -> None:
    """A number may be told by the form alone, as Arabic does for one and two."""
    wrong = {}
    for sentence, found in sentences(language).items():
        holes = set(_HOLE.findall(sentence))
        for form in forms(found):
            filled = set(_HOLE.findall(form))
            if filled != holes and (isinstance(found, str) or filled | {"n"} != holes):
                wrong[sentence] = form

    assert wrong == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_with_forms_has_those_of_its_language(language: str) -> None:
    found = [each for each in sentences(language).values() if not isinstance(each, str)]

    assert found != []
    assert [set(each) - {"zero"} for each in found] == [CATEGORIES[language]] * len(found)


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_is_one_and_says_whether_a_person_has_reviewed_it(language: str) -> None:
    assert catalogue(language)["language"] == language
    assert catalogue(language)["reviewed"] is False
    english = [
        sentence
        for sentence, found in sentences(language).items()
        if found == sentence and len(_HOLE.sub("", sentence)) > SAME_LENGTH
    ]
    assert english == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_digits_are_western_and_no_word_is_a_verdict(language: str) -> None:
    text = json.dumps(sentences(language), ensure_ascii=False)

    assert eastern_digits(text) == []
    assert verdicts(language, text) == []


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "The person is Guilty"), ("fr", "La personne est coupable"),
        ("sq", "Personi është fajtor"), ("sr-Cyrl", "Особа је терориста"),
        ("sr-Latn", "Osoba je terorista"), ("mk", "Лицето е идентификувано"),
        ("ar", "الشخص مجرم"),
    ],
)  # fmt: skip
def test_a_verdict_would_be_found(language: str, sentence: str) -> None:
    assert verdicts(language, sentence) != []


def test_digits_that_are_not_western_would_be_found() -> None:
    assert eastern_digits("بقي ٣ أصابع") == ["٣"]
    assert eastern_digits("۴") == ["۴"]
    assert eastern_digits("بقي 3 أصابع") == []
    for path in NOTICES.glob("*.json"):
        assert eastern_digits(path.read_text("utf-8")) == []


def test_serbian_in_latin_letters_is_the_cyrillic_by_a_table() -> None:
    assert catalogue("sr-Latn") == latin_catalogue()
    assert (
        re.findall(r"[\u0400-\u04ff]", json.dumps(catalogue("sr-Latn"), ensure_ascii=False)) == []
    )
    assert latin("Џеп, њива, Љубав: ђак") == "Džep, njiva, Ljubav: đak"


def test_each_notice_is_there_in_each_language() -> None:
    found = [json.loads(path.read_text("utf-8")) for path in sorted(NOTICES.glob("*.json"))]

    assert found != []
    for notice in found:
        languages = notice["languages"]
        assert set(languages) == set(OF_NOTICES) == set(LANGUAGES)
        assert len({len(text["paragraphs"]) for text in languages.values()}) == 1
        assert languages["sr-Latn"] == latin(languages["sr-Cyrl"])
