"""`greenline operators`: who may work at the kiosks. For the people of the centre."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from greenline.centre.operators_accounts import Account, check_operator
from greenline.centre.operators_errors import NotAllowedError
from greenline.cli.operators_asking import (
    IDENTITY,
    ask_new_pin,
    ask_person,
    ask_pin,
    create_register,
    new_pin,
    opened_register,
    tell_pin,
)
from greenline.cli.operators_publish import publish
from greenline.cli.review_keys import read_public_key
from greenline.protocol.operators import Role

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Decide who may work at the kiosks: accounts, PINs, roles.",
)

Folder = Annotated[Path, typer.Option(help="The register's own folder.")]
Operator = Annotated[str, typer.Argument(help="The operator's id: a pseudonym, never a name.")]
By = Annotated[str, typer.Option(help="The supervisor who does this; asked for the PIN.")]
Places = Annotated[
    list[str] | None,
    typer.Option("--at", help="A kiosk, or how names begin with a * behind; repeatable."),
]


@app.command("create")
def create(
    folder: Folder,
    name: Annotated[str, typer.Option(help="What the register is called.")] = "operators-01",
) -> None:
    """Make an empty register, and the key that signs its lists."""
    create_register(folder, name)
    print(f"The register is in {folder}. Keep a copy of it where nobody else reads it.")
    print(f"Each kiosk needs {folder / IDENTITY}: see [operators] in docs/configuration.md.")
    print(f"Next: greenline operators add ID --role supervisor --at '*' --folder {folder}")


@app.command("add")
def add(
    operator: Operator,
    folder: Folder,
    role: Annotated[Role, typer.Option(help="What the operator may do.")],
    at: Places = None,
    by: By = "",
    choose: Annotated[
        bool, typer.Option("--choose", help="The operator is here and types a PIN.")
    ] = False,
) -> None:
    """Make an account. The first is a supervisor's, and needs no --by."""
    check_operator(operator)
    if not at:
        raise typer.BadParameter("say where, with --at KIOSK or --at '*'")
    with opened_register(folder) as opened:
        if by or not opened.register.needs_first():
            ask_person(opened, by or _missing("--by"))
        pin, given_out = new_pin(operator, choose=choose)
        opened.register.add(operator, role, at, pin, given_out=given_out, by=by)
    print(f"{operator} is {role.value} at {', '.join(at)} once a list is published.")
    if given_out:
        tell_pin(operator, pin)


@app.command("list")
def list_accounts(folder: Folder) -> None:
    """Show every account."""
    table = Table("operator", "role", "at", "PIN", box=None)
    with opened_register(folder) as opened:
        for account in opened.register.accounts():
            entry = account.entry
            table.add_row(entry.id, entry.role.value, " ".join(account.places), _pin_words(account))
    Console(soft_wrap=True).print(table)


@app.command("revoke")
def revoke(
    operator: Operator,
    folder: Folder,
    by: By,
    reason: Annotated[str, typer.Option(help="Why, in a few words without names.")],
) -> None:
    """End an account for good. Publish afterwards: then it ends at the kiosks, logged in or not."""
    _check_reason(reason)
    with opened_register(folder) as opened:
        ask_person(opened, by)
        opened.register.revoke(operator, reason, by)
    print(f"{operator} is revoked. Kiosks hear of it with 'greenline operators publish'.")


@app.command("role")
def change_role(
    operator: Operator,
    role: Annotated[Role, typer.Argument(help="What the operator may do from now on.")],
    folder: Folder,
    by: By,
    at: Places = None,
) -> None:
    """Give an account another role, or other kiosks."""
    with opened_register(folder) as opened:
        ask_person(opened, by)
        opened.register.change(operator, role, at or (), by)
    print(f"{operator} is {role.value} once a list is published.")


@app.command("reset")
def reset(
    operator: Operator,
    folder: Folder,
    by: By,
    second: Annotated[str, typer.Option(help="The other person it takes; asked for the PIN.")],
) -> None:
    """Set a forgotten PIN anew: two people, one of them a supervisor, neither the operator."""
    with opened_register(folder) as opened:
        for person in (by, second):
            ask_person(opened, person)
        pin, _ = new_pin(operator, choose=False)
        opened.register.reset(operator, pin, by, second)
    tell_pin(operator, pin)
    print("Kiosks take it with 'greenline operators publish'.")


@app.command("pin")
def choose_pin(operator: Operator, folder: Folder) -> None:
    """Let an operator who knows the PIN choose another, for all kiosks."""
    with opened_register(folder) as opened:
        pin = ask_pin(f"PIN of {operator}")
        opened.register.choose(operator, pin, ask_new_pin(operator))
    print("The PIN is changed. Kiosks take it with 'greenline operators publish'.")


@app.command("key")
def enter_key(
    operator: Operator,
    file: Annotated[
        Path, typer.Argument(help="The public key, as 'greenline review key' made it.")
    ],
    folder: Folder,
    by: By,
) -> None:
    """Enter an examiner's key: only what it signs counts as this person's verdict."""
    key = read_public_key(file)
    with opened_register(folder) as opened:
        ask_person(opened, by)
        opened.register.enter_key(operator, key, by)
    print(f"{key.id.hex()} is the key of {operator} once a list is published.")


app.command("publish")(publish)


def _missing(option: str) -> str:
    raise NotAllowedError(f"only a supervisor may do this: name one with {option}")


def _check_reason(reason: str) -> None:
    if not reason.isascii() or not reason.isprintable() or not 0 < len(reason) <= 64:
        raise typer.BadParameter("a reason has 1 to 64 plain characters")


def _pin_words(account: Account) -> str:
    if account.entry.revoked:
        return f"revoked ({account.reason})"
    return "given out" if account.entry.must_change else "chosen"
