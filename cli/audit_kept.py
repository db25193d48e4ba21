"""Compares the reports in a centre's file with what its own chain says was kept.

Of a kiosk's chain nobody can tell that its first or last report is gone, or all of them: it may
begin late, and end anywhere. The centre's own chain knows each report.
"""

from collections import Counter
from collections.abc import Iterable

from greenline.cli.audit_rows import time_of
from greenline.cli.audit_sources import FoundChain
from greenline.matcher.audit_database import OWN_ENTRIES
from greenline.matcher.audit_events import segment_digest
from greenline.protocol.audit import Entry
from greenline.protocol.audit_details import Kind
from greenline.protocol.audit_verify import Walk


def report_faults(chains: Iterable[FoundChain]) -> list[str]:
    """Return what is wrong with the reports of a centre's file; nothing for other sources."""
    chains = list(chains)
    own = next((chain for chain in chains if OWN_ENTRIES in chain.segments), None)
    if own is None:
        return []
    rows = {
        name: data for chain in chains if chain is not own for name, data in chain.segments.items()
    }
    here = Counter(segment_digest(data) for data in rows.values())
    faults = []
    noted: Counter[str] = Counter()
    for entry in _notes(own):
        digest = str(entry.event.details.get("digest"))
        noted[digest] += 1
        if noted[digest] > here[digest]:
            faults.append(_gone(entry))
    for name, data in rows.items():
        if not noted[segment_digest(data)]:
            faults.append(f"{name} is noted nowhere in the centre's own chain, which was cut")
    return faults


def _notes(own: FoundChain) -> list[Entry]:
    """Return the notes of kept reports, up to the first fault, which is told elsewhere."""
    links = [r.link for r in Walk(None).segment(OWN_ENTRIES, own.segments[OWN_ENTRIES])]
    return [link for link in links if isinstance(link, Entry) and link.event.kind is Kind.KEEP]


def _gone(entry: Entry) -> str:
    """Tell of a report by the entry that notes it."""
    told = entry.event.details
    return (
        f"a report of {told.get('kiosk')}, entries {told.get('first')} to {told.get('last')}, "
        f"chain {told.get('chain')}, kept {time_of(entry.moment)} (entry {entry.number} of our "
        "own), is gone or was changed"
    )
