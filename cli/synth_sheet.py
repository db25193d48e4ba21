"""Draws the contact sheet of `greenline synth --sheet`."""

from pathlib import Path

from rich.progress import track

from greenline.cli.errors import CommandError
from greenline.models.errors import ModelsError
from greenline.models.picture import read_picture
from greenline.models.training.contact_sheet import Shown, draw_sheet
from greenline.models.training.data_set import DataSet, press_finger
from greenline.prints.errors import PrintsError

_PICTURES = frozenset({".png", ".tif", ".tiff", ".bmp"})
_USUAL_DPI = 500  # of a picture that does not state its own


def write_sheet(order: DataSet, path: Path, beside: Path | None) -> None:
    """Draw the prints of a set into a file, with real ones of the folder beside beside them.

    Real prints of persons are never drawn into a repository. Raises CommandError.
    """
    if beside is not None and _in_repository(path):
        raise CommandError(
            f"{path} lies in a Git repository, where prints of real people have no place: "
            "choose another folder",
            3,
        )
    theirs = [] if beside is None else _real(beside, order.fingers * order.impressions)
    sheet = draw_sheet(_ours(order), theirs)
    try:
        sheet.save(path)
    except (OSError, ValueError) as fault:
        raise CommandError(f"{path} cannot be written: {fault}", 3) from fault
    print(f"{order.fingers * order.impressions} synthetic prints, {len(theirs)} others, in {path}")


def _in_repository(path: Path) -> bool:
    return any((parent / ".git").exists() for parent in path.resolve().parents)


def _ours(order: DataSet) -> list[Shown]:
    shown = []
    for finger in track(range(1, order.fingers + 1), description="Pressing"):
        for pressed in press_finger(order, finger, range(1, order.impressions + 1)):
            given = pressed.conditions
            words = (
                f"{finger}_{pressed.impression} {pressed.pattern}, quality {given.quality:.2f}, "
                f"{'wet' if given.moisture > 0 else 'dry'} {abs(given.moisture):.1f}"
            )
            shown.append(Shown(pressed.frame, words))
    return shown


def _real(folder: Path, count: int) -> list[Shown]:
    """Return count prints, evenly out of all that the folder holds."""
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _PICTURES)
    if not found:
        raise CommandError(f"{folder} holds no pictures (.png, .tif, .bmp)", 3)
    many = min(count, len(found))
    chosen = [found[index * len(found) // many] for index in range(many)]
    try:
        return [
            Shown(read_picture(path, otherwise_dpi=_USUAL_DPI), str(path.relative_to(folder)))
            for path in chosen
        ]
    except (ModelsError, PrintsError) as fault:
        raise CommandError(f"a picture of {folder} cannot be shown: {fault}", 3) from fault
