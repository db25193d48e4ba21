"""`greenline matcher`: the matcher process, wired from its configuration."""

import contextlib
import logging
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from greenline.cli import logs
from greenline.cli.auditing import Audited, opened_audit
from greenline.cli.configuration import read_configuration
from greenline.cli.errors import CommandError
from greenline.cli.keyfiles import (
    check_link,
    read_identities,
    read_opening_key,
    read_signing_key,
)
from greenline.cli.review_desk import opened_desk
from greenline.cli.software import SOFTWARE
from greenline.matcher.answering import Answering
from greenline.matcher.audit_events import ended, started
from greenline.matcher.audit_reports import Reports
from greenline.matcher.blocks import MOST_ENTRIES
from greenline.matcher.config import EarlierKeys, MatcherConfig
from greenline.matcher.engine import Engine, LocalEngine
from greenline.matcher.gallery import Gallery
from greenline.matcher.gallery_key import read_gallery_key
from greenline.matcher.generations import Generation
from greenline.matcher.kernel.warm import compiled_before, warm
from greenline.matcher.ledger import Ledger
from greenline.matcher.registry import Registry
from greenline.matcher.service import Service
from greenline.matcher.terms import Terms

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
        opened_audit(settings) as audited,
        contextlib.closing(_open_gallery(settings)) as gallery,
        contextlib.closing(Ledger(settings.ledger)) as ledger,
        _engine(settings, gallery) as engine,
        opened_desk(settings.review) as review,
    ):
        answering = _answering(settings, engine, audited)
        running = Service(
            settings.broker,
            ledger,
            answering,
            _now_ms,
            terms=Terms(settings.split, settings.most_waiting),
            reports=_reports(answering, audited),
        )
        running.examine_at(review)
        part = f"{settings.split.part} of {settings.split.of}"
        audited.log.note(started(SOFTWARE, part))
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: running.stop())
        log.info("ready")
        running.run()
        audited.log.note(ended(part))


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


@contextlib.contextmanager
def _engine(settings: MatcherConfig, gallery: Gallery) -> Iterator[Engine]:
    """Make the engine that is configured, with the whole gallery loaded."""
    if gallery.unplaced() >= MOST_ENTRIES:
        log.info("making the gallery's entries ready, once; a million take half an hour")
        gallery.compact(_every_tenth("made ready"))
    if settings.engine.kind == "ray":
        with _cluster_engine(settings, gallery) as cluster:
            yield cluster
        return
    engine = LocalEngine(gallery, threads=settings.threads)
    engine.refresh(_every_tenth("loaded"))
    yield engine


@contextlib.contextmanager
def _cluster_engine(settings: MatcherConfig, gallery: Gallery) -> Iterator[Engine]:
    """Start the shards in the cluster, and end them. Raises CommandError without Ray."""
    try:
        from greenline.matcher.cluster import start  # noqa: PLC0415 - of an extra
    except ImportError as fault:
        raise CommandError(
            "engine.kind is 'ray', but Ray is not installed: run "
            "pip install 'greenline[matcher,cluster]', or set engine.kind = 'local'",
            4,
        ) from fault
    wanted = settings.engine
    layout = start.Layout(
        settings.gallery.resolve(),
        settings.keys.gallery.resolve(),
        wanted.shards,
        wanted.replicas,
        settings.threads or 1,
    )
    terms = start.Terms(deadline_s=wanted.deadline_s)
    with (
        start.connected(wanted.address, wanted.replicas),
        start.engine(gallery, layout, terms, wanted.loading_s, _every_tenth("loaded")) as engine,
    ):
        yield engine


def _reports(answering: Answering, audited: Audited) -> Reports:
    return Reports(
        audited.database,
        answering.kiosks,
        answering.generations,
        audited.log,
        _now_ms,
    )


def _answering(settings: MatcherConfig, engine: Engine, audited: Audited) -> Answering:
    return Answering(
        engine=engine,
        kiosks=_kiosks(settings.keys.kiosks),
        opener=read_opening_key(settings.keys.opening),
        signer=read_signing_key(settings.keys.signing),
        threshold=settings.threshold,
        most_candidates=settings.most_candidates,
        evidence=settings.evidence,
        software=SOFTWARE,
        now_ms=_now_ms,
        audit=audited.log,
        earlier=tuple(map(_generation, settings.keys.earlier)),
    )


def _generation(keys: EarlierKeys) -> Generation:
    return Generation(
        read_signing_key(keys.signing),
        read_opening_key(keys.opening),
        int(keys.until.timestamp() * 1000),
    )


def _kiosks(folder: Path) -> Registry:
    """Follow the folder of kiosks; what is wrong with it at the start is told at once."""
    read_identities(folder)
    return Registry(folder)
