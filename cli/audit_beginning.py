"""Whether an audit log is there from its beginning on, as `greenline audit verify` asks.

A kiosk deletes old segments that the centre has, so a log may begin later; that nobody else removed
them is known to its memory alone. In a folder the segments have running numbers without a gap.
"""

from collections.abc import Sequence
from pathlib import Path

from greenline.cli.audit_sources import FoundChain
from greenline.protocol.audit_head import Head
from greenline.protocol.errors import ProtocolError

NOT_SHOWN = (
    "all that is here is whole and signed, but not every log begins with its first entry, and "
    "nothing here tells who removed what came before: run it on the kiosk with --config, or "
    "compare with the centre; docs/audit.md"
)
NOT_SHOWN_CODE = 9


def folder_faults(chains: Sequence[FoundChain], oldest: int | None) -> list[str]:
    """Return in words what is missing of a folder's segments before and between those there.

    oldest: running number of the oldest that the kiosk remembers; None: nobody does. The first
    chain is told whether its beginning is remembered.
    """
    numbers = sorted(int(Path(name).stem) for chain in chains for name in chain.segments)
    before = numbers[0] - 1 if oldest is None else oldest - 1
    faults = []
    for number in numbers:
        if number > before + 1:
            faults.append(_missing(before + 1, number - 1))
        before = max(before, number)
    chains[0].beginning_known = oldest is not None and numbers[0] <= oldest
    for chain in chains[1:]:
        first = first_entry(chain)
        if first > 1:
            faults.append(
                f"{chain.owner}, chain {chain.chain.hex()}: entries 1 to {first - 1} are missing: "
                "a later chain of a log begins with entry 1"
            )
    return faults


def is_beginning_shown(chain: FoundChain) -> bool:
    """Whether a chain is there from its first entry on, or its kiosk remembers why it is not."""
    return chain.beginning_known or first_entry(chain) == 1


def first_entry(chain: FoundChain) -> int:
    """Return the number of the first entry that is there; 1 where that cannot be read."""
    try:
        return Head.from_bytes(next(iter(chain.segments.values()))).end.number + 1
    except ProtocolError:
        return 1  # which is a fault of its own


def _missing(first: int, last: int) -> str:
    if first == last:
        return f"segment {first} was there and is missing"
    return f"segments {first} to {last} were there and are missing"
