"""Serves numbers for Prometheus on the loopback interface, beside what a process really does."""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator

import uvicorn

from greenline.cli.serving import listen
from greenline.firmware.page.metrics import make_metrics_app

log = logging.getLogger(__name__)

_ENDING_S = 5.0


@contextlib.contextmanager
def metrics_served(port: int, text: Callable[[], bytes]) -> Iterator[int]:
    """Serve text() at http://127.0.0.1:PORT/metrics until left; yields the port.

    port: 0 takes a free one. Raises CommandError when it cannot be used.
    """
    with listen(port) as listening:
        config = uvicorn.Config(
            make_metrics_app(text),
            log_config=None,
            log_level="warning",
            access_log=False,
            lifespan="off",
            limit_concurrency=8,
            timeout_graceful_shutdown=1,
        )
        # On a thread of its own it leaves the process' signals alone.
        server = uvicorn.Server(config)
        thread = threading.Thread(
            target=server.run, kwargs={"sockets": [listening]}, name="metrics", daemon=True
        )
        thread.start()
        port = listening.getsockname()[1]
        log.info("metrics", extra={"url": f"http://127.0.0.1:{port}/metrics"})
        try:
            yield port
        finally:
            server.should_exit = True
            thread.join(timeout=_ENDING_S)
