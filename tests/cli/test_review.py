"""`greenline review`: what the second person at the centre types, reads, and is refused."""

import contextlib
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from greenline.centre.examinations import Examinations
from greenline.centre.examinations_rows import Examiner, Question
from greenline.centre.examinations_tables import open_examinations
from greenline.cli.review_keys import EXAMINATIONS, read_public_key
from greenline.cli.review_page import drawing
from greenline.protocol.examination import (
    Examination,
    FingerQuality,
    encode_examination,
    examination_id,
)
from greenline.protocol.messages import (
    Candidate,
    Evidence,
    Outcome,
    Result,
    SearchedList,
)
from greenline.protocol.pairs import Place, encode_pairs
from tests.cli.conftest import Told

Greenline = Callable[..., Told]
FAR_MS = 9_000_000_000_000  # of any clock
REQUEST = b"r" * 16
WHICH = examination_id(REQUEST).hex()[:8]
PAIRS = [(Place(10 * n, 20, 1.0), Place(10 * n + 3, 25, 1.1)) for n in range(1, 8)]
RESULT = Result(
    Outcome.CANDIDATES, (Candidate("<case>-17", "watch", 4.2, 2, 1, relabelled=True),),
    (SearchedList("watch", 300, 1_000),), 1.0, 4.0, 1.0, 2_000, "test",
    evidence=Evidence(0, 2, encode_pairs(PAIRS)),
)  # fmt: skip


class Desk:
    """The review of a centre with one examiner, one stranger and one question."""

    def __init__(self, greenline: Greenline, folder: Path) -> None:
        self._greenline = greenline
        self.folder = folder / "review"
        self.key, self.stranger = folder / "my.key", folder / "other.key"
        assert self.run("create").code == 0
        for key in (self.key, self.stranger):
            assert greenline("review", "key", "--to", key).code == 0
        public = read_public_key(Path(f"{self.key}.pub")).encoded
        asked = Examination(REQUEST, "border-check", RESULT, "4711", (FingerQuality(2, 18),))
        with self.file() as file:
            file.replace_examiners([Examiner("4720", public)])
            file.add(
                Question(
                    examination_id(REQUEST), "kiosk-01", b"recipien", 1_000, FAR_MS,
                    encode_examination(asked),
                ),
                lambda: None,
            )  # fmt: skip

    def run(self, *arguments: object) -> Told:
        return self._greenline("review", *arguments, "--folder", self.folder)

    def show(self, out: Path, key: Path | None = None) -> Told:
        return self.run("show", WHICH, "--key", key or self.key, "--out", out)

    @contextlib.contextmanager
    def file(self) -> Iterator[Examinations]:
        with contextlib.closing(open_examinations(self.folder / EXAMINATIONS)) as database:
            yield Examinations(database)


@pytest.fixture
def desk(greenline: Greenline, tmp_path: Path) -> Desk:
    return Desk(greenline, tmp_path)


def test_an_examiner_looks_and_confirms(desk: Desk, tmp_path: Path) -> None:
    listed = desk.run("list")
    assert "kiosk-01" in listed.out
    assert "case" not in listed.out.replace("examination", "")

    out = tmp_path / "lead.html"
    assert desk.show(out).code == 0
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    page = out.read_text()
    assert "&lt;case&gt;-17" in page  # what a list's owner writes is never markup
    assert "<case>" not in page
    for words in (
        "Moderate likeness", "This is not proof", "it rests on one finger", "low quality",
        "other positions", "watch: 300 entries", "7 pairs",
    ):  # fmt: skip
        assert words in page
    assert page.count("<circle") == 2 * len(PAIRS)
    assert "<script" not in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")

    done = desk.run("confirm", WHICH, "--key", desk.key)
    assert "confirmed by 4720: the matcher sends it to kiosk-01" in done.out
    with desk.file() as file:
        assert len(file.outgoing()) == 1
    assert desk.run("list").out.splitlines()[1:] == ["confirmed 1"]
    assert "4720" in desk.run("list", "--all").out


def test_who_decides_has_looked_and_is_an_examiner(desk: Desk, tmp_path: Path) -> None:
    blind = desk.run("confirm", WHICH, "--key", desk.key)
    assert (blind.code, "look at the evidence first" in blind.err) == (1, True)

    out = tmp_path / "lead.html"
    stranger = desk.show(out, desk.stranger)
    assert (stranger.code, "no examiner's (any more)" in stranger.err) == (1, True)
    assert not out.exists()


def test_a_rejection_has_a_reason_of_the_table(desk: Desk, tmp_path: Path) -> None:
    desk.show(tmp_path / "lead.html")

    whim = desk.run("reject", WHICH, "--key", desk.key, "--reason", "whim")
    assert (whim.code, "other-person" in re.sub(r"\s+", " ", whim.err)) == (2, True)
    done = desk.run("reject", WHICH, "--key", desk.key, "--reason", "other-person")
    assert "rejected by 4720" in done.out
    gone = desk.run("reject", WHICH, "--key", desk.key, "--reason", "other-person")
    assert (gone.code, "no such examination is open" in gone.err) == (1, True)


def test_what_is_not_there_is_said_with_what_to_do(
    greenline: Greenline, desk: Desk, tmp_path: Path
) -> None:
    nowhere = greenline("review", "list", "--folder", tmp_path / "nowhere")
    assert (nowhere.code, "greenline review create" in nowhere.err) == (5, True)
    again = greenline("review", "key", "--to", desk.key)
    assert (again.code, "is there already" in again.err) == (3, True)


def test_pairs_that_lie_on_one_spot_are_drawn() -> None:
    spot = Place(7, 7, 0.0)

    assert drawing([(spot, spot)]).count("<circle") == 2
