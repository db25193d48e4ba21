"""A real matcher that kills itself at a given step; a child of the campaign.

    python bench/faults/mortal_matcher.py MATCHER.toml after:accept 3

It is wired as `greenline matcher` is, of the same parts; the steps are the calls that go through
its ledger, its engine and its audit log. The third call of that step is its last.
"""

import contextlib
import functools
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from greenline.cli import logs
from greenline.cli.auditing import opened_audit
from greenline.cli.configuration import read_configuration
from greenline.cli.keyfiles import (
    read_identities,
    read_opening_key,
    read_signing_key,
)
from greenline.cli.software import SOFTWARE
from greenline.matcher.answering import Answering
from greenline.matcher.audit_reports import Reports
from greenline.matcher.config import MatcherConfig
from greenline.matcher.engine import LocalEngine
from greenline.matcher.gallery import Gallery
from greenline.matcher.gallery_key import read_gallery_key
from greenline.matcher.kernel.warm import warm
from greenline.matcher.ledger import Ledger
from greenline.matcher.registry import Registry
from greenline.matcher.service import Service


class Death:
    """Ends this process, without any warning, at one step."""

    def __init__(self, step: str, calls: int) -> None:
        self._when, _, self._step = step.partition(":")
        self._left = calls
        self._lock = threading.Lock()

    def at(self, part: Any) -> Any:
        """Return a part whose step is deadly, if it has it; all else is as it was."""
        return _Passing(part, self._step, self._around)

    def _around(self, call: Callable[..., Any], *args: Any, **named: Any) -> Any:
        with self._lock:
            self._left -= 1
            dies = self._left == 0
        if dies and self._when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        found = call(*args, **named)
        if dies:
            os.kill(os.getpid(), signal.SIGKILL)
        return found


class _Passing:
    """Passes everything on to a part; one method goes through `around`."""

    def __init__(self, part: Any, step: str, around: Callable[..., Any]) -> None:
        self._part, self._step, self._around = part, step, around

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._part, name)
        return functools.partial(self._around, found) if name == self._step else found


def main(config: str, step: str, calls: str) -> None:
    logs.set_up("matcher")
    warm(lambda _part, _done, _total: None)
    settings = read_configuration(Path(config), MatcherConfig)
    keys = settings.keys
    read_identities(keys.kiosks)
    death = Death(step, int(calls))
    with (
        opened_audit(settings) as audited,
        contextlib.closing(Gallery(settings.gallery, read_gallery_key(keys.gallery))) as gallery,
        contextlib.closing(Ledger(settings.ledger)) as ledger,
    ):
        engine = LocalEngine(gallery, threads=1)
        engine.refresh()
        answering = Answering(
            engine=death.at(engine),
            kiosks=Registry(keys.kiosks),
            opener=read_opening_key(keys.opening),
            signer=read_signing_key(keys.signing),
            threshold=settings.threshold,
            most_candidates=settings.most_candidates,
            software=SOFTWARE,
            now_ms=_now_ms,
            audit=death.at(audited.log),
        )
        reports = Reports(
            audited.database, answering.kiosks, answering.generations, audited.log, _now_ms
        )
        service = Service(settings.broker, death.at(ledger), answering, _now_ms, reports=reports)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: service.stop())
        logging.getLogger("matcher").info("ready")
        service.run()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


if __name__ == "__main__":
    main(*sys.argv[1:])
