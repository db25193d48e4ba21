"""One extractor in a process of its own, with the Python that has its runtime.

`greenline bench models` starts it (python -m greenline.cli.models_bench_worker), so that each
extractor's memory is its own and runtimes that want different versions of NumPy stand side by
side. It reads questions from standard input and writes answers to standard output; it knows no
files of prints.
"""

import hashlib
import io
import math
import os
import sys
import time
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from importlib.resources import files
from typing import IO, Any

import numpy as np
from PIL import Image

from greenline.cli.models_bench_messages import (
    MINDTCT,
    Answer,
    Fault,
    Minutiae,
    Open,
    Opened,
    Picture,
    Ready,
    Setup,
    next_question,
    send,
)
from greenline.models.errors import ModelsError
from greenline.models.extraction import Extractor, at_500_dpi
from greenline.models.runtime import find_runtime
from greenline.prints.errors import PrintsError
from greenline.prints.frame import Frame
from greenline.prints.template import Kind, Template

_MODELS = ("extraction", "decoding", "networks", "readings", "tiles", "picture", "runtime")

Extract = Callable[[Frame], Template]


def code_digest() -> str:
    """Return 8 digits of a hash over the code that scores depend on, from picture to score."""
    parts = [files("greenline.models") / f"{name}.py" for name in _MODELS]
    parts += [part for part in files("greenline.prints").iterdir() if part.name.endswith(".py")]
    parts += [part for part in files("greenline.cli").iterdir() if part.name in _OURS]
    content = b"".join(part.read_bytes() for part in sorted(parts, key=lambda part: part.name))
    return hashlib.sha256(content).hexdigest()[:8]


_OURS = (
    "accuracy.py",
    "comparing.py",
    "models_bench_views.py",
    "models_bench_worker.py",
    "print_names.py",
)


def main() -> None:
    """Answer until there are no more questions."""
    # Whatever a library prints must not come between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    questions = sys.stdin.buffer
    try:
        setup = next_question(questions)
        if isinstance(setup, Setup):
            _serve(setup, questions, answers)
    except (ModelsError, ImportError) as fault:
        send(answers, Fault(str(fault)))


def _serve(setup: Setup, questions: IO[bytes], answers: IO[bytes]) -> None:
    runtime = _import(setup)
    send(answers, Ready(runtime, code_digest()))
    if not isinstance(next_question(questions), Open):
        return
    extract, opened = _open_mindtct() if setup.model == MINDTCT else _open_network(setup)
    send(answers, opened)
    while isinstance(picture := next_question(questions), Picture):
        send(answers, _answer(extract, picture.frame()))


def _import(setup: Setup) -> str:
    if setup.model == MINDTCT:
        import_module("nbis")
        return f"nbis-py {version('nbis-py')}"
    return find_runtime(setup.runtime).description


def _open_network(setup: Setup) -> tuple[Extract, Opened]:
    runtime = find_runtime(setup.runtime)
    extractor = Extractor(model=setup.model, accurate=setup.accurate, runtime=runtime)
    return extractor.extract, Opened(extractor.model_id, extractor.threshold)


def _answer(extract: Extract, frame: Frame) -> Answer:
    started, started_processor = time.perf_counter(), time.process_time()
    try:
        template = extract(frame)
    except (ModelsError, PrintsError) as fault:
        return Fault(str(fault), of_picture=True)
    wall, processor = time.perf_counter() - started, time.process_time() - started_processor
    return Minutiae.of(template, 1000 * wall, 1000 * processor)


def _open_mindtct() -> tuple[Extract, Opened]:
    """Open NIST's mindtct through nbis-py, with all its minutiae and nothing else computed."""
    nbis: Any = import_module("nbis")
    settings = nbis.NbisExtractorSettings(
        min_quality=0.0,
        get_center=False,
        check_fingerprint=False,
        compute_nfiq2=False,
        ppi=500.0,
    )
    opened = nbis.new_nbis_extractor(settings)

    def extract(frame: Frame) -> Template:
        pixels = at_500_dpi(frame)
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "BMP")
        try:
            found = opened.extract_minutiae(file.getvalue()).get()
        except (nbis.NbisError, nbis.InternalError) as fault:
            raise ModelsError(f"mindtct: {fault}") from fault
        return _template(found, *pixels.shape)

    return extract, Opened(MINDTCT, 0.0)


def _template(found: list[Any], height: int, width: int) -> Template:
    """Turn mindtct's minutiae (degrees counter-clockwise, reliability 0-1) into a template."""
    rows = [(point.x(), point.y(), point.angle(), point.reliability()) for point in found]
    x, y, degrees, reliability = np.array(rows, np.float64).reshape(-1, 4).T
    endings = [point.kind().name == "RIDGE_ENDING" for point in found]
    kinds = np.where(np.array(endings, bool), Kind.ENDING, Kind.BIFURCATION)
    return Template(
        width,
        height,
        500.0,
        x.astype(np.float32),
        y.astype(np.float32),
        np.mod(np.radians(degrees), 2 * math.pi).astype(np.float32),
        kinds.astype(np.uint8),
        np.clip(np.rint(reliability * 100), 1, 100).astype(np.uint8),
    )


if __name__ == "__main__":
    main()
