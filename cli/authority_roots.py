"""`greenline authority rotate` and `retire`: another root of trust, without a day of outage."""

import datetime
from pathlib import Path
from typing import Annotated

import typer

from greenline.centre.authority.authority import Authority
from greenline.centre.authority.records import certificates_at
from greenline.cli.authority_audit import audited
from greenline.cli.errors import CommandError

_Folder = Annotated[Path, typer.Option(help="The authority's own folder.")]


def rotate(folder: _Folder) -> None:
    """Make a new root beside the old one; kiosks take it up as they renew. Publish afterwards."""
    with audited(folder) as authority:
        site = authority.site()
        made = authority.roots.add(site.name, site.hosts, _now())
    print(f"Root {made.generation} signs kiosks from now on; the one before is trusted further.")
    print("Now publish. Once every kiosk has renewed, which takes 60 days at most:")
    print(f"greenline authority retire --folder {folder}")


def retire(
    folder: _Folder,
    force: Annotated[
        bool, typer.Option("--force", help="Also if some would have to enrol again.")
    ] = False,
) -> None:
    """Stop trusting the older of two roots, once nobody needs it. Publish afterwards."""
    with audited(folder) as authority:
        needing = _needing_the_oldest(authority)
        if needing and not force:
            raise CommandError(
                f"{', '.join(needing)} would have to enrol again: wait until they have renewed, "
                "or say --force",
                1,
            )
        gone = authority.roots.retire()
    print(f"Root {gone.generation} is trusted no more. Now publish, then restart the broker: only")
    print("then does it forget a root. Nothing is lost meanwhile.")


def _needing_the_oldest(authority: Authority) -> list[str]:
    """Return the names whose only certificates that hold are of the oldest root."""
    trusted = authority.roots.trusted()
    if len(trusted) < 2:
        return []  # retiring refuses this itself
    oldest, now = trusted[0].generation, _now()
    holding = [one for one in certificates_at(authority.database, now) if one.holds(now)]
    later = {one.name for one in holding if one.generation != oldest}
    return sorted({one.name for one in holding} - later)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
