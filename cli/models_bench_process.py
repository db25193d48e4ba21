"""The near end of an extractor's process: starts it, asks it, reads its memory, ends it."""

import contextlib
import os
import subprocess
import tempfile
from types import TracebackType
from typing import Self

import msgspec

from greenline.cli.errors import CommandError
from greenline.cli.line_times import peak_mib
from greenline.cli.models_bench_messages import (
    Answer,
    Fault,
    Minutiae,
    Open,
    Opened,
    Picture,
    Question,
    Ready,
    Setup,
    next_answer,
    send,
)
from greenline.cli.models_bench_worker import code_digest
from greenline.prints.frame import Frame

_WORKER = "greenline.cli.models_bench_worker"
# More threads than these would measure the machine's load, not the extractor.
_ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
}


class CannotOpenError(Exception):
    """This extractor does not work with this Python; the message says why."""


class Process:
    """One extractor in a process of its own, with one thread. Close it, or use it in a `with`.

    ready: what it runs on. opened: what it opened. own_mib: peak memory with the libraries
    imported and nothing open. Raises CannotOpenError, and CommandError when the process is lost.
    """

    def __init__(self, python: str, setup: Setup) -> None:
        self._python = python
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the process
        try:
            self._process = subprocess.Popen(
                [python, "-m", _WORKER],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                env={**os.environ, **_ONE_THREAD},
            )
        except OSError as fault:
            self._log.close()
            raise CommandError(f"{python} cannot be started: {fault.strerror}", 3) from fault
        try:
            self.ready = self._begin(setup)
            self.own_mib = peak_mib(self._process.pid)
            self.opened = self._open()
        except BaseException:
            self.close()
            raise

    def extract(self, frame: Frame) -> Minutiae | Fault:
        """Return a template and its time, or why there is none. Raises CommandError."""
        answer = self._ask(Picture.of(frame))
        if isinstance(answer, Minutiae) or (isinstance(answer, Fault) and answer.of_picture):
            return answer
        raise self._lost()

    def peak_mib(self) -> float:
        """Return the peak resident memory until now."""
        return peak_mib(self._process.pid)

    def close(self) -> None:
        """End the process. What it may still say is not read: that could go on for ever."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()
        self._process.wait()
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _begin(self, setup: Setup) -> Ready:
        answer = self._ask(setup)
        if isinstance(answer, Fault):
            raise CannotOpenError(answer.sentence)
        if not isinstance(answer, Ready):
            raise self._lost()
        if answer.code != code_digest():
            raise CommandError(
                f"{self._python} has another Greenline than this one: install it anew", 3
            )
        return answer

    def _open(self) -> Opened:
        answer = self._ask(Open())
        if isinstance(answer, Fault):
            raise CannotOpenError(answer.sentence)
        if isinstance(answer, Opened):
            return answer
        raise self._lost()

    def _ask(self, question: Question) -> Answer:
        questions, answers = self._process.stdin, self._process.stdout
        if questions is None or answers is None:
            raise self._lost()
        try:
            send(questions, question)
            answer = next_answer(answers)
        except (OSError, msgspec.DecodeError) as fault:
            raise self._lost() from fault
        if answer is None:
            raise self._lost()
        return answer

    def _lost(self) -> CommandError:
        """Say why the process ended: by the last line that it wrote."""
        self._process.kill()
        self._process.wait()
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        last = lines[-1] if lines else f"exit code {self._process.returncode}"
        return CommandError(f"an extractor's process of {self._python} was lost: {last}", 3)
