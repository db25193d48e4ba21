"""What one matcher process does, and when."""

from dataclasses import dataclass

from greenline.matcher.split import ALL, Split


@dataclass(frozen=True)
class Terms:
    """The terms of one process.

    split: its share of the requests. most_waiting: so many may wait for their search; the broker
    keeps what is beyond. retry_s: seconds until a search that failed or was incomplete is tried
    again, doubled each time, up to 32 times as long. upkeep_s: seconds between two cleanings of the
    ledger and lines of "status". receipt_after_s: a kiosk whose request takes longer is told that
    it is here.
    """

    split: Split = ALL
    most_waiting: int = 1000
    retry_s: float = 10.0
    upkeep_s: float = 60.0
    receipt_after_s: float = 1.0


USUAL = Terms()
