"""Writes a model's entries into the manifest, for the scripts that make or fetch model files."""

from pathlib import Path

import msgspec

from greenline.models.manifest import MANIFEST, Manifest, ModelFile


def replace_entries(folder: Path, model: str, entries: tuple[ModelFile, ...]) -> Manifest:
    """Put entries in the place of all of that model, keep the others, return what is written.

    Entries stand in the order of their names, so that the order of the scripts does not matter.
    """
    path = folder / MANIFEST
    there = msgspec.json.decode(path.read_bytes(), type=Manifest).files if path.exists() else ()
    kept = (file for file in there if file.model != model)
    manifest = Manifest(tuple(sorted((*kept, *entries), key=lambda file: file.name)))
    path.write_bytes(msgspec.json.format(msgspec.json.encode(manifest)) + b"\n")
    return manifest
