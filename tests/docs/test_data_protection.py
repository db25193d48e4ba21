"""The page on data protection: no property is left out, each test that it names exists."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "data-protection.md").read_text(encoding="utf-8")
IDS = (
    *range(1, 7), *range(10, 16), *range(20, 29), *range(30, 34), *range(40, 47), *range(50, 54),
)  # fmt: skip
STATES = ("held", "in part", "not held", "not yet", "does not apply")
ROW = re.compile(r"^\| (DP-\d\d) \| [^|]+ \| ([^|]+) \| (.+) \|$", re.MULTILINE)
MODELS = {
    "greenline-1": "minutiae",
    "leader-1": "minutiae",
    "greenline-utility-1": "quality of a fingerprint",
    "blazeface-short-range-1": "where a face is",
}
"""All that may be inferred from a picture here: nothing of a person's sex, age, origin, feeling."""


def test_each_property_has_one_row() -> None:
    assert [row[0] for row in ROW.findall(DOCUMENT)] == [f"DP-{number:02}" for number in IDS]


def test_each_row_says_how_far_it_is_held_and_what_is_held_names_a_test() -> None:
    for name, state, where in ROW.findall(DOCUMENT):
        assert state.startswith(STATES), name
        assert "`tests/" in where or not state.startswith("held"), name


@pytest.mark.parametrize("named", sorted(set(re.findall(r"`(tests/[^`]+)`", DOCUMENT))))
def test_each_named_test_exists(named: str) -> None:
    path, _, test = named.partition("::")
    text = (ROOT / path).read_text(encoding="utf-8")
    assert f"def {test}(" in text if test else "def test_" in text


def test_no_model_is_for_anything_but_fingers_and_finding_a_face() -> None:
    installed = json.loads((ROOT / "models" / "manifest.json").read_text(encoding="utf-8"))
    assert {each["model"] for each in installed["files"]} == set(MODELS)
    files = {path.name for path in ROOT.glob("models/**/*.tflite")}
    assert files == {each["name"] for each in installed["files"]}
