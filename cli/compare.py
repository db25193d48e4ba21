"""`greenline compare`: the score of two prints."""

from pathlib import Path
from typing import Annotated

import typer

from greenline.cli.probes import read_template
from greenline.models.extraction import Extractor
from greenline.prints.comparison import compare as compare_prints
from greenline.prints.comparison import prepare

app = typer.Typer()


@app.command()
def compare(
    a: Annotated[Path, typer.Argument(help="A picture or an ISO/IEC 19794-2 record.")],
    b: Annotated[Path, typer.Argument(help="Another one.")],
    dpi: Annotated[
        float | None, typer.Option(help="Resolution of pictures; default: what the file says.")
    ] = None,
) -> None:
    """Compare two pictures or records."""
    extractor = Extractor()
    first, second = (prepare(read_template(path, dpi, extractor)) for path in (a, b))
    found = compare_prints(first, second)
    print(f"score {found.score:.3f}, {len(found.pairs)} minutiae paired")
