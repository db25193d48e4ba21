"""The words that a person reads, in one table. Never a verdict: a candidate is a lead.

Each page, display and command takes its words from here; a test holds the forbidden ones out.
"""

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
CERTIFICATE_ENDS = "The link's certificate ends in less than 14 days: call a technician"
CERTIFICATE_ENDED = "The link's certificate has ended: call a technician"
MATCHER_HAS_NEW_KEYS = "The matcher has new keys: restart this kiosk"
STORE_WAS_DAMAGED = (
    "The store was damaged: {kept} waiting requests kept, {lost} lost. Call a technician"
)
STORE_WAS_DAMAGED_BADLY = (
    "The store was damaged: {kept} waiting requests kept, {lost} or more lost. Call a technician"
)
STORE_FILLS = "The store is four fifths full: call a technician if there is no link"
STORE_FULL = "The store is full: nothing can be taken until requests have left it"
STORE_KEEPS_THE_REST = "The store keeps what is left of it for persons: this can wait"
WIPE_KEY_HELD = "Wipe key held: let go, or everything on this kiosk is destroyed"

SHORT_NOTICES = {
    KEYS_IN_FILES: "keys in a file",
    CLOCK_NOT_SET: "clock not set",
    SWAP_ON_DISK: "swap is on",
    CERTIFICATE_ENDS: "certificate ends soon",
    CERTIFICATE_ENDED: "certificate is over",
    MATCHER_HAS_NEW_KEYS: "restart: new keys",
    STORE_FILLS: "store nearly full",
}
"""What stands for a notice on the status display, where a line has 21 letters."""

FORBIDDEN = ("identified", "terrorist", "guilty", "criminal")
