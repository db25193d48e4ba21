"""Minutiae records of two standards, and what an import makes of a file that holds one."""

from typing import Any

from bench.fuzz import repairs, samples
from bench.fuzz.files import through_file
from bench.fuzz.target import BrokenError, Prepared, Target, comes_back
from greenline.matcher.errors import EnrolmentError
from greenline.matcher.gallery_checks import check
from greenline.matcher.gallery_files import FileReader, Told
from greenline.models.errors import PictureError
from greenline.models.extraction import Extractor
from greenline.prints import ansi378, fmr
from greenline.prints.errors import FrameError, RecordError

_TOKENS = (b"FMR\0 20\0", b"FMR\0030\0", b"\0\xc5\0\xc5", b"\x01\x8a\x01\x8a", b"\0\1\0\4")


def _iso() -> tuple[bytes, ...]:
    one, two = samples.template(8), samples.template(3, 2)
    views = (
        fmr.View(2, 0, fmr.ImpressionType.LIVE_PLAIN, 60, one, b"\0\1\0\6ab\0\2\0\4"),
        fmr.View(2, 1, fmr.ImpressionType.SWIPE, 0, two),
        fmr.View(7, 0, fmr.ImpressionType.NONLIVE_ROLLED, 100, one),
    )
    return (
        fmr.encode(fmr.Record(views, 256, 288, 197, 0x8123)),
        samples.record(8),
        samples.record(255),
        samples.record(0),
    )


def _ansi() -> tuple[bytes, ...]:
    """No encoder of ours writes these: made from ISO records, whose rows are almost the same."""
    short = b"\0\0\0\0" + b"\0\0"
    found = []
    for iso in (samples.record(8), samples.record(40)):
        rows = bytearray(iso[24:])
        for at in range(4, len(rows) - 2, 6):
            rows[at + 4] %= ansi378.STEPS
        body = short + iso[14:24] + rows
        found.append(iso[:8] + (10 + len(body)).to_bytes(2) + body)
        found.append(iso[:8] + b"\0\0" + (14 + len(body)).to_bytes(4) + body)
    return tuple(found)


def _as_iso(_data: bytes, found: fmr.Record) -> None:
    """An ANSI record is enrolled view by view as ISO: that must go, and be read again."""
    for number, view in enumerate(found.views):
        alone = fmr.View(view.finger_position, 0, view.impression_type, view.quality, view.template)
        again = fmr.decode(
            fmr.encode(fmr.Record((alone,), found.width, found.height, found.pixels_per_cm))
        )
        if len(again.views[0].template) != len(view.template):
            raise BrokenError(f"view {number} lost minutiae on its way to ISO")


def _no_network() -> Extractor:
    raise EnrolmentError("pictures are not what this target is about")


def _import() -> Prepared:
    reader = FileReader(_no_network, 500.0, lambda *_: False)
    told = Told("case-17", None, None)
    return Prepared(
        through_file(lambda path: reader.read(path, told)),
        (samples.record(8), samples.record(255), *_ansi()),
        _enrolled_as_said,
        _TOKENS,
        repaired=_either_length,
    )


def _either_length(data: bytes) -> bytes:
    return repairs.ansi_length(data) if len(data) % 2 else repairs.iso_length(data)


def _enrolled_as_said(_data: bytes, found: list[Any]) -> None:
    for enrolment in found:
        check(enrolment)
        if len(fmr.decode(enrolment.record).views) != 1:
            raise BrokenError("an entry has more than one view")


TARGETS = (
    Target(
        "iso-record",
        lambda: Prepared(
            fmr.decode, _iso(), comes_back(fmr.encode), _TOKENS, repaired=repairs.iso_length
        ),
        (RecordError,),
    ),
    Target(
        "ansi-record",
        lambda: Prepared(ansi378.decode, _ansi(), _as_iso, _TOKENS, repaired=repairs.ansi_length),
        (RecordError,),
    ),
    Target(
        "import-file",
        _import,
        (EnrolmentError, RecordError, FrameError, PictureError),
    ),
)
