"""The parts of `greenline bench models`: the view of an R503, messages, mindtct, the picture."""

import io
import re
import sys
from importlib.util import find_spec
from xml.etree import ElementTree

import numpy as np
import pytest

from greenline.cli.models_bench_det import Line, Panel, draw
from greenline.cli.models_bench_messages import (
    Fault,
    Minutiae,
    Open,
    Opened,
    Picture,
    Ready,
    Setup,
    next_answer,
    next_question,
    send,
)
from greenline.cli.models_bench_process import CannotOpenError, Process
from greenline.cli.models_bench_views import SIDE, middle, r503, show
from greenline.models.errors import PictureError
from greenline.models.extraction import Extractor
from greenline.models.training.synthesis import Conditions, make_finger, press
from greenline.prints.frame import Frame


def patch(top: int, left: int, height: int = 500, width: int = 400) -> np.ndarray:
    """White, with 200x200 pixels of stripes."""
    pixels = np.full((height, width), 255, np.uint8)
    pixels[top : top + 200, left : left + 200] = np.tile([[0], [255]], (100, 200))
    return pixels


@pytest.mark.parametrize(("top", "left"), [(0, 0), (40, 8), (200, 120), (300, 200)])
def test_the_window_is_cut_about_the_middle_of_the_foreground(top: int, left: int) -> None:
    pixels = patch(top, left)
    row, column = middle(pixels)

    shown = r503(Frame(pixels, 500.0))

    assert abs(row - (top + 100)) <= 8
    assert abs(column - (left + 100)) <= 8
    assert (shown.height, shown.width, shown.dpi, shown.grey_levels) == (SIDE, SIDE, 500.0, 16)
    assert np.mean(shown.pixels == 0) > 0.4  # stripes nearly everywhere


def test_a_window_never_leaves_the_picture() -> None:
    pixels = patch(0, 0)[:230, :200]

    assert np.array_equal(r503(Frame(pixels, 500.0)).pixels[:, 0], pixels[4:196, 0])


def test_a_picture_without_structure_is_cut_in_its_middle() -> None:
    assert middle(np.full((300, 200), 128, np.uint8)) == (150, 100)


def test_a_picture_smaller_than_the_window_is_shown_whole() -> None:
    assert r503(Frame(patch(0, 0)[:150, :250], 500.0)).pixels.shape == (150, SIDE)


def test_another_resolution_is_brought_to_500_dpi_first() -> None:
    shown = r503(Frame(patch(0, 0, 1000, 800), 1000.0))

    assert (shown.width, shown.height, shown.dpi) == (SIDE, SIDE, 500.0)


def test_the_window_has_16_grey_levels_as_a_serial_module_sends_them() -> None:
    frame = Frame(np.arange(SIDE * SIDE).reshape(SIDE, SIDE).astype(np.uint8), 500.0)

    sent = Frame.from_nibbles(frame.to_nibbles(), SIDE, SIDE, 500.0)

    assert np.array_equal(r503(frame).pixels, sent.pixels)


def test_the_whole_picture_is_shown_as_it_is() -> None:
    frame = Frame(patch(0, 0), 569.0)

    assert show(frame, "full") is frame


def test_a_picture_of_no_finger_is_refused() -> None:
    with pytest.raises(PictureError, match="too small"):
        show(Frame(np.zeros((64, 64), np.uint8), 500.0), "r503")


FRAME = press(make_finger(3), 1, width=256, height=288, conditions=Conditions()).frame


def test_messages_come_out_as_they_went_in() -> None:
    template = Extractor(model="greenline-1").extract(FRAME)
    questions = [Setup("leader-1", False, "litert"), Open(), Picture.of(FRAME)]
    answers = [
        Ready("runtime", "code"),
        Opened("leader-1/0", 0.5),
        Minutiae.of(template, 2.0, 1.0),
        Fault("why", of_picture=True),
    ]
    asked, answered = io.BytesIO(), io.BytesIO()
    for question in questions:
        send(asked, question)
    for answer in answers:
        send(answered, answer)
    asked.seek(0)
    answered.seek(0)

    assert [next_question(asked) for _ in questions] == questions
    found = [next_answer(answered) for _ in answers]
    assert found == answers
    assert next_question(asked) is None
    assert next_answer(answered) is None
    back = answers[2].template()
    assert np.array_equal(Picture.of(FRAME).frame().pixels, FRAME.pixels)
    for name in ("x", "y", "direction", "kind", "quality"):
        assert np.array_equal(getattr(back, name), getattr(template, name))
        assert getattr(back, name).dtype == getattr(template, name).dtype


def test_a_message_that_was_cut_anywhere_is_the_end() -> None:
    whole = io.BytesIO()
    send(whole, Opened("leader-1/0", 0.5))
    content = whole.getvalue()

    for length in range(len(content)):
        assert next_answer(io.BytesIO(content[:length])) is None


def test_a_process_finds_what_the_extractor_finds_in_this_one() -> None:
    here = Extractor(model="greenline-1", accurate=True)
    import_name = "litert" if find_spec("ai_edge_litert") else "tflite"
    with Process(sys.executable, Setup("greenline-1", True, import_name)) as process:
        found = process.extract(FRAME)
        too_small = process.extract(Frame(np.zeros((64, 64), np.uint8), 500.0))
        again = process.extract(FRAME)

        assert process.opened == Opened(here.model_id, here.threshold)
        assert process.peak_mib() > process.own_mib > 10
    assert isinstance(found, Minutiae)
    assert isinstance(again, Minutiae)
    assert np.array_equal(found.template().x, here.extract(FRAME).x)
    assert found.columns == again.columns
    assert isinstance(too_small, Fault)
    assert "too small for a comparison" in too_small.sentence


@pytest.mark.parametrize(
    ("setup", "words"),
    [
        (Setup("greenline-1", False, "other"), "there is no runtime called other"),
        (Setup("other", False, "litert"), "no model 'other'"),
        (Setup("leader-1", True, "litert"), "no accurate mode"),
    ],
)
def test_an_extractor_that_cannot_be_opened_says_why(setup: Setup, words: str) -> None:
    with pytest.raises(CannotOpenError, match=words):
        Process(sys.executable, setup)


@pytest.mark.skipif(find_spec("nbis") is None, reason="nbis-py is not installed (extra bench)")
def test_mindtct_finds_the_true_minutiae_in_our_coordinates() -> None:
    impression = press(make_finger(3), 1, width=256, height=288, conditions=Conditions())
    truth = impression.truth
    with Process(sys.executable, Setup("mindtct", False, "")) as process:
        found = process.extract(impression.frame)

    assert isinstance(found, Minutiae)
    mindtct = found.template()
    apart = np.hypot(truth.x[:, None] - mindtct.x, truth.y[:, None] - mindtct.y)
    turned = np.abs(np.angle(np.exp(1j * (truth.direction[:, None] - mindtct.direction))))
    met = ((apart < 8) & (turned < 0.5)).any(axis=1)
    assert met.mean() > 0.5
    assert mindtct.quality.min() >= 1


def test_the_picture_of_the_curves_stays_inside_its_axes() -> None:
    falling = np.linspace(1, 0, 500)
    lines = [
        Line("a < b & c", 0, 0, falling, 1 - falling),
        Line("none wrong", 1, 1, np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])),
    ]

    picture = draw([Panel("One", lines), Panel("Two", lines)])

    root = ElementTree.fromstring(picture)  # noqa: S314  # our own
    name = "{http://www.w3.org/2000/svg}"
    curves = [path for path in root.iter(f"{name}path") if path.find(f"{name}title") is not None]
    assert [curve.findtext(f"{name}title") for curve in curves] == [
        line.label for line in lines
    ] * 2
    for curve in curves:
        assert all(0 <= float(number) <= 400 for number in re.findall(r"[\d.]+", curve.attrib["d"]))
    # From the lower right corner along the axes to the upper left one.
    assert curves[1].attrib["d"] == "M400 400H0.0V0.0"
