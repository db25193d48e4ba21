"""`greenline matcher`: the matcher process, wired from its configuration."""

import contextlib
import logging
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from greenline.cli import logs
from greenline.cli.configuration import read_configuration
from greenline.cli.keyfiles import (
    check_link,
    read_gallery_key,
    read_identities,
    read_opening_key,
    read_signing_key,
)
from greenline.cli.software import SOFTWARE
from greenline.matcher.answering import Answering
from greenline.matcher.blocks import MOST_ENTRIES
from greenline.matcher.config import MatcherConfig
from greenline.matcher.engine import LocalEngine
from greenline.matcher.gallery import Gallery
from greenline.matcher.kernel.warm import compiled_before, warm
from greenline.matcher.ledger import Ledger
from greenline.matcher.service import Service, Terms

app = typer.Typer()
log = logging.getLogger(__name__)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


@app.command()
def matcher(
    config: Annotated[Path, typer.Option(help="TOML file; see docs/configuration.md.")],
) -> None:
    """Run the matcher that answers kiosks."""
    logs.set_up("matcher")
    _warm()
    settings = read_configuration(config, MatcherConfig)
    check_link(settings.broker)
    with (
        contextlib.closing(_open_gallery(settings)) as gallery,
        contextlib.closing(Ledger(settings.ledger)) as ledger,
    ):
        running = Service(
            settings.broker,
            ledger,
            _answering(settings, gallery),
            _now_ms,
            terms=Terms(settings.split, settings.most_waiting),
        )
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: running.stop())
        log.info("ready")
        running.run()


def _warm() -> None:
    """Have the comparison's machine code ready before the first search."""
    if not compiled_before():
        log.info("compiling the comparison for this machine, once; this takes most of a minute")
    warm(lambda part, done, total: log.debug("%d of %d: %s", done, total, part))


def _every_tenth(what: str) -> Callable[[int, int], None]:
    """Return what logs a progress at each tenth of the way; small galleries pass in silence."""
    told = 0

    def progress(done: int, total: int) -> None:
        nonlocal told
        if total >= MOST_ENTRIES and done * 10 // total > told:
            told = done * 10 // total
            log.info("gallery: %d of %d entries %s", done, total, what)

    return progress


def _open_gallery(settings: MatcherConfig) -> Gallery:
    return Gallery(settings.gallery, read_gallery_key(settings.keys.gallery))


def _answering(settings: MatcherConfig, gallery: Gallery) -> Answering:
    if gallery.unplaced() >= MOST_ENTRIES:
        log.info("making the gallery's entries ready, once; a million take half an hour")
        gallery.compact(_every_tenth("made ready"))
    engine = LocalEngine(gallery, threads=settings.threads)
    engine.refresh(_every_tenth("loaded"))
    return Answering(
        engine=engine,
        kiosks=read_identities(settings.keys.kiosks),
        opener=read_opening_key(settings.keys.opening),
        signer=read_signing_key(settings.keys.signing),
        threshold=settings.threshold,
        most_candidates=settings.most_candidates,
        evidence=settings.evidence,
        software=SOFTWARE,
        now_ms=_now_ms,
    )
