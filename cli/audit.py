"""`greenline audit`: check, read and export audit logs of kiosks and of the centre."""

import datetime
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from greenline.cli.audit_beginning import (
    NOT_SHOWN,
    NOT_SHOWN_CODE,
    folder_faults,
    is_beginning_shown,
)
from greenline.cli.audit_kept import report_faults
from greenline.cli.audit_receipts import receipt, verify_receipt
from greenline.cli.audit_rows import Row, as_csv, as_json_lines, as_line, row, time_of
from greenline.cli.audit_sources import FoundChain, find_chains, read_signers
from greenline.cli.configuration import read_configuration
from greenline.cli.errors import CommandError
from greenline.cli.extract import write_whole
from greenline.cli.own_keys import read_own_keys
from greenline.firmware.audit import MEMORY
from greenline.firmware.audit_memory import memory_key, read_memory
from greenline.firmware.audit_recovery import TORN
from greenline.firmware.config import KioskConfig
from greenline.protocol.audit import Entry, Record
from greenline.protocol.audit_details import Kind
from greenline.protocol.audit_verify import Fault, FaultKind, Walk
from greenline.protocol.keys import VerifyKey

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Check, read and export audit logs."
)

app.command("receipt")(receipt)
app.command("verify-receipt")(verify_receipt)

_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]
_DAY = datetime.timedelta(days=1)

Source = Annotated[
    Path, typer.Argument(help="A kiosk's log (folder or segment), or the centre's audit.db.")
]


@app.command()
def verify(
    source: Source,
    identity: Annotated[
        list[Path] | None,
        typer.Option(help="Public identity (JSON) of whoever signed, or a folder; repeatable."),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="kiosk.toml, on the kiosk itself: its keys and its memory of the log."),
    ] = None,
) -> None:
    """Check every byte and signature; exit code 0 only when all is whole and signed.

    9: what is here is, but a beginning is not here, and nothing tells who removed it.
    """
    chains = find_chains(source)
    keys = [
        (each.name, key)
        for each in read_signers(identity or [])
        for key in (each.verify, *(old.verify for old in each.earlier))
    ]
    oldest = None
    if config is not None:
        signer, oldest = _remembered(config, chains, source)
        keys.append(signer)
    if not keys:
        raise CommandError("say who signed: --identity FILE, or --config kiosk.toml", 2)
    faults = folder_faults(chains, oldest) if source.is_dir() else []
    good = [
        _verified(chain, [key for name, key in keys if name == chain.owner]) for chain in chains
    ]
    if len({chain.owner for chain in chains}) < len(chains):
        print("There is more than one chain of one owner: each but the first has a reason to tell")
    faults += report_faults(chains)
    for words in faults:
        print(words)
    if faults or not all(good):
        raise CommandError("the log is not whole and signed, see above; docs/audit.md", 1)
    if not all(is_beginning_shown(chain) for chain in chains):
        raise CommandError(NOT_SHOWN, NOT_SHOWN_CODE)


@app.command()
def show(
    source: Source,
    last: Annotated[int, typer.Option(min=1, help="So many entries of each chain.")] = 50,
) -> None:
    """Print the last entries, one a line. Checks no signature: that is for `verify`."""
    for chain in find_chains(source):
        walk = Walk(None)
        for shown in list(_rows(chain, walk))[-last:]:
            print(as_line(shown))
        _warn(chain, walk)


@app.command()
def export(
    source: Source,
    out: Annotated[Path, typer.Option(help="New file: .csv, or .jsonl for JSON lines.")],
    since: Annotated[
        datetime.datetime | None,
        typer.Option("--from", formats=_FORMATS, help="First day or time, UTC."),
    ] = None,
    until: Annotated[
        datetime.datetime | None,
        typer.Option("--to", formats=_FORMATS, help="Last day, or time, UTC."),
    ] = None,
) -> None:
    """Write all entries of a time for an auditor. Checks no signature: that is for `verify`."""
    if out.suffix not in {".csv", ".jsonl"}:
        raise CommandError(f"{out}: name the file .csv, or .jsonl for JSON lines", 2)
    if os.path.lexists(out):
        raise CommandError(f"{out} is there already: name a new file", 3)
    rows: list[Row] = []
    whole = True
    for chain in find_chains(source):
        walk = Walk(None)
        rows += _rows(chain, walk, _ms(since), _ms(until, last=True))
        whole = _warn(chain, walk) and whole
    write_whole(out, (as_csv if out.suffix == ".csv" else as_json_lines)(rows))
    print(f"{len(rows)} entries are in {out}")
    if not whole:
        raise CommandError("what comes after a fault was left out, see above", 1)


def _verified(chain: FoundChain, keys: list[VerifyKey]) -> bool:
    """Check one chain and tell what was found; return whether all is well."""
    walk = Walk(keys, chain.known)
    first = last = None
    repairs: list[Record] = []
    for record in _records(chain, walk):
        first, last = first or record, record
        if isinstance(record.link, Entry) and record.link.event.kind is Kind.REPAIR:
            repairs.append(record)
    walk.finish()
    print(f"{chain.owner or 'somebody'}, chain {chain.chain.hex() or 'unknown'}")
    if first is not None and last is not None:
        times = f"{time_of(first.link.moment)} to {time_of(last.link.moment)}"
        told = f"entries {first.link.number} to {last.link.number}, {times}"
        print(f"  {told}; signed to entry {walk.signed_to}")
    if walk.first > 1:
        why = "the kiosk deleted them" if chain.beginning_known else "who removed them is not known"
        print(f"  entries 1 to {walk.first - 1} are not here: {why}")
    for record in repairs:
        print(f"  noted by the device: {_repair(record)}")
    if walk.fault is not None:
        print(f"  {_told(walk.fault)}")
        return False
    if chain.known is None:
        print("  whether entries behind the last were removed cannot be told from this copy alone")
    return all(_is_harmless(record) for record in repairs)


def _told(fault: Fault) -> str:
    when = "" if fault.moment is None else f", written {time_of(fault.moment)} or after"
    place = f"{fault.segment} at byte {fault.offset}"
    hint = ""
    if fault.kind is FaultKind.UNKNOWN_KEY:
        hint = ": give the identity with --identity"
    return f"entry {fault.number} ({place}{when}): {fault.kind.value}: {fault.words}{hint}"


def _repair(record: Record) -> str:
    if not isinstance(record.link, Entry):
        return ""
    details = ", ".join(f"{name} {value}" for name, value in record.link.event.details.items())
    return f"entry {record.link.number}, {time_of(record.link.moment)}: {details}"


def _is_harmless(record: Record) -> bool:
    return isinstance(record.link, Entry) and record.link.event.details.get("what") == TORN


def _remembered(
    config: Path, chains: list[FoundChain], source: Path
) -> tuple[tuple[str, VerifyKey], int]:
    """Give the last chain what the kiosk remembers of it.

    Returns whose key signs, and the running number of the oldest segment that is remembered.
    """
    settings = read_configuration(config, KioskConfig)
    own = read_own_keys(settings.keys)
    keys = [memory_key(each.to_bytes()) for each in (own.opener, *own.earlier_openers)]
    path = (source if source.is_dir() else source.parent) / MEMORY
    try:
        known = read_memory(path, *keys)
    except OSError as fault:
        raise CommandError(f"the memory {path} cannot be read: {fault.strerror}", 3) from fault
    if known is None:
        raise CommandError(f"the memory {path} was changed, or is another kiosk's", 1)
    last = chains[-1]
    if known.end.number and known.chain != last.chain:
        raise CommandError("the log is not the chain that the kiosk remembers", 1)
    last.known = known.end
    return (settings.name, own.signer.public), known.oldest


def _records(chain: FoundChain, walk: Walk) -> Iterator[Record]:
    for name, data in chain.segments.items():
        yield from walk.segment(name, data)


def _rows(
    chain: FoundChain, walk: Walk, since_ms: int | None = None, until_ms: int | None = None
) -> Iterator[Row]:
    for record in _records(chain, walk):
        wall_ms = record.link.moment.wall_ms
        early = since_ms is not None and wall_ms < since_ms
        late = until_ms is not None and wall_ms >= until_ms
        if walk.head is not None and not early and not late:
            yield row(walk.head, record)


def _warn(chain: FoundChain, walk: Walk) -> bool:
    """Tell of a fault on the way; return whether there was none."""
    if walk.fault is not None:
        print(f"{chain.owner}: {_told(walk.fault)}", file=sys.stderr)
    return walk.fault is None


def _ms(when: datetime.datetime | None, *, last: bool = False) -> int | None:
    """Return Unix milliseconds; last: of the end of a day, or of the second that is named."""
    if when is None:
        return None
    if last:
        is_day = when.time() == datetime.time()
        when += _DAY if is_day else datetime.timedelta(seconds=1)
    return int(when.replace(tzinfo=datetime.UTC).timestamp() * 1000)
