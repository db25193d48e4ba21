"""Templates that are no finger's: each refused with a sentence, and nothing changed."""

from dataclasses import replace

import numpy as np
import pytest

from greenline.matcher.errors import EnrolmentError
from greenline.matcher.gallery import Gallery
from greenline.prints import fmr
from greenline.prints.template import Template
from tests.matcher.asking import LIST, MODEL, finger, record


def refused(gallery: Gallery, given: bytes, words: str) -> None:
    with pytest.raises(EnrolmentError, match=words):
        gallery.enrol(LIST, "entry-1", 0, given, MODEL, adult=True)
    assert (gallery.entry_ids(), gallery.position()) == (set(), 0)


def at_places(template: Template, places: int) -> Template:
    """Put all minutiae at so many places."""
    number = np.arange(len(template)) % places
    return replace(
        template, x=(20 + 10 * number).astype(np.float32), y=(30 + number).astype(np.float32)
    )


@pytest.mark.parametrize("minutiae", [0, 1, 7])
def test_hardly_any_minutiae_are_refused(gallery: Gallery, minutiae: int) -> None:
    refused(gallery, record(finger(1, minutiae)), f"entry-1: {minutiae} minutiae are too few")


@pytest.mark.parametrize("minutiae", [8, 255])
def test_the_fewest_and_the_most_a_record_can_hold_are_enrolled(
    gallery: Gallery, minutiae: int
) -> None:
    given = record(finger(1, minutiae))
    assert gallery.enrol(LIST, "entry-1", 0, given, MODEL, adult=True)

    entry = gallery.entry(1)
    assert entry is not None
    assert entry.template is not None
    assert len(entry.template) == minutiae


def test_minutiae_that_all_stand_at_one_place_are_refused(gallery: Gallery) -> None:
    refused(
        gallery,
        record(at_places(finger(1), 1)),
        "entry-1: its 40 minutiae stand at 1 place: no finger has that",
    )
    refused(gallery, record(at_places(finger(1), 7)), "its 40 minutiae stand at 7 places")


def test_a_minutia_outside_the_picture_is_refused(gallery: Gallery) -> None:
    given = bytearray(record(finger(1)))
    given[14:16] = (100).to_bytes(2)  # the picture's width

    refused(gallery, bytes(given), "the record cannot be read: .*it lies outside the picture")


@pytest.mark.parametrize("dpi", [72.0, 240.0, 2100.0, 5000.0])
def test_a_resolution_of_no_fingerprint_scanner_is_refused(gallery: Gallery, dpi: float) -> None:
    told = fmr.dots_per_inch(fmr.pixels_per_cm(dpi))
    refused(
        gallery,
        record(replace(finger(1), dpi=dpi)),
        f"entry-1: a resolution of {told:.0f} dpi is not one of a fingerprint scanner",
    )


@pytest.mark.parametrize("dpi", [254.0, 500.0, 569.0, 1000.0, 1999.0])
def test_the_resolutions_of_fingerprint_scanners_are_enrolled(gallery: Gallery, dpi: float) -> None:
    assert gallery.enrol(LIST, "entry-1", 0, record(replace(finger(1), dpi=dpi)), MODEL, adult=True)
