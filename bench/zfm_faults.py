"""Fault campaign over the ZFM driver: prints one Markdown row for each kind of fault.

    nice python bench/zfm_faults.py --each 550

Every transfer goes through the real driver, link and codec in virtual time. Before it there is a
scan over a sound line (half the time); after it the line is sound again and another finger lies on
the module (half the time at once), whose picture must come, and never the first finger's; tries
that fail are repeated after the kiosk's waits. A real hang ends the run with a stack trace. Exit
code 1 if anything but a right picture or an error of ours came out of the kinds that the protocol's
check sum can see.

A second table: one line that stays bad, with errors the sum cannot always see.
"""

import argparse
import faulthandler
import sys
import time

from greenline.drivers.simulation.spoilers import BEYOND_THE_SUM
from greenline.drivers.simulation.zfm_campaign import Outcome, Tally, run_bad_line, run_campaign

_STUCK_S = 600  # of real time for one kind
_BAD_SHARES = (0.01, 0.03, 0.1, 0.3, 0.6)

_ERRORS = ("BadTransferError", "PortTimeoutError", "RefusedError")
_HEAD = (
    "kind of fault", "transfers", "right at once", "right after repeats",
    *_ERRORS, "wrong picture", "foreign exception", "hung",
    "longest, virtual s", "next scan right", "right within ten",
)  # fmt: skip
_BAD = (Outcome.WRONG, Outcome.FOREIGN, Outcome.HUNG)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--each", type=int, default=550, help="transfers of each kind, 0: none")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--bad-line", type=int, default=1000, help="pictures over each bad line, 0: none"
    )
    options = parser.parse_args()
    bad = options.each and _print_campaign(options.each, options.seed)
    if options.bad_line:
        _print_bad_lines(options.bad_line, options.seed)
    sys.exit(bool(bad))


def _print_campaign(each: int, seed: int) -> bool:
    """Run the campaign; return whether something went wrong that should not."""
    print(_row(_HEAD), _row(["---"] * len(_HEAD)), sep="\n")
    faulthandler.dump_traceback_later(_STUCK_S, exit=True)
    begun = time.monotonic()
    tallies = run_campaign(each, seed, _print_row)
    faulthandler.cancel_dump_traceback_later()
    print(_summary(tallies, time.monotonic() - begun), flush=True)
    return any(_bad_cases(tally) for tally in tallies if tally.kind not in BEYOND_THE_SUM)


def _print_row(tally: Tally) -> None:
    faulthandler.dump_traceback_later(_STUCK_S, exit=True)
    refused = [tally.count(Outcome.REFUSED, error) for error in _ERRORS]
    if sum(refused) != tally.count(Outcome.REFUSED):
        raise SystemExit(f"{tally.kind}: an error without a column")
    right = [sum(0 < case.next_try <= most for case in tally.cases) for most in (1, 10)]
    longest = max(case.took_s for case in tally.cases)
    cells = (
        tally.kind, len(tally.cases), tally.count(Outcome.AT_ONCE), tally.count(Outcome.REPEATED),
        *refused, *(tally.count(outcome) for outcome in _BAD), f"{longest:.1f}", *right,
    )  # fmt: skip
    print(_row(cells), flush=True)
    for case in _bad_cases(tally)[:10]:
        print(f"  {case.outcome.value}: {case.wrong_pixels} pixels, {case.what}", file=sys.stderr)


def _print_bad_lines(scans: int, seed: int) -> None:
    names = [outcome.value for outcome in Outcome]
    head = ("pictures hit", "after a refusal", *names)
    print("", _row(head), _row(["---"] * len(head)), sep="\n")
    for share in _BAD_SHARES:
        for reopening in (False, True):
            faulthandler.dump_traceback_later(_STUCK_S, exit=True)
            ends = run_bad_line(share, scans, seed, reopening=reopening)
            counts = (ends[outcome] for outcome in Outcome)
            refusal = "opened anew" if reopening else "kept open"
            print(_row((f"{share:.0%}", refusal, *counts)), flush=True)
    faulthandler.cancel_dump_traceback_later()


def _bad_cases(tally: Tally) -> list:
    return [case for case in tally.cases if case.outcome in _BAD or not case.next_try]


def _summary(tallies: list[Tally], took_s: float) -> str:
    cases = [case for tally in tallies for case in tally.cases]
    wrong = [case.wrong_pixels for case in cases if case.outcome is Outcome.WRONG]
    text = f"\n{len(cases)} transfers in {took_s:.0f} s of real time, at least "
    text += f"{min(len(tally.cases) for tally in tallies)} of each kind."
    if wrong:
        text += f" Wrong pictures: {len(wrong)}, each with at most {max(wrong)} wrong pixels."
    return text


def _row(cells: object) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


if __name__ == "__main__":
    main()
