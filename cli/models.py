"""`greenline models`: which models are installed, and whether they work on this machine."""

import json
import math
from concurrent.futures import ThreadPoolExecutor
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated

import typer

from greenline.cli.errors import CommandError
from greenline.models.errors import ModelFileError, RuntimeMissingError
from greenline.models.extraction import MODEL
from greenline.models.manifest import ModelFile, installed_folder, read_manifest
from greenline.models.runtime import Runtime, find_runtime
from greenline.models.self_test import check_file

app = typer.Typer(no_args_is_help=True)

_SIDE_BY_SIDE = 2
"""Networks open at once. The largest takes about as long as all others: more only cost memory."""

Folder = Annotated[Path | None, typer.Option(help="Another folder than the installed one.")]


@app.callback()
def models() -> None:
    """Show the models, and test whether they work here."""


@app.command(name="list")
def list_models(
    folder: Folder = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List the models of this release, their licences, and the runtime that was found."""
    files = read_manifest(folder or installed_folder()).files
    try:
        runtime, fault = find_runtime().description, ""
    except RuntimeMissingError as missing:
        runtime, fault = "", str(missing)
    if as_json:
        record = {"runtime": runtime or None, "fault": fault, "files": [_record(f) for f in files]}
        print(json.dumps(record, indent=2))
        return
    for file in files:
        print("\n".join((f"{file.name}  {file.model}", *(f"  {row}" for row in _rows(file)), "")))
    print(f"runtime  {runtime or fault}")


@app.command()
def check(folder: Folder = None) -> None:
    """Open each model, run it on a print that is drawn on the spot, and see what it finds.

    Two are checked at a time; the times told are each one's own processor time.
    """
    root = folder or installed_folder()
    manifest = read_manifest(root)
    manifest.of_model(MODEL)  # without it no template can be made
    try:
        faults = _check_all(manifest.files, root, find_runtime())
    except RuntimeMissingError as fault:
        raise CommandError(str(fault), 4) from fault
    if len(faults) == 1:
        raise CommandError(faults[0], 3)
    if faults:
        count = f"{len(faults)} of {len(manifest.files)} model files"
        raise CommandError(f"{count} cannot be used: install again", 3)


def _check_all(files: tuple[ModelFile, ...], folder: Traversable, runtime: Runtime) -> list[str]:
    """Check the files, print a line each in their order, return the faults.

    Raises RuntimeMissingError.
    """
    faults = []
    wide = max(len(file.name) for file in files)
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        slowest_first = sorted(range(len(files)), key=lambda at: _effort(files[at]), reverse=True)
        checks = {at: pool.submit(check_file, files[at], folder, runtime) for at in slowest_first}
        for at, file in enumerate(files):
            try:
                passed = checks[at].result()
            except ModelFileError as fault:
                faults.append(str(fault))
                print(f"{file.name:{wide}}  FAILED  {fault}")
                continue
            times = f"opened in {passed.open_ms:.0f} ms, ran in {passed.run_ms:.0f} ms"
            print(f"{file.name:{wide}}  good  {passed.found}; {times} with {runtime.description}")
    return faults


def _effort(file: ModelFile) -> int:
    """Return what the time of a check grows with: each weight is used at each place."""
    return file.size_bytes * math.prod(file.input.shape)


def _record(file: ModelFile) -> dict[str, object]:
    return {
        "name": file.name,
        "model": file.model,
        "input": {"shape": file.input.shape, "dtype": file.input.dtype},
        "size_bytes": file.size_bytes,
        "sha256": file.sha256,
        "licence": file.licence,
        "copyright": file.copyright,
        "card": file.card,
        "metrics": file.metrics,
    }


def _rows(file: ModelFile) -> tuple[str, ...]:
    height, width = file.input.shape[1:3]
    return (
        f"input    {width} x {height} pixels",
        f"licence  {file.licence}, {file.copyright}",
        f"card     {file.card}",
        *(f"measured {name}: {value:g}" for name, value in file.metrics.items()),
    )
