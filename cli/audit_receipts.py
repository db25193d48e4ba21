"""`greenline audit receipt` and `verify-receipt`: the proof that something of a case is deleted."""

import datetime
import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from greenline.cli.audit_sources import find_chains, read_signers
from greenline.cli.errors import CommandError
from greenline.cli.extract import write_whole
from greenline.protocol.deletion_receipt import (
    Deletion,
    case_of,
    check_proof,
    decode_receipt,
    encode_receipt,
    find_proofs,
    is_everywhere,
)
from greenline.protocol.errors import ProtocolError
from greenline.protocol.keys import Identity, VerifyKey

NOT_EVERYWHERE_CODE = 10
"""What is in the receipt is proved, and it is not the proof of both kiosk and matcher."""

_HEX = re.compile(r"[0-9a-fA-F]{32}")


def receipt(
    case: Annotated[
        str, typer.Argument(help="The request's id, or the case's pseudonym: 32 hex digits.")
    ],
    source: Annotated[
        list[Path], typer.Argument(help="A kiosk's log, or the centre's audit.db; or both.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="New file; without it the receipt is printed.")
    ] = None,
) -> None:
    """Cut the proof that a case was deleted out of audit logs, for a third person to check."""
    if not _HEX.fullmatch(case):
        raise CommandError(f"{case!r} is no request's id and no pseudonym: give 32 hex digits", 2)
    if out is not None and out.exists():
        raise CommandError(f"{out} is there already: name a new file", 3)
    wanted = case_of(bytes.fromhex(case))
    found: dict[bytes, bytes] = {}
    for path in source:
        for chain in find_chains(path):
            for name, proof in find_proofs(chain.segments, wanted):
                found[proof] = name
    if not found:
        raise CommandError(
            "no signed deletion of this case is in these logs: the case may not be deleted, or "
            "not signed yet (a kiosk signs within 10 minutes)",
            1,
        )
    data = encode_receipt(next(iter(found.values())), found)
    if out is None:
        sys.stdout.write(data.decode())
        return
    write_whole(out, data)
    print(f"{len(found)} deletions are in {out}: check it with 'greenline audit verify-receipt'")


def verify_receipt(
    file: Annotated[Path, typer.Argument(help="What `greenline audit receipt` wrote.")],
    identity: Annotated[
        list[Path] | None,
        typer.Option(help="Public identity (JSON) of a kiosk, or a folder of them; repeatable."),
    ] = None,
    matcher: Annotated[
        list[Path] | None,
        typer.Option(help="Public identity (JSON) of a matcher, or a folder; repeatable."),
    ] = None,
) -> None:
    """Check a deletion receipt with nothing but public keys; say what it proves.

    Exit code 0 only when kiosk and matcher both prove it; 10 when what is there holds, but is not
    both. Which keys are a matcher's is said by you, not by the receipt.
    """
    matchers = read_signers(matcher or [])
    signers = [*read_signers(identity or []), *matchers]
    if not signers:
        raise CommandError("say who signed: --identity FILE, --matcher FILE", 2)
    try:
        data = file.read_bytes()
    except OSError as fault:
        raise CommandError(f"{file} cannot be read: {fault.strerror}", 3) from fault
    keys = [(each.name, key) for each in signers for key in _keys(each)]
    try:
        read = decode_receipt(data)
        deletions = [check_proof(read.case, proof, keys) for proof in read.proofs]
    except ProtocolError as fault:
        raise CommandError(f"{file} proves nothing: {fault}", 1) from fault
    print(f"case {read.case.hex()}")
    for each in deletions:
        print(f"  {_told(each)}")
    if not is_everywhere(deletions, {key.id for each in matchers for key in _keys(each)}):
        print("not proved for both kiosk and matcher: not 'deleted everywhere'")
        raise typer.Exit(NOT_EVERYWHERE_CODE)
    print("deleted everywhere: kiosk and matcher both prove it")


def _keys(identity: Identity) -> list[VerifyKey]:
    return [identity.verify, *(old.verify for old in identity.earlier)]


def _told(each: Deletion) -> str:
    when = datetime.datetime.fromtimestamp(each.at_ms / 1000, datetime.UTC)
    doubt = "" if each.trusted else " (clock not trusted)"
    return (
        f"{each.owner}: {each.what} deleted {when.isoformat(timespec='seconds')}{doubt}, "
        f"why: {each.reason}, by: {each.who}; entry {each.number} of chain {each.chain.hex()}, "
        f"signed by key {each.signer.hex()}"
    )
