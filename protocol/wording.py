"""The words that a person reads, in one table. Never a verdict: a candidate is a lead.

Each page, display and command takes its words from here; a test holds the forbidden ones out.
"""

import re

from greenline.protocol.messages import Outcome

RESULT_WORDS: dict[Outcome, str] = {
    Outcome.CANDIDATES: "Possible match - must be verified",
    Outcome.NONE: "No match found in the lists searched",
    Outcome.INCOMPLETE: "Not checked yet",
    Outcome.EXPIRED: "Not checked yet",
    Outcome.REFUSED: "Not checked yet",
}

NOT_CHECKED = "Not checked yet"

STAGE_WORDS = {
    "queued": "Waiting to be sent",
    "offered": "Being sent",
    "published": "With the broker",
    "received": "At the matcher",
    "answered": "Answered",
    "expired": "Expired without an answer",
}
"""Where a request is, as far as anybody has proved; see docs/queue.md."""

LATE = "Late: the person may have left"

KEYS_IN_FILES = "Keys in a file: not for production use"
CLOCK_NOT_SET = "Clock not set: times may be wrong"
SWAP_ON_DISK = "Swap is on: memory may reach the card"
CLEAN_SENSOR = "Clean the sensor, then confirm it on the supervisor's page"
CERTIFICATE_ENDS = "The link's certificate ends in less than 14 days: call a technician"
CERTIFICATE_ENDED = "The link's certificate has ended: call a technician"
MATCHER_HAS_NEW_KEYS = "The matcher has new keys: restart this kiosk"
STORE_WAS_DAMAGED = (
    "The store was damaged: {kept} waiting requests kept, {lost} lost. Call a technician"
)
STORE_WAS_DAMAGED_BADLY = (
    "The store was damaged: {kept} waiting requests kept, {lost} or more lost. Call a technician"
)
ORDERS_DAMAGED = (
    "The list of cases to delete was damaged: the centre may still have some. Call a technician"
)
ORDER_GIVEN_UP = "The centre never confirmed that it deleted a case: call a technician"
STORE_FILLS = "The store is four fifths full: call a technician if there is no link"
STORE_FULL = "The store is full: nothing can be taken until requests have left it"
STORE_KEEPS_THE_REST = "The store keeps what is left of it for persons: this can wait"
WIPE_KEY_HELD = "Wipe key held: let go, or everything on this kiosk is destroyed"

UPDATE_REASONS = {
    "bad-signature": "it is not signed by enough release officers",
    "expired": "what the release officers signed has expired",
    "rollback": "it is older than what this kiosk has already seen",
    "broken-metadata": "its signed description cannot be read",
    "broken-index": "its list of parts is broken",
    "broken-chunk": "a part of it is not what was signed",
    "broken-image": "it is not what was signed",
    "broken-state": "this kiosk's own record of updates is damaged",
    "no-release": "there is no release for this kind of kiosk",
    "downgrade": "it would bring back what the release officers have closed",
    "wrong-hardware": "it is made for another kind of kiosk",
    "bootloader-too-old": "this kiosk's start program is too old for it",
    "previous-too-old": "a release in between must be installed first",
    "data-floor": "it cannot read the data that this kiosk keeps now",
    "not-our-turn": "this kiosk's turn has not come yet",
    "busy": "a traveller was being checked",
    "locked": "another update was running",
    "no-space": "the memory card is full",
    "too-large": "it does not fit on the memory card",
    "unsafe-medium": "the USB stick holds something that is no plain file",
    "slot-damaged": "the memory card did not keep it: replace the card",
    "given-up-before": "this kiosk tried it before and went back",
    "given-up-by-hand": "a person went back to the release before",
    "trial-failed-sensor": "the fingerprint sensor did not answer under the new release",
    "trial-failed-store": "the kiosk's store did not open under the new release",
    "trial-failed-page": "this page did not come up under the new release",
    "trial-failed-clock": "the clock was wrong under the new release",
    "trial-failed-health": "the kiosk did not say that it is well under the new release",
    "trial-never-came-up": "the new release never came up",
    "confirmed-slot-failed": "the installed release stopped coming up",
}
"""Why an update came to nothing, by the codes of `greenline.ota.reasons`."""

_UPDATE_EVENTS = {
    "installed": "Release {} is on the card and waits to be tried",
    "tried": "Release {} is being tried",
    "tried-again": "Release {} is being tried again",
    "confirmed": "The update to release {} is done",
    "given-up": "The update to release {} was undone",
    "fell-back": "The kiosk went back from release {}",
    "stays": "Release {} does not come up well, and there is none to go back to",
    "walked": "The kiosk runs release {}, which is not the one that was confirmed",
}

_TRIED = re.compile(r"Release (\S+) is being tried")
_CODE_AT_END = re.compile(r"(?:\[|: )([a-z0-9-]+)\]?\Z")

CARD_REFUSES_UPDATE = "The memory card does not take an update: call a technician"


def release_words(what: str, release: str, reason: str | None = None) -> str:
    """Return what became of an update. what, reason: codes; an unknown one stands as it is."""
    known = _UPDATE_EVENTS.get(what)
    event = f"Update to release {release}: {what}" if known is None else known.format(release)
    return event if not reason else f"{event}: {_why(reason)}"


def update_refused(reason: str) -> str:
    """Return why an update was refused before it was tried."""
    return f"An update was refused: {_why(reason)}"


def _why(reason: str) -> str:
    words = UPDATE_REASONS.get(reason)
    return reason if words is None else f"{words} [{reason}]"


def short_notice(notice: str) -> str:
    """Return what stands for a notice on the status display: of an update its reason's code."""
    if notice in SHORT_NOTICES:
        return SHORT_NOTICES[notice]
    tried, code = _TRIED.match(notice), _CODE_AT_END.search(notice)
    if tried is not None:
        return f"trying {tried[1]}"
    return notice if code is None else code[1]


SHORT_NOTICES = {
    KEYS_IN_FILES: "keys in a file",
    CLOCK_NOT_SET: "clock not set",
    SWAP_ON_DISK: "swap is on",
    CLEAN_SENSOR: "clean the sensor",
    CERTIFICATE_ENDS: "certificate ends soon",
    CERTIFICATE_ENDED: "certificate is over",
    MATCHER_HAS_NEW_KEYS: "restart: new keys",
    STORE_FILLS: "store nearly full",
    CARD_REFUSES_UPDATE: "card takes no update",
}
"""What stands for a notice on the status display, where a line has 21 letters."""

FORBIDDEN = ("identified", "terrorist", "guilty", "criminal")

NOT_PROOF = "This is not proof"
COMPARE_FIRST = "Compare the prints and ask the owner of the list before anything else"

STRENGTHS = (
    (0.0, "weak", "Weak likeness", "more than 1 stranger in 1,000 looks as alike"),
    (3.0, "moderate", "Moderate likeness", "1 stranger in 1,000 to 100,000 looks as alike"),
    (5.0, "strong", "Strong likeness", "less than 1 stranger in 100,000 looks as alike"),
)
"""What a score means: from which score on, code, words, and the band of false matches that the
table in docs/matcher.md measured (above 4: extrapolated)."""

LEAD_WORDS = {
    "lead": "Possible match - must be verified",
    "viewed": "Possible match - being verified",
    "confirmed by one": "Confirmed by one person - a second one must verify",
    "confirmed": "Confirmed by two people",
    "rejected": "Rejected: not the same person",
}

LEAD_FLAGS = {
    "one-finger": "Weak evidence: it rests on one finger",
    "low-quality": "Weak evidence: a picture was of low quality",
    "quality-not-known": "The quality of the pictures is not known any more",
    "incomplete": "A part of the lists was not searched",
    "relabelled": "The fingers fit at other positions than noted: check which finger was pressed",
    "large-list": "In lists of this size strangers alone look as alike in 1 of 20 searches or more",
    "old-list": "A list is older than allowed: it may have changed since",
}

JUSTIFICATIONS = {
    "decide": "I decide what becomes of this person",
    "second": "I am the second person",
    "supervise": "I supervise this check",
    "complaint": "The traveller has complained",
}
"""Why somebody looks at who a lead names."""

SOURCES = {
    "list-owner": "The owner of the list",
    "national-bureau": "The national central bureau",
    "duty-desk": "The duty desk of the centre",
}
"""Who was asked before a lead is confirmed."""

REJECTIONS = {
    "other-person": "The prints are another person's",
    "source-denies": "The owner of the list says that it is not this person",
    "entry-withdrawn": "The entry was withdrawn",
    "poor-evidence": "The evidence is too poor to decide",
}

EXAMINATION_WORDS = {
    "asked": "A second person at the centre was asked",
    "received": "The centre has it: a second person will look",
    "confirmed": "The second person at the centre has confirmed",
    "rejected": "The second person at the centre has rejected",
    "disagrees": "The second person at the centre has confirmed another entry",
    "refused": "The verdict of the centre does not count",
}

LEAD_REFUSALS = {
    "unknown": "This lead is not here any more",
    "role": "Your role may not do this",
    "view-first": "Look at the evidence first, and say why",
    "decided": "This lead is decided already",
    "same-person": "The second person must be another one than the first",
    "both-captured": "One of the two must be somebody who did not take the fingers",
    "not-logged-in": "Only people who log in can confirm",
    "contact": "Ask the source first: say which, and the reference number of the answer",
    "reference": "A reference number has 3 to 32 of A-Z, 0-9, '-' and '/', with a digit, no name",
    "other-candidate": "The first person confirmed another entry",
    "no-candidate": "There is no such entry in this lead",
    "asked-already": "The centre was asked already",
    "code": "This reason is not known",
}

LATE_ANSWER = "The answer came late: the person may have left"
LIST_TOO_OLD = "The list {name} is older than allowed: it was last changed {n} days before"
