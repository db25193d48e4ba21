"""`greenline review`: the second person, at the centre, who confirms or rejects a lead."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from greenline.centre.examinations import Examinations
from greenline.centre.examinations_tables import open_examinations
from greenline.cli.clocks import moment
from greenline.cli.errors import CommandError
from greenline.cli.keyfiles import read_identity, read_signing_key, write_public, write_secret
from greenline.cli.review_group import group_id, is_shared, share
from greenline.cli.review_keys import EXAMINATIONS, make_key
from greenline.cli.review_page import page
from greenline.matcher.audit import AuditLog
from greenline.matcher.audit_database import open_audit
from greenline.matcher.errors import DatabaseError
from greenline.protocol.examination import Decision
from greenline.protocol.keys import Identity, OpeningKey, SigningKey
from greenline.protocol.topics import check_name
from greenline.protocol.wording import JUSTIFICATIONS, REJECTIONS

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Examine leads, as the second person at the centre.",
)

_IDENTITY = "review.json"
_SIGNING = "review.signing.pem"
_OPENING = "review.opening.key"
_AUDIT = "audit.db"

Folder = Annotated[Path, typer.Option(help="The review's own folder.")]
Key = Annotated[Path, typer.Option(help="Your own key, from 'greenline review key'.")]
Which = Annotated[str, typer.Argument(help="How the examination's id begins; see 'list'.")]
Candidate = Annotated[int, typer.Option(min=0, max=9, help="Which entry, as 'show' numbers them.")]


@dataclass(frozen=True)
class _Opened:
    examinations: Examinations
    log: AuditLog


@app.command("create")
def create(
    folder: Folder,
    name: Annotated[str, typer.Option(help="What the review is called.")] = "review-01",
    group: Annotated[
        str | None,
        typer.Option(help="The group of the matcher's account and the examiners' own accounts."),
    ] = None,
) -> None:
    """Make an empty file of examinations, with an audit log of its own."""
    check_name(name)
    shared_with = None if group is None else group_id(group)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as fault:
        raise CommandError(f"{folder} cannot be made: {fault.strerror}", 5) from fault
    open_examinations(folder / EXAMINATIONS, create=True).close()
    signer, opener = SigningKey.generate(), OpeningKey.generate()
    write_secret(folder / _SIGNING, signer.to_pem())
    # Nothing is sealed to it; an identity has a place for it.
    write_secret(folder / _OPENING, opener.to_bytes())
    write_public(folder / _IDENTITY, Identity(name, signer.public, opener.public).to_json())
    open_audit(folder / _AUDIT).close()
    if shared_with is not None:
        written = (folder / EXAMINATIONS, folder / _AUDIT)
        share(folder, shared_with, written, [folder / _SIGNING])
    else:
        print("No --group: who examines needs this account, and can read all of its keys.")
    print(f"Set review = '{folder / EXAMINATIONS}' and evidence = true in matcher.toml.")
    print("Each examiner makes a key with 'greenline review key --to FILE'.")


@app.command("key")
def key(
    to: Annotated[Path, typer.Option(help="The new file; keep it where only you read.")],
) -> None:
    """Make your own key. A supervisor enters its public half with 'greenline operators key'."""
    public = make_key(to)
    print(f"{to} is yours alone. Give {public} to a supervisor.")


@app.command("list")
def list_examinations(
    folder: Folder,
    all_of_them: Annotated[bool, typer.Option("--all", help="Also what was decided.")] = False,
) -> None:
    """Show what waits. Who is meant is shown by 'show' alone."""
    table = Table("examination", "kiosk", "asked", "until", "state", "by", "reason", box=None)
    with _opened(folder) as opened:
        opened.examinations.expire(moment().wall_ms)
        for each in opened.examinations.listed(all_of_them=all_of_them):
            times = [_time(ms) for ms in (each.arrived_ms, each.expires_ms)]
            rest = (each.state, each.examiner, each.reason)
            table.add_row(each.question.hex()[:12], each.kiosk, *times, *rest)
        counts = opened.examinations.statistics()
    Console(soft_wrap=True).print(table)
    print(", ".join(f"{state} {count}" for state, count in sorted(counts.items())) or "None yet.")


@app.command("show")
def show(
    which: Which,
    folder: Folder,
    key: Key,
    out: Annotated[Path, typer.Option(help="The page to write, an HTML file.")],
    why: Annotated[str, typer.Option(help=f"One of {', '.join(JUSTIFICATIONS)}.")] = "second",
) -> None:
    """Write the evidence to a page, once it is noted that you look and why."""
    _check_code(why, JUSTIFICATIONS, "--why")
    signer = read_signing_key(key)
    with _opened(folder) as opened:
        question, examination = opened.examinations.look(
            which, signer, why, opened.log, moment().wall_ms
        )
    write_secret(out, page(question, examination).encode())
    print(f"{out}: look at it in a browser, then delete it.")


@app.command("confirm")
def confirm(which: Which, folder: Folder, key: Key, candidate: Candidate = 0) -> None:
    """Confirm one entry of a lead. The kiosk takes it only beside somebody's there."""
    _decide(which, folder, key, Decision.CONFIRMED, candidate, "second")


@app.command("reject")
def reject(
    which: Which,
    folder: Folder,
    key: Key,
    reason: Annotated[str, typer.Option(help=f"One of {', '.join(REJECTIONS)}.")],
) -> None:
    """Reject a lead: its kiosk erases what it has of it."""
    _check_code(reason, REJECTIONS, "--reason")
    _decide(which, folder, key, Decision.REJECTED, 0, reason)


def _decide(
    which: str, folder: Path, key: Path, decision: Decision, candidate: int, reason: str
) -> None:
    signer = read_signing_key(key)
    with _opened(folder) as opened:
        verdict = opened.examinations.decide(
            which, signer, decision, candidate, reason, opened.log, moment().wall_ms
        )
    print(f"{decision.value} by {verdict.examiner}: the matcher sends it to {verdict.kiosk}.")


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[_Opened]:
    """Open the review; what is noted is signed at the end. Raises CommandError."""
    with contextlib.closing(open_examinations(folder / EXAMINATIONS)) as database:
        identity = read_identity(folder / _IDENTITY)
        signer = read_signing_key(folder / _SIGNING, by_group=is_shared(folder))
        with contextlib.closing(open_audit(folder / _AUDIT)) as noted:
            log = AuditLog(noted, identity.name, signer, moment)
            try:
                yield _Opened(Examinations(database), log)
            finally:
                with contextlib.suppress(DatabaseError):  # what ended the command is told
                    log.checkpoint()


def _check_code(code: str, table: dict[str, str], option: str) -> None:
    if code not in table:
        raise typer.BadParameter(f"{option} is one of {', '.join(table)}")


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")
