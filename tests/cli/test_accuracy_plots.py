"""`greenline bench accuracy --plots`: DET curves and histograms, one of each a set, and pooled."""

import itertools
import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from greenline.cli.accuracy_plots import (
    POOLED,
    THRESHOLDS,
    Group,
    bin_width,
    det,
    group,
    histograms,
    write_plots,
)
from greenline.cli.errors import CommandError
from greenline.cli.models_bench_det import Panel, draw
from greenline.cli.models_bench_rates import number_pairs
from tests.cli.conftest import SET, Told

Greenline = Callable[..., Told]
SVG = "{http://www.w3.org/2000/svg}"
SIDE = 400


def groups(*sets: str, fingers: int = 5, impressions: int = 4) -> list[Group]:
    """Scores that overlap: impostors about 1, pairs of one finger about 5."""
    rng = np.random.default_rng(1)
    pairs, scores = [], []
    for name in sets:
        prints = [f"{name}/{f}_{i}" for f in range(fingers) for i in range(impressions)]
        for a, b in itertools.combinations(prints, 2):
            same = a.rpartition("_")[0] == b.rpartition("_")[0]
            pairs.append((a, b))
            scores.append(max(0.0, rng.normal(5 if same else 1, 1.5)))
    return group(number_pairs(pairs), np.array(scores))


def parsed(panels: list[Panel]) -> ElementTree.Element:
    return ElementTree.fromstring(draw(panels))  # noqa: S314  # our own


def read(path: Path) -> ElementTree.Element:
    return ElementTree.fromstring(path.read_text("utf-8"))  # noqa: S314  # our own


def curves(root: ElementTree.Element) -> list[str]:
    """Return what each curve is called; the lines of axes and legend have no title."""
    titles = (path.find(f"{SVG}title") for path in root.iter(f"{SVG}path"))
    return [title.text or "" for title in titles if title is not None]


def texts(root: ElementTree.Element) -> list[str]:
    return [text.text or "" for text in root.iter(f"{SVG}text")]


def test_each_set_has_a_curve_and_so_have_all_together() -> None:
    found = [label.partition(":")[0] for label in curves(parsed([det(groups("A", "B", "C"))]))]

    assert found == ["A", "B", "C", POOLED]


def test_a_single_set_is_not_pooled_with_itself() -> None:
    assert [each.name for each in groups("A")] == ["A"]


def test_the_groups_are_the_sets_scores() -> None:
    a, b, pooled = groups("A", "B")

    assert len(a.scores) == len(b.scores) == math.comb(20, 2)
    assert a.genuine.sum() == b.genuine.sum() == 5 * math.comb(4, 2)
    assert np.array_equal(pooled.scores, np.concatenate([a.scores, b.scores]))
    assert np.array_equal(pooled.genuine, np.concatenate([a.genuine, b.genuine]))


def test_the_thresholds_are_marked_where_their_errors_are() -> None:
    scores = np.array([2.0, 3.0, 4.0, 5.0, 0.0, 1.0, 3.0, 3.5])
    one = Group("A", scores, np.arange(8) < 4)

    marks = det([one]).marks

    assert [(mark.label, mark.across, mark.up) for mark in marks] == [
        ("at a score of 3", 0.5, 0.25),
        ("at a score of 4", 0.0, 0.5),
    ]
    # No false match at 4, and more are missed than the axis shows: the corner at the top left.
    (square, _) = parsed([det([one])]).findall(f".//{SVG}rect[@width='8']")
    assert (square.attrib["x"], square.attrib["y"]) == ("-4.0", "-4.0")


def test_every_mark_lies_on_its_curve() -> None:
    panel = det(groups("A", "B"))

    for line in panel.lines:
        (fmr, fnmr) = line.across, line.up
        on_curve = set(zip(fmr.round(9), fnmr.round(9), strict=True))
        marks = [mark for mark in panel.marks if mark.colour == line.colour]
        assert len(marks) == len(THRESHOLDS)
        assert {(round(mark.across, 9), round(mark.up, 9)) for mark in marks} <= on_curve


def test_the_legend_names_curves_and_marks_once() -> None:
    root = parsed([det(groups("A", "B"))])

    written = texts(root)
    assert [written.count(f"at a score of {threshold:g}") for threshold in THRESHOLDS] == [1, 1]
    assert all(written.count(label) == 1 for label in curves(root))
    assert len(list(root.iter(f"{SVG}circle"))) == 3 + 1  # of A, B and all, and the legend's


def test_the_axes_are_named_with_units() -> None:
    shown = texts(parsed([det(groups("A"))])) + texts(parsed(histograms(groups("A"))))

    assert {
        "false match rate, percent",
        "false non-match rate, percent",
        "score, about -log10 of the false match rate",
    } <= set(shown)
    assert [
        words for words in shown if re.fullmatch(r"pairs in each [\d.]+ of score, percent", words)
    ]


def test_no_colour_is_near_to_red_and_no_two_curves_look_alike() -> None:
    panel = det(groups("A", "B", "C", "D", "E", "F", "G"))

    looks = [(line.colour, line.dash) for line in panel.lines]
    assert len(set(looks)) == len(looks) == 8
    assert looks[-1] == (0, 0)
    for colour in re.findall(r'"#(\w{6})"', draw([panel, *histograms(groups("A"))])):
        red, green, blue = bytes.fromhex(colour)
        assert red < 150 or max(green, blue) > 100, colour


def test_each_set_has_a_histogram_of_both_kinds_of_pairs() -> None:
    panels = histograms(groups("A", "B"))

    assert [panel.title.partition(":")[0] for panel in panels] == ["A", "B", POOLED]
    assert panels[0].title == "A: 30 genuine, 160 impostor pairs"
    kinds = ["genuine pairs", "impostor pairs"]
    assert curves(parsed(panels)) == kinds * 3
    assert all(panel.guides == THRESHOLDS for panel in panels)
    bare = Counter(texts(parsed([replace(panel, guides=()) for panel in panels])))
    assert Counter(texts(parsed(panels))) - bare == {"3": 3, "4": 3, "scores of 3 and 4": 1}


def test_a_histogram_holds_every_score_once() -> None:
    for panel in histograms(groups("A", "B")):
        for line in panel.lines:
            assert line.up.sum() == pytest.approx(100)
            assert line.up[-1] == 0
            assert (np.diff(line.across) < 0).all()
            assert line.across[-1] == 0


def test_a_score_lies_in_the_bin_that_it_belongs_to() -> None:
    scores = np.array([0.0, 0.0, 7.3, 7.3])
    (panel,) = histograms([Group("A", scores, np.array([False, False, True, True]))])

    genuine, impostor = panel.lines
    width = bin_width(8)
    # The curve comes from the right: a bin's height stands at its right edge.
    (at,) = genuine.across[genuine.up > 0]
    assert at - width <= 7.3 < at
    assert impostor.across[impostor.up > 0].tolist() == [width]


@pytest.mark.parametrize("top", [5, 8, 19, 45, 80, 81, 1234, 5.0e6])
def test_bins_are_round_and_neither_too_many_nor_too_few(top: float) -> None:
    width = bin_width(top)

    assert 30 <= top / width <= 80
    assert f"{width:e}".partition("e")[0].rstrip("0") in {"1.", "2.5", "5."}


def test_curves_stay_inside_their_axes() -> None:
    for panel in (det(groups("A", "B")), *histograms(groups("A", "B"))):
        for path in parsed([panel]).iter(f"{SVG}path"):
            if path.find(f"{SVG}title") is not None:
                places = [float(number) for number in re.findall(r"[\d.]+", path.attrib["d"])]
                assert 0 <= min(places) <= max(places) <= SIDE


def test_a_single_pair_is_seen_in_the_histogram() -> None:
    scores = np.concatenate([np.zeros(9999), [4.2], np.full(100, 9.0)])
    (panel,) = histograms([Group("A", scores, np.arange(10100) >= 10000)])

    lone = panel.up.place(100 / 10000)
    assert 0.05 < lone < 0.3
    assert panel.up.place(0) == 0
    assert panel.up.place(100) == 1


def test_panels_stand_in_rows_of_three() -> None:
    root = parsed(histograms(groups("A", "B", "C", "D")))

    places = [
        tuple(map(int, re.findall(r"\d+", each.attrib["transform"])))
        for each in root.iter(f"{SVG}g")
        if each.find(f"{SVG}rect") is not None
    ]
    assert len({x for x, _ in places}) == 3
    assert [places.count(place) for place in places] == [1] * 5
    assert int(root.attrib["width"]) > max(x for x, _ in places) + SIDE
    assert int(root.attrib["height"]) > max(y for _, y in places) + SIDE


def test_names_are_escaped() -> None:
    assert [label.partition(":")[0] for label in curves(parsed([det(groups("a<b&c"))]))] == [
        "a<b&c"
    ]


def test_the_pictures_lie_beside_the_tables(tmp_path: Path) -> None:
    written = write_plots(tmp_path, groups("A", "B"))

    assert written == [tmp_path / "det.svg", tmp_path / "scores.svg"]
    assert [read(path).tag for path in written] == [f"{SVG}svg"] * 2


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    (tmp_path / "det.svg").symlink_to("/dev/full")

    with pytest.raises(CommandError, match=r"det\.svg cannot be written: No space left") as told:
        write_plots(tmp_path, groups("A"))

    assert told.value.exit_code == 3


def test_the_command_draws_what_it_measured(
    greenline: Greenline, prints: Path, tmp_path: Path
) -> None:
    told = greenline("bench", "accuracy", prints, "--out", tmp_path, "--processes", 1, "--plots")

    assert told.code == 0
    assert told.out.endswith(f"drawn: {tmp_path}/det.svg, {tmp_path}/scores.svg\n")
    assert curves(read(tmp_path / "det.svg"))[0].startswith(f"{SET}: EER ")
    assert f"{SET}: 2 genuine, 4 impostor pairs" in texts(read(tmp_path / "scores.svg"))


def test_without_plots_nothing_is_drawn(greenline: Greenline, prints: Path, tmp_path: Path) -> None:
    assert greenline("bench", "accuracy", prints, "--out", tmp_path, "--processes", 1).code == 0

    assert {path.name for path in tmp_path.iterdir()} == {"verification.tsv", "identification.tsv"}


def test_a_set_of_one_finger_is_refused_before_the_work(
    greenline: Greenline, prints: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "sets" / SET
    folder.mkdir(parents=True)
    for name in ("1_1.png", "1_2.png"):
        (folder / name).symlink_to(prints / SET / name)

    told = greenline("bench", "accuracy", folder.parent, "--out", tmp_path / "out", "--plots")

    assert (told.code, told.out) == (3, "")
    assert told.sentence == f"{SET} needs two fingers at least, one with two pictures"
    assert not (tmp_path / "out").exists()
