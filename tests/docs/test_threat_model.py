"""docs/threat-model.md: each claim has a test that exists, or says that nothing defends."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "threat-model.md").read_text()
ROWS = [
    line
    for line in DOCUMENT.split("## Thief of a card")[1].split("## Not defended")[0].splitlines()
    if line.startswith("| ") and not line.startswith("| wants")
]


def test_each_claim_names_a_test_or_says_that_nothing_defends() -> None:
    assert len(ROWS) > 50
    for row in ROWS:
        *_, claim, holder, _ = row.split("|")
        assert "`tests/" in holder or (holder.strip() == "-" and "**not defended**" in claim), row


@pytest.mark.parametrize("named", sorted(set(re.findall(r"`(tests/[^`]+)`", DOCUMENT))))
def test_each_named_test_exists(named: str) -> None:
    path, _, test = named.partition("::")
    text = (ROOT / path).read_text()
    assert f"def {test}(" in text if test else "def test_" in text
