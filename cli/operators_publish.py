"""`greenline operators publish`: the next list of each kiosk, as a file, through the broker."""

from pathlib import Path
from typing import Annotated

import typer

from greenline.centre.operators_sending import Letter, Sending
from greenline.cli.clocks import moment
from greenline.cli.configuration import read_configuration
from greenline.cli.errors import CommandError
from greenline.cli.keyfiles import check_link, read_identities, write_public
from greenline.cli.operators_asking import Opened, opened_register
from greenline.cli.review_keys import tell_examiners
from greenline.link.settings import LinkSettings
from greenline.protocol.operators import LONGEST_LIFE_MS, seal_list

_DAY_S = 24 * 3600
_MOST_DAYS = LONGEST_LIFE_MS // (_DAY_S * 1000)
_PATIENCE_S = 60.0


def publish(
    folder: Annotated[Path, typer.Option(help="The register's own folder.")],
    kiosks: Annotated[Path, typer.Option(help="The folder of the kiosks' identities.")],
    to: Annotated[
        Path | None, typer.Option(help="Where to write each kiosk's list as KIOSK.operators.")
    ] = None,
    send: Annotated[
        Path | None, typer.Option(help="A link's TOML file: send them through its broker.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=_MOST_DAYS, help="How long they hold.")] = 14,
    review: Annotated[
        Path | None, typer.Option(help="The review's folder: tell it who may examine leads.")
    ] = None,
) -> None:
    """Sign the next list of each kiosk and seal it to that kiosk: after each change, and in time
    before the last ones expire.
    """
    if to is None and send is None:
        raise typer.BadParameter("say where to, with --to FOLDER or --send LINK.toml or both")
    settings = None if send is None else read_configuration(send, LinkSettings)
    if settings is not None:
        check_link(settings)
    with opened_register(folder) as opened:
        letters = _letters(opened, kiosks, days)
        if review is not None:
            tell_examiners(review, opened.register)
    if to is not None:
        _write(to, letters)
    if settings is not None:
        _send(settings, letters)


def _letters(opened: Opened, kiosks: Path, days: int) -> list[Letter]:
    identities = read_identities(kiosks)
    if not identities:
        raise CommandError(f"there are no kiosks in {kiosks}: enrol one first", 3)
    lists = opened.register.lists(identities, moment().wall_ms, days)
    for each in lists:
        able = sum(not entry.revoked for entry in each.entries)
        print(f"{each.kiosk}: list {each.number}, {able} operators, for {days} days")
    return [
        Letter(each.kiosk, seal_list(each, identities[each.kiosk], opened.signer), days * _DAY_S)
        for each in lists
    ]


def _write(folder: Path, letters: list[Letter]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise CommandError(f"{folder} cannot be made: {fault.strerror}", 3) from fault
    for letter in letters:
        write_public(folder / f"{letter.kiosk}.operators", letter.envelope)
    print(f"{folder}: {len(letters)} lists are written.")


def _send(settings: LinkSettings, letters: list[Letter]) -> None:
    failed = Sending(settings, letters, _PATIENCE_S).run()
    if failed:
        words = "; ".join(f"{kiosk}: {why}" for kiosk, why in sorted(failed.items()))
        raise CommandError(f"{len(failed)} lists were not sent ({words}): publish again", 7)
    print(f"{len(letters)} lists are with the broker.")
