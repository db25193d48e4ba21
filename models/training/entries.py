"""Writes a model's entries into the manifest, for the scripts that make or fetch model files.

    python -m greenline.models.training.entries --out models --model NAME "metric, unit=value" ...

notes what was measured of a model, once it was: all that was noted of it before goes.
"""

import argparse
from pathlib import Path

import msgspec

from greenline.models.manifest import MANIFEST, Manifest, ModelFile


def replace_entries(folder: Path, model: str, entries: tuple[ModelFile, ...]) -> Manifest:
    """Put entries in the place of all of that model, keep the others, return what is written.

    Entries stand in the order of their names, so that the order of the scripts does not matter.
    What was measured of a file stays noted as long as the file stays the same.
    """
    path = folder / MANIFEST
    there = msgspec.json.decode(path.read_bytes(), type=Manifest).files if path.exists() else ()
    kept = (file for file in there if file.model != model)
    noted = {file.sha256: file.metrics for file in there}
    entries = tuple(
        entry
        if entry.metrics
        else msgspec.structs.replace(entry, metrics=noted.get(entry.sha256, {}))
        for entry in entries
    )
    manifest = Manifest(tuple(sorted((*kept, *entries), key=lambda file: file.name)))
    path.write_bytes(msgspec.json.format(msgspec.json.encode(manifest)) + b"\n")
    return manifest


def note_metrics(folder: Path, model: str, metrics: dict[str, float]) -> Manifest:
    """Write the metrics into every entry of a model. Raises ModelFileError if there is none."""
    listed = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    entries = listed.of_model(model)
    noted = tuple(msgspec.structs.replace(entry, metrics=metrics) for entry in entries)
    return replace_entries(folder, model, noted)


def main(arguments: list[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Note what was measured of a model.")
    parser.add_argument("--out", type=Path, required=True, help="folder of the manifest")
    parser.add_argument("--model", required=True)
    parser.add_argument("metrics", nargs="+", type=_metric, metavar="NAME=VALUE")
    given = parser.parse_args(arguments)
    note_metrics(given.out, given.model, dict(given.metrics))


def _metric(text: str) -> tuple[str, float]:
    """Read one metric. Raises ValueError."""
    name, _, value = text.rpartition("=")
    if not name:
        raise ValueError(text)
    return name, float(value)


if __name__ == "__main__":
    main()
