"""What may be enrolled: names, finger positions, templates that could be found again."""

import msgspec

from greenline.matcher.errors import EnrolmentError
from greenline.matcher.gallery_records import Enrolment
from greenline.prints import fmr
from greenline.prints.errors import RecordError
from greenline.prints.template import FEWEST_MINUTIAE, Template
from greenline.protocol.messages import Label

DPI_RANGE = (250.0, 2000.0)
"""Resolutions of fingerprint scanners; outside, the record's numbers are in another unit."""


def check_adult(*, adult: bool) -> None:
    """Refuse people under 18. Raises EnrolmentError."""
    if not adult:
        raise EnrolmentError(
            "people under 18 are not enrolled: it was not confirmed that this person is 18 or older"
        )


def check_label(what: str, value: str) -> None:
    """Refuse a name that does not fit into an answer. Raises EnrolmentError."""
    try:
        msgspec.convert(value, Label)
    except msgspec.ValidationError as fault:
        raise EnrolmentError(
            f"{value!r} cannot be a {what}: use 1 to 64 printable ASCII characters"
        ) from fault


def check(enrolment: Enrolment) -> None:
    """Refuse what cannot be enrolled. Raises EnrolmentError."""
    check_label("reference", enrolment.reference)
    check_label("model", enrolment.model)
    if not 0 <= enrolment.finger <= 10:
        raise EnrolmentError(f"finger position {enrolment.finger} is not one of 0 to 10")
    check_template(enrolment.reference, template_of(enrolment.record))


def check_resolution(what: str, dpi: float) -> None:
    """Refuse a resolution that no fingerprint scanner has. Raises EnrolmentError."""
    if not DPI_RANGE[0] <= dpi <= DPI_RANGE[1]:
        raise EnrolmentError(
            f"{what}: a resolution of {dpi:.0f} dpi is not one of a fingerprint scanner, "
            f"which has {DPI_RANGE[0]:.0f} to {DPI_RANGE[1]:.0f}"
        )


def check_template(what: str, template: Template) -> None:
    """Refuse a template that could never be found again. Raises EnrolmentError."""
    if len(template) < FEWEST_MINUTIAE:
        raise EnrolmentError(
            f"{what}: {len(template)} minutiae are too few to be found again; "
            f"take a picture with at least {FEWEST_MINUTIAE}"
        )
    check_resolution(what, template.dpi)
    places = len(set(zip(template.x.tolist(), template.y.tolist(), strict=True)))
    if places < FEWEST_MINUTIAE:
        raise EnrolmentError(
            f"{what}: its {len(template)} minutiae stand at {places} "
            f"{'place' if places == 1 else 'places'}: no finger has that"
        )


def template_of(record: bytes) -> Template:
    """Return the first view of a record. Raises EnrolmentError."""
    try:
        views = fmr.decode(record).views
    except RecordError as fault:
        raise EnrolmentError(f"the record cannot be read: {fault}") from fault
    if not views:
        raise EnrolmentError("the record holds no finger")
    return views[0].template
