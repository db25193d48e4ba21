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

FORBIDDEN = ("identified", "terrorist", "guilty", "criminal")
